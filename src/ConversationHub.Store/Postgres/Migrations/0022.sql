-- A machine that is put back with its memory is noticed each time, and not only once in each run of its server (decision 61): what a replica remembers
-- says nothing of the present streams only where they came after those that it remembers. Of so many that is known; of one before them that is
-- remembered all the same, the price is a stream.
ALTER TABLE maestra.store ADD COLUMN earlier text[] NOT NULL DEFAULT '{}', DROP COLUMN taken_in;

CREATE OR REPLACE FUNCTION maestra.take_new(p_new text, p_old text, p_backend text) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    UPDATE maestra.store SET store_id = p_new, earlier = (array_prepend(p_old, earlier))[1:64] WHERE store_id = p_old;
    IF FOUND THEN
        UPDATE maestra.heads SET closed = true WHERE starts_with(origin, p_backend || '~') AND NOT closed;
    END IF;
END
$$;

CREATE OR REPLACE FUNCTION maestra.store_look(p_new text, p_backend text, p_store text, p_place text, p_flushed bigint)
RETURNS TABLE (id text, run text, place text, flushed bigint, why text) LANGUAGE plpgsql AS $$
DECLARE
    v_held record;
    v_run text := maestra.store_run();
    v_place text := maestra.store_place();
    v_flushed bigint := maestra.store_flushed();
    v_is_here boolean;
    v_why text;
BEGIN
    SELECT s.store_id, s.made_in, s.earlier, s.xmin::text = s.written_by AS is_itself INTO v_held FROM maestra.store s FOR UPDATE;
    IF NOT FOUND THEN
        RETURN;
    END IF;
    v_is_here := CASE
        WHEN split_part(v_place, '/', 2) = '' THEN p_place = v_place
        ELSE split_part(p_place, '/', 1) = split_part(v_place, '/', 1) AND split_part(p_place, '/', 2) = split_part(v_place, '/', 2)
    END;
    v_why := CASE
        WHEN NOT v_held.is_itself THEN 'the database was read back from a dump'
        WHEN v_held.made_in <> v_place THEN 'the database is a copy, as one restored from a backup is'

        -- Streams that it does not know are of a time that it has not seen: however far its log is by now.
        WHEN v_is_here AND p_store <> ALL (v_held.earlier) AND (p_store <> v_held.store_id
            OR (coalesce(nullif(split_part(v_place, '/', 3), '')::integer, 0), v_flushed)
                < (coalesce(nullif(split_part(p_place, '/', 3), '')::integer, 0), p_flushed))
            THEN 'the files of the database were put back from a copy'
    END;
    IF v_why IS NOT NULL THEN
        PERFORM maestra.take_new(p_new, v_held.store_id, p_backend);

        -- So that the other replicas which remember the same do not take new ones too.
        UPDATE maestra.store s SET earlier = (array_prepend(p_store, s.earlier))[1:64] WHERE p_store <> ALL (s.earlier);
    END IF;
    UPDATE maestra.store s SET made_in = v_place, running_in = v_run
    WHERE s.made_in IS DISTINCT FROM v_place OR s.running_in IS DISTINCT FROM v_run;
    RETURN QUERY SELECT s.store_id, v_run, v_place, v_flushed, v_why FROM maestra.store s;
END
$$;
