-- Exchange with other backends (wire.md §9.5).

-- What is held and counted without being shown: copies of an operation from other origins, what is ahead in time, places whose operation was kept back.
CREATE TABLE maestra.held (
    origin text NOT NULL,
    seq bigint NOT NULL CHECK (seq >= 1),
    id uuid NOT NULL,
    user_id text NOT NULL,
    conversation_id text,
    kind text NOT NULL,
    hlc bigint NOT NULL,
    body jsonb NOT NULL,
    question uuid,
    terms text[],
    why text NOT NULL CHECK (why IN ('copy', 'ahead', 'withheld')),
    PRIMARY KEY (origin, seq)
);
CREATE INDEX held_id ON maestra.held (user_id, id);
CREATE INDEX held_conversation ON maestra.held (user_id, conversation_id);
CREATE INDEX held_ahead ON maestra.held (hlc) WHERE why = 'ahead';
ALTER TABLE maestra.held ALTER COLUMN body SET STATISTICS 0, ALTER COLUMN terms SET STATISTICS 0;

CREATE INDEX operations_erasures ON maestra.operations (origin, seq) WHERE kind = 'erase';
CREATE INDEX operations_user_erasures ON maestra.operations (user_id, hlc) WHERE kind = 'erase' AND conversation_id IS NULL;

-- A peer's stream is as its origin made it; what must hold of a stream of one's own is checked where it is written.
DROP INDEX maestra.operations_id;
CREATE INDEX operations_id ON maestra.operations (user_id, id, origin);
DROP INDEX maestra.operations_reply;
CREATE INDEX operations_reply ON maestra.operations (user_id, question) WHERE question IS NOT NULL;

-- In which database the store id was taken: a restored copy has another and takes new origins.
ALTER TABLE maestra.store ADD COLUMN made_in text;

-- Closed: this store writes to new origins since, on every replica.
ALTER TABLE maestra.heads ADD COLUMN closed boolean NOT NULL DEFAULT false;
CREATE INDEX heads_of_user ON maestra.heads (user_id);

CREATE OR REPLACE FUNCTION maestra.lock_head(p_origin text, p_user text) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO maestra.heads (origin, user_id, last_seq, last_hlc) VALUES (p_origin, p_user, 0, 0) ON CONFLICT DO NOTHING;
    IF (SELECT closed FROM maestra.heads WHERE origin = p_origin FOR UPDATE) THEN
        RAISE EXCEPTION 'the origin is closed' USING ERRCODE = 'MAORG';
    END IF;
END
$$;

-- Later than everything this user's conversations hold, whoever made it.
CREATE OR REPLACE FUNCTION maestra.append(
    p_origin text, p_user text, p_conversation text, p_id uuid, p_kind text, p_now bigint, p_body jsonb, p_question uuid, p_terms text[])
RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
    v_seq bigint;
    v_hlc bigint;
BEGIN
    UPDATE maestra.heads SET last_seq = last_seq + 1, last_hlc = greatest(p_now, (SELECT max(last_hlc) FROM maestra.heads WHERE user_id = p_user) + 1)
    WHERE origin = p_origin RETURNING last_seq, last_hlc INTO v_seq, v_hlc;
    INSERT INTO maestra.operations (origin, seq, id, user_id, conversation_id, kind, hlc, body, question, terms)
    VALUES (p_origin, v_seq, p_id, p_user, p_conversation, p_kind, v_hlc, p_body, p_question,
        CASE WHEN p_terms IS NOT NULL THEN array_to_tsvector(p_terms) END);
    RETURN v_hlc;
END
$$;

-- Whoever erases: the text of what is held without being shown goes too.
CREATE FUNCTION maestra.erase_held() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE maestra.held SET body = '{"erased": true}', terms = NULL
    WHERE user_id = NEW.user_id AND kind IN ('message', 'field')
        AND CASE WHEN NEW.conversation_id IS NULL THEN hlc <= NEW.hlc ELSE conversation_id = NEW.conversation_id END;
    IF NEW.conversation_id IS NULL THEN
        -- One operation id is one operation: erasing a copy erases all.
        UPDATE maestra.operations o SET body = '{"erased": true}', terms = NULL
        WHERE user_id = NEW.user_id AND kind = 'message' AND NOT body ? 'erased' AND EXISTS (
            SELECT FROM maestra.held h WHERE h.user_id = o.user_id AND h.id = o.id AND h.conversation_id = o.conversation_id AND h.body ? 'erased');
    END IF;
    RETURN NULL;
END
$$;
CREATE TRIGGER operations_erase_held AFTER INSERT ON maestra.operations
    FOR EACH ROW WHEN (NEW.kind = 'erase') EXECUTE FUNCTION maestra.erase_held();

