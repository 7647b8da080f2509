-- The erasure of a conversation takes effect whatever its clock, but a clock ahead is not taken over as own time (wire.md §9.5).

-- A peer's batch, whole or not at all: erasures first, then each stream in its sequence. Returns the places of what was not held before.
CREATE OR REPLACE FUNCTION maestra.apply_foreign(p_batch jsonb) RETURNS integer[] LANGUAGE plpgsql AS $$
DECLARE
    r record;
    v_held uuid;
    v_head maestra.heads;
    v_accepted integer[] := '{}';
    v_users text[] := '{}';
    v_conversations text[] := '{}';
BEGIN
    -- In the order of users, so that two batches never wait for each other; own writes of these users wait meanwhile.
    PERFORM maestra.lock_head(own, user_id) FROM (
        SELECT DISTINCT own, user_id FROM jsonb_to_recordset(p_batch) AS b(own text, user_id text) ORDER BY user_id, own) AS streams;
    FOR r IN SELECT * FROM jsonb_to_recordset(p_batch) AS b(
        n integer, origin text, seq bigint, id uuid, user_id text, conversation_id text, kind text, hlc bigint, body jsonb, question uuid, terms text[],
        ahead boolean, adopts boolean) ORDER BY n
    LOOP
        INSERT INTO maestra.heads (origin, user_id, last_seq, last_hlc) VALUES (r.origin, r.user_id, 0, 0) ON CONFLICT DO NOTHING;
        SELECT * INTO v_head FROM maestra.heads WHERE origin = r.origin FOR UPDATE;
        SELECT id INTO v_held FROM (
            SELECT id FROM maestra.operations WHERE origin = r.origin AND seq = r.seq
            UNION ALL SELECT id FROM maestra.held WHERE origin = r.origin AND seq = r.seq) AS known;
        IF v_head.user_id <> r.user_id OR (FOUND AND v_held <> r.id) THEN
            RAISE EXCEPTION '%', r.origin USING ERRCODE = 'MACON';
        END IF;
        CONTINUE WHEN v_held IS NOT NULL OR (r.kind <> 'erase' AND r.seq <> v_head.last_seq + 1);
        PERFORM maestra.take(r.origin, r.seq, r.id, r.user_id, r.conversation_id, r.kind, r.hlc, r.body, r.question, r.terms, r.ahead);
        v_accepted := v_accepted || r.n;
        v_users := v_users || r.user_id;
        v_conversations := v_conversations || r.conversation_id;
        IF r.seq = v_head.last_seq + 1 THEN
            v_head.last_seq := r.seq;
            WHILE EXISTS (SELECT FROM maestra.operations WHERE origin = r.origin AND seq = v_head.last_seq + 1)
                OR EXISTS (SELECT FROM maestra.held WHERE origin = r.origin AND seq = v_head.last_seq + 1)
            LOOP
                v_head.last_seq := v_head.last_seq + 1;
            END LOOP;
        END IF;
        UPDATE maestra.heads SET last_seq = v_head.last_seq, last_hlc = CASE WHEN r.ahead OR NOT r.adopts THEN last_hlc ELSE greatest(last_hlc, r.hlc) END
        WHERE origin = r.origin;
    END LOOP;
    PERFORM maestra.rebuild_touched(v_users, v_conversations);
    RETURN v_accepted;
END
$$;
