-- A cluster, a database or a role may have synchronous_commit off: what was acknowledged would then be lost when the server crashes.
-- Whatever moves a stream on, or sets a cost aside, waits for its own commit; stronger settings (remote_apply) are left as they are.
CREATE FUNCTION maestra.heads_commit_durably() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF current_setting('synchronous_commit') = 'off' THEN
        PERFORM set_config('synchronous_commit', 'on', true);
    END IF;
    RETURN NULL;
END
$$;
CREATE TRIGGER heads_commit_durably BEFORE UPDATE ON maestra.heads
    FOR EACH STATEMENT EXECUTE FUNCTION maestra.heads_commit_durably();
CREATE TRIGGER cost_reservations_commit_durably BEFORE INSERT ON maestra.cost_reservations
    FOR EACH STATEMENT EXECUTE FUNCTION maestra.heads_commit_durably();