-- One operation of a peer, checked and in turn. Commutative and idempotent with all others.
CREATE FUNCTION maestra.take(
    p_origin text, p_seq bigint, p_id uuid, p_user text, p_conversation text, p_kind text, p_hlc bigint, p_body jsonb, p_question uuid, p_terms text[],
    p_ahead boolean)
RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    v_body jsonb := p_body;
    v_terms text[] := p_terms;
    v_copy maestra.operations;
BEGIN
    IF p_ahead OR p_kind NOT IN ('message', 'field', 'erase') THEN
        INSERT INTO maestra.held VALUES (p_origin, p_seq, p_id, p_user, p_conversation, p_kind, p_hlc, p_body, p_question, p_terms,
            CASE WHEN p_ahead THEN 'ahead' ELSE 'withheld' END);
        RETURN;
    END IF;
    IF p_kind = 'erase' THEN
        INSERT INTO maestra.operations (origin, seq, id, user_id, conversation_id, kind, hlc, body)
        VALUES (p_origin, p_seq, p_id, p_user, p_conversation, p_kind, p_hlc, p_body);
        UPDATE maestra.operations SET body = '{"erased": true}', terms = NULL
        WHERE user_id = p_user AND kind <> 'erase' AND NOT body ? 'erased'
            AND CASE WHEN p_conversation IS NULL THEN hlc <= p_hlc ELSE conversation_id = p_conversation END;
        RETURN;
    END IF;
    IF EXISTS (SELECT FROM maestra.operations WHERE user_id = p_user AND conversation_id = p_conversation AND kind = 'erase')
        OR EXISTS (SELECT FROM maestra.operations WHERE user_id = p_user AND conversation_id IS NULL AND kind = 'erase' AND hlc >= p_hlc)
        OR (p_kind = 'message' AND (
            EXISTS (SELECT FROM maestra.operations WHERE user_id = p_user AND id = p_id AND conversation_id = p_conversation AND body ? 'erased')
            OR EXISTS (SELECT FROM maestra.held WHERE user_id = p_user AND id = p_id AND conversation_id = p_conversation AND body ? 'erased')))
    THEN
        v_body := '{"erased": true}';
        v_terms := NULL;
    END IF;
    IF p_kind = 'message' THEN
        SELECT * INTO v_copy FROM maestra.operations
        WHERE user_id = p_user AND id = p_id AND conversation_id = p_conversation AND kind = 'message' AND NOT body ? 'erased' LIMIT 1;
        IF FOUND AND v_body ? 'erased' THEN
            UPDATE maestra.operations SET body = '{"erased": true}', terms = NULL WHERE origin = v_copy.origin AND seq = v_copy.seq;
        ELSIF FOUND AND (v_copy.hlc, v_copy.origin COLLATE "C") <= (p_hlc, p_origin COLLATE "C") THEN
            INSERT INTO maestra.held VALUES (p_origin, p_seq, p_id, p_user, p_conversation, p_kind, p_hlc, v_body, p_question, v_terms, 'copy');
            RETURN;
        ELSIF FOUND THEN
            DELETE FROM maestra.operations WHERE origin = v_copy.origin AND seq = v_copy.seq;
            INSERT INTO maestra.held VALUES (v_copy.origin, v_copy.seq, v_copy.id, v_copy.user_id, v_copy.conversation_id, v_copy.kind, v_copy.hlc,
                v_copy.body, v_copy.question, NULL, 'copy');
        END IF;
    END IF;
    INSERT INTO maestra.operations (origin, seq, id, user_id, conversation_id, kind, hlc, body, question, terms)
    VALUES (p_origin, p_seq, p_id, p_user, p_conversation, p_kind, p_hlc, v_body, p_question,
        CASE WHEN v_terms IS NOT NULL THEN array_to_tsvector(v_terms) END);
END
$$;

-- Makes a conversation's row from its operations.
CREATE FUNCTION maestra.rebuild(p_user text, p_conversation text) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    v_count integer;
    v_erased uuid;
    v_first jsonb;
    v_surfaces text[];
    v_updated timestamptz;
