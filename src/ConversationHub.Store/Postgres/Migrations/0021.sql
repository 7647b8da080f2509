-- A replica that remembers more of the server's log than a database that was put back has must win, also where another one looked first (decision 61).
-- In which run of the server the present streams began: what a replica remembers of an earlier run says nothing of them.
ALTER TABLE maestra.store ADD COLUMN taken_in text;

CREATE OR REPLACE FUNCTION maestra.take_new(p_new text, p_old text, p_backend text) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    UPDATE maestra.store SET store_id = p_new, taken_in = maestra.store_run() WHERE store_id = p_old;
    IF FOUND THEN
        UPDATE maestra.heads SET closed = true WHERE starts_with(origin, p_backend || '~') AND NOT closed;
    END IF;
END
$$;

-- p_place, p_store, p_flushed: of which database this replica remembers how far its log was; null where it remembers nothing.
-- A place is the database, the cluster's own id and its timeline, or the database alone where the host tells no more.
CREATE FUNCTION maestra.store_look(p_new text, p_backend text, p_store text, p_place text, p_flushed bigint)
RETURNS TABLE (id text, run text, place text, flushed bigint, why text) LANGUAGE plpgsql AS $$
DECLARE
    v_held record;
    v_run text := maestra.store_run();
    v_place text := maestra.store_place();
    v_flushed bigint := maestra.store_flushed();
    v_is_same boolean;
    v_why text;
BEGIN
    SELECT s.store_id, s.made_in, s.taken_in, s.xmin::text = s.written_by AS is_itself INTO v_held FROM maestra.store s FOR UPDATE;
    IF NOT FOUND THEN
        RETURN;
    END IF;
    v_is_same := CASE
        WHEN v_held.taken_in = v_run THEN false
        WHEN split_part(v_place, '/', 2) = '' THEN p_place = v_place AND p_store = v_held.store_id
        ELSE split_part(p_place, '/', 1) = split_part(v_place, '/', 1) AND split_part(p_place, '/', 2) = split_part(v_place, '/', 2)
    END;
    v_why := CASE
        WHEN NOT v_held.is_itself THEN 'the database was read back from a dump'
        WHEN v_held.made_in <> v_place THEN 'the database is a copy, as one restored from a backup is'
        WHEN v_is_same AND (coalesce(nullif(split_part(v_place, '/', 3), '')::integer, 0), v_flushed)
            < (coalesce(nullif(split_part(p_place, '/', 3), '')::integer, 0), p_flushed)
            THEN 'the files of the database were put back from a copy'
    END;
    IF v_why IS NOT NULL THEN
        PERFORM maestra.take_new(p_new, v_held.store_id, p_backend);
    END IF;
    UPDATE maestra.store s SET made_in = v_place, running_in = v_run
    WHERE s.made_in IS DISTINCT FROM v_place OR s.running_in IS DISTINCT FROM v_run;
    RETURN QUERY SELECT s.store_id, v_run, v_place, v_flushed, v_why FROM maestra.store s;
END
$$;

-- As replicas of the version before call it, which remember the database that they are connected to.
CREATE OR REPLACE FUNCTION maestra.store_look(p_new text, p_backend text, p_flushed bigint)
RETURNS TABLE (id text, run text, flushed bigint, why text) LANGUAGE sql AS $$
    SELECT l.id, l.run, l.flushed, l.why
    FROM maestra.store_look(p_new, p_backend, (SELECT s.store_id FROM maestra.store s), maestra.store_place(), p_flushed) AS l
$$;
