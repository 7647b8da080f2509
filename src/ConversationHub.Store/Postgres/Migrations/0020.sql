-- A database that is put back to an earlier state while replicas run must not give out numbers again that peers hold already (decision 61).
-- The store's row says which transaction wrote it, which no dump that is read back can keep, and in which database and run of the server somebody
-- has looked at it, which no copy of the files can keep.
ALTER TABLE maestra.store
    ADD COLUMN written_by text NOT NULL DEFAULT pg_current_xact_id()::xid::text,
    ADD COLUMN running_in text;

-- Before updates alone: a dump that is read back inserts, and must not be signed.
CREATE FUNCTION maestra.store_sign() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW.written_by := pg_current_xact_id()::xid::text;
    RETURN NEW;
END
$$;
CREATE TRIGGER store_sign BEFORE UPDATE ON maestra.store FOR EACH ROW EXECUTE FUNCTION maestra.store_sign();
UPDATE maestra.store SET running_in = NULL;

CREATE FUNCTION maestra.store_run() RETURNS text LANGUAGE sql STABLE AS $$
    SELECT oid::text || '/' || extract(epoch FROM pg_postmaster_start_time())::text FROM pg_database WHERE datname = current_database()
$$;

-- Which database this is: one restored from a backup is another, or goes on in another timeline (wire.md §9.5). Some hosts keep the cluster's own data
-- from their users. The control file tells of a new timeline only after its next checkpoint, the names of the log's files at once.
CREATE FUNCTION maestra.store_timeline() RETURNS integer LANGUAGE plpgsql STABLE AS $$
BEGIN
    RETURN ('x' || left(pg_walfile_name(pg_current_wal_insert_lsn()), 8))::bit(32)::integer;
EXCEPTION WHEN OTHERS THEN
    RETURN (SELECT timeline_id FROM pg_control_checkpoint());
END
$$;
CREATE FUNCTION maestra.store_place() RETURNS text LANGUAGE plpgsql STABLE AS $$
DECLARE
    v_oid text := (SELECT oid::text FROM pg_database WHERE datname = current_database());
BEGIN
    RETURN v_oid || '/' || (SELECT system_identifier FROM pg_control_system())::text || '/' || maestra.store_timeline()::text;
EXCEPTION WHEN insufficient_privilege THEN
    RETURN v_oid;
END
$$;

-- How far this server's log is on its disk; null where the host does not tell. It goes back only where the files were put back.
CREATE FUNCTION maestra.store_flushed() RETURNS bigint LANGUAGE plpgsql STABLE AS $$
BEGIN
    RETURN (pg_current_wal_flush_lsn() - '0/0'::pg_lsn)::bigint;
EXCEPTION WHEN OTHERS THEN
    RETURN NULL;
END
$$;

-- Whoever writes while nobody has looked at this state of the database is told to look first.
CREATE OR REPLACE FUNCTION maestra.lock_head(p_origin text, p_user text) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    v_store text;
    v_is_known boolean;
BEGIN
    IF EXISTS (SELECT FROM maestra.heads WHERE origin = p_origin) THEN
        SELECT store_id, xmin::text = written_by AND running_in = maestra.store_run() INTO v_store, v_is_known FROM maestra.store;
    ELSE
        -- Held until the stream is there, so that whoever takes a new id sees it (maestra.take_new).
        SELECT store_id, xmin::text = written_by AND running_in = maestra.store_run() INTO v_store, v_is_known FROM maestra.store FOR SHARE;
    END IF;
    IF v_is_known IS NOT TRUE THEN
        RAISE EXCEPTION 'the database was restored, or its server started anew' USING ERRCODE = 'MAORG';
    END IF;
    IF split_part(p_origin, '~', 2) <> left(encode(sha256(convert_to(v_store || E'\nown\n' || p_user, 'UTF8')), 'hex'), 8) THEN
        RAISE EXCEPTION 'the store has new origins' USING ERRCODE = 'MAORG';
    END IF;
    INSERT INTO maestra.heads (origin, user_id, last_seq, last_hlc) VALUES (p_origin, p_user, 0, 0) ON CONFLICT DO NOTHING;
    IF (SELECT closed FROM maestra.heads WHERE origin = p_origin FOR UPDATE) THEN
        RAISE EXCEPTION 'the origin is closed' USING ERRCODE = 'MAORG';
    END IF;
END
$$;

-- Looks at this state of the database, for all replicas: new origins where it is not the one that the last look left. Empty while a dump is being read back.
-- p_flushed: how far this replica has seen the log of this very store; null at its start.
CREATE FUNCTION maestra.store_look(p_new text, p_backend text, p_flushed bigint)
RETURNS TABLE (id text, run text, flushed bigint, why text) LANGUAGE plpgsql AS $$
DECLARE
    v_held record;
    v_run text := maestra.store_run();
    v_place text := maestra.store_place();
    v_flushed bigint := maestra.store_flushed();
    v_why text;
BEGIN
    SELECT s.store_id, s.made_in, s.running_in, s.xmin::text = s.written_by AS is_itself INTO v_held FROM maestra.store s FOR UPDATE;
    IF NOT FOUND THEN
        RETURN;
    END IF;
    v_why := CASE
        WHEN NOT v_held.is_itself THEN 'the database was read back from a dump'
        WHEN v_held.made_in <> v_place THEN 'the database is a copy, as one restored from a backup is'
        WHEN v_held.running_in <> v_run AND v_flushed < p_flushed THEN 'the files of the database were put back from a copy'
    END;
    IF v_why IS NOT NULL THEN
        PERFORM maestra.take_new(p_new, v_held.store_id, p_backend);
    END IF;
    UPDATE maestra.store s SET made_in = v_place, running_in = v_run
    WHERE s.made_in IS DISTINCT FROM v_place OR s.running_in IS DISTINCT FROM v_run;
    RETURN QUERY SELECT s.store_id, v_run, v_flushed, v_why FROM maestra.store s;
END
$$;