BEGIN
    SELECT count(*) INTO v_count FROM maestra.operations
    WHERE user_id = p_user AND conversation_id = p_conversation AND kind = 'message' AND NOT body ? 'erased';
    SELECT id INTO v_erased FROM maestra.operations
    WHERE user_id = p_user AND conversation_id = p_conversation AND kind = 'erase' ORDER BY hlc, id, origin COLLATE "C" LIMIT 1;
    IF v_erased IS NULL AND v_count = 0 THEN
        SELECT id INTO v_erased FROM maestra.operations
        WHERE user_id = p_user AND conversation_id IS NULL AND kind = 'erase' ORDER BY hlc DESC, id DESC LIMIT 1;
    END IF;
    IF v_erased IS NOT NULL THEN
        INSERT INTO maestra.conversations (user_id, id, topic, surfaces, created_at, updated_at, message_count, erased_by)
        VALUES (p_user, p_conversation, '', '{}', now(), now(), 0, v_erased)
        ON CONFLICT (user_id, id) DO UPDATE SET erased_by = v_erased, topic = '', title = NULL, surfaces = '{}';
        RETURN;
    ELSIF v_count = 0 THEN
        DELETE FROM maestra.conversations WHERE user_id = p_user AND id = p_conversation;
        RETURN;
    END IF;
    SELECT body INTO v_first FROM maestra.operations
    WHERE user_id = p_user AND conversation_id = p_conversation AND kind = 'message' AND NOT body ? 'erased' ORDER BY hlc, id LIMIT 1;
    SELECT array_agg(surface ORDER BY n) INTO v_surfaces FROM (
        SELECT surface, min(n) AS n FROM (
            SELECT body ->> 'surface' AS surface, row_number() OVER (ORDER BY hlc, id) AS n FROM maestra.operations
            WHERE user_id = p_user AND conversation_id = p_conversation AND kind = 'message' AND NOT body ? 'erased') AS shown
        GROUP BY surface) AS used;
    SELECT (body ->> 'timestamp')::timestamptz INTO v_updated FROM (
        SELECT hlc, id, body FROM maestra.operations
        WHERE user_id = p_user AND conversation_id = p_conversation AND kind IN ('message', 'field') AND NOT body ? 'erased'
        UNION ALL
        SELECT hlc, id, body FROM maestra.held
        WHERE user_id = p_user AND conversation_id = p_conversation AND why = 'copy' AND NOT body ? 'erased') AS changes
    ORDER BY hlc DESC, id DESC LIMIT 1;
    INSERT INTO maestra.conversations (user_id, id, topic, title, status, surfaces, created_at, updated_at, message_count, erased_by)
    VALUES (p_user, p_conversation, left(v_first ->> 'content', 100), maestra.field_text(p_user, p_conversation, 'title'),
        CASE maestra.field_text(p_user, p_conversation, 'status') WHEN 'closed' THEN 'closed' ELSE 'active' END,
        v_surfaces, (v_first ->> 'timestamp')::timestamptz, v_updated, v_count, NULL)
    ON CONFLICT (user_id, id) DO UPDATE SET topic = excluded.topic, title = excluded.title, status = excluded.status, surfaces = excluded.surfaces,
        created_at = excluded.created_at, updated_at = excluded.updated_at, message_count = excluded.message_count, erased_by = NULL;
END
$$;

CREATE FUNCTION maestra.rebuild_touched(p_users text[], p_conversations text[]) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    t record;
BEGIN
    -- Without a conversation: all of the user's.
    FOR t IN SELECT DISTINCT user_id, id FROM (
        SELECT user_id, id FROM unnest(p_users, p_conversations) AS touched(user_id, id) WHERE id IS NOT NULL
        UNION ALL
        SELECT c.user_id, c.id FROM unnest(p_users, p_conversations) AS touched(user_id, id)
        JOIN maestra.conversations c ON c.user_id = touched.user_id WHERE touched.id IS NULL) AS all_touched ORDER BY user_id, id
    LOOP
        PERFORM maestra.rebuild(t.user_id, t.id);
    END LOOP;
END
$$;

-- A peer's batch, whole or not at all: erasures first, then each stream in its sequence. Returns the places of what was not held before.
CREATE FUNCTION maestra.apply_foreign(p_batch jsonb) RETURNS integer[] LANGUAGE plpgsql AS $$
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
        ahead boolean) ORDER BY n
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
        UPDATE maestra.heads SET last_seq = v_head.last_seq, last_hlc = CASE WHEN r.ahead THEN last_hlc ELSE greatest(last_hlc, r.hlc) END
        WHERE origin = r.origin;
    END LOOP;
    PERFORM maestra.rebuild_touched(v_users, v_conversations);
    RETURN v_accepted;
END
$$;

-- Lets what was ahead take effect. Returns how many are still ahead.
CREATE FUNCTION maestra.release_due(p_limit bigint) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
    r maestra.held;
    v_users text[] := '{}';
    v_conversations text[] := '{}';
BEGIN
    FOR r IN SELECT * FROM maestra.held WHERE why = 'ahead' AND hlc <= p_limit ORDER BY hlc LIMIT 500 FOR UPDATE SKIP LOCKED LOOP
        DELETE FROM maestra.held WHERE origin = r.origin AND seq = r.seq;
        PERFORM maestra.take(r.origin, r.seq, r.id, r.user_id, r.conversation_id, r.kind, r.hlc, r.body, r.question, r.terms, false);
        UPDATE maestra.heads SET last_hlc = greatest(last_hlc, r.hlc) WHERE origin = r.origin;
        v_users := v_users || r.user_id;
        v_conversations := v_conversations || r.conversation_id;
    END LOOP;
    PERFORM maestra.rebuild_touched(v_users, v_conversations);
    RETURN (SELECT count(*) FROM maestra.held WHERE why = 'ahead');
END
$$;
