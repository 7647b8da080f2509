-- Text goes not only with an erasure: a peer's stub takes the copy that is shown here. Whatever empties rows counts as one,
-- so that what they held leaves the files of the tables too. Rows are updated for nothing else.
CREATE FUNCTION maestra.note_erased_rows() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (SELECT FROM emptied) THEN
        UPDATE maestra.erasures SET first_at = coalesce(first_at, clock_timestamp()), last_xid = pg_current_xact_id();
    END IF;
    RETURN NULL;
END
$$;
CREATE TRIGGER operations_emptied AFTER UPDATE ON maestra.operations REFERENCING NEW TABLE AS emptied
    FOR EACH STATEMENT EXECUTE FUNCTION maestra.note_erased_rows();
CREATE TRIGGER held_emptied AFTER UPDATE ON maestra.held REFERENCING NEW TABLE AS emptied
    FOR EACH STATEMENT EXECUTE FUNCTION maestra.note_erased_rows();
