-- Leases of questions under way (wire.md §10.4): a question is answered by one replica at a time.
CREATE TABLE maestra.running (
    user_id text NOT NULL,
    question uuid NOT NULL,
    holder text NOT NULL,
    ends_at timestamptz NOT NULL,
    PRIMARY KEY (user_id, question)
);
CREATE INDEX running_ends_at ON maestra.running (ends_at);

-- True when the lease was free, had run out, or was the holder's own. Leases that ran out long ago go on the way, a few at a time.
CREATE FUNCTION maestra.take_lease(p_user text, p_question uuid, p_holder text, p_seconds integer) RETURNS boolean LANGUAGE plpgsql AS $$
DECLARE
    v_ends_at timestamptz := clock_timestamp() + make_interval(secs => p_seconds);
    v_taken boolean;
BEGIN
    DELETE FROM maestra.running WHERE (user_id, question) IN (
        SELECT user_id, question FROM maestra.running WHERE ends_at < clock_timestamp() - interval '1 hour' LIMIT 10 FOR UPDATE SKIP LOCKED);
    INSERT INTO maestra.running AS held VALUES (p_user, p_question, p_holder, v_ends_at)
    ON CONFLICT (user_id, question) DO UPDATE SET holder = p_holder, ends_at = v_ends_at
    WHERE held.holder = p_holder OR held.ends_at < clock_timestamp()
    RETURNING true INTO v_taken;
    RETURN coalesce(v_taken, false);
END
$$;

-- What was erased and whose bytes the database still holds: when the first of it was, and which transaction the last.
CREATE TABLE maestra.erasures (
    only_row boolean PRIMARY KEY DEFAULT true CHECK (only_row),
    first_at timestamptz,
    last_xid xid8
);
INSERT INTO maestra.erasures (only_row) VALUES (true);

-- Each erasure counts, whichever function or statement made it.
CREATE FUNCTION maestra.note_erasure() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE maestra.erasures SET first_at = coalesce(first_at, clock_timestamp()), last_xid = pg_current_xact_id();
    RETURN NULL;
END
$$;
CREATE TRIGGER operations_erasure AFTER INSERT ON maestra.operations
    FOR EACH ROW WHEN (NEW.kind = 'erase') EXECUTE FUNCTION maestra.note_erasure();

-- Samples of texts would outlive their erasure in the planner's statistics, and serve no plan.
ALTER TABLE maestra.operations ALTER COLUMN body SET STATISTICS 0, ALTER COLUMN terms SET STATISTICS 0;
ALTER TABLE maestra.conversations ALTER COLUMN topic SET STATISTICS 0, ALTER COLUMN title SET STATISTICS 0;
