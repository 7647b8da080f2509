-- New origins that no replica can miss, repeats of what is held back, and erasures that reach every copy.

-- A repeat of a question looks for a reply that is held back.
CREATE INDEX held_question ON maestra.held (user_id, question) WHERE question IS NOT NULL;

-- Waits for its turn in a stream of this store's own. The stream must be the one that the store's present id gives (OriginName), also where it has
-- no head yet that could have been closed: a replica that has not heard of a new id would begin it otherwise.
CREATE OR REPLACE FUNCTION maestra.lock_head(p_origin text, p_user text) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    v_store text;
BEGIN
    IF EXISTS (SELECT FROM maestra.heads WHERE origin = p_origin) THEN
        SELECT store_id INTO v_store FROM maestra.store;
    ELSE
        -- Held until the stream is there, so that whoever takes a new id sees it (maestra.take_new).
        SELECT store_id INTO v_store FROM maestra.store FOR SHARE;
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

-- What is closed is never written to again, by whatever replica: it asks for the new id then.
-- A replica that comes second changes nothing: it would close the streams that the first one has just begun.
CREATE FUNCTION maestra.take_new(p_new text, p_old text, p_backend text) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    UPDATE maestra.store SET store_id = p_new WHERE store_id = p_old;
    IF FOUND THEN
        UPDATE maestra.heads SET closed = true WHERE starts_with(origin, p_backend || '~') AND NOT closed;
    END IF;
END
$$;

-- Whoever erases: the text of what is held without being shown goes too.
CREATE OR REPLACE FUNCTION maestra.erase_held() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE maestra.held SET body = '{"erased": true}', terms = NULL
    WHERE user_id = NEW.user_id AND kind IN ('message', 'field')
        AND CASE WHEN NEW.conversation_id IS NULL THEN hlc <= NEW.hlc ELSE conversation_id = NEW.conversation_id END;
    IF NEW.conversation_id IS NULL THEN
        -- One operation id is one operation: erasing a copy erases all, those with a later clock too.
        UPDATE maestra.operations o SET body = '{"erased": true}', terms = NULL
        WHERE user_id = NEW.user_id AND kind = 'message' AND NOT body ? 'erased' AND EXISTS (
            SELECT FROM maestra.held h WHERE h.user_id = o.user_id AND h.id = o.id AND h.conversation_id = o.conversation_id AND h.body ? 'erased');
        UPDATE maestra.held h SET body = '{"erased": true}', terms = NULL
        WHERE user_id = NEW.user_id AND kind = 'message' AND NOT body ? 'erased' AND EXISTS (
            SELECT FROM maestra.operations o WHERE o.user_id = h.user_id AND o.id = h.id AND o.conversation_id = h.conversation_id
                AND o.kind = 'message' AND (o.hlc <= NEW.hlc OR o.body ? 'erased'));
    END IF;
    RETURN NULL;
END
$$;

-- One operation of a peer, checked and in turn. Commutative and idempotent with all others.
CREATE OR REPLACE FUNCTION maestra.take(
    p_origin text, p_seq bigint, p_id uuid, p_user text, p_conversation text, p_kind text, p_hlc bigint, p_body jsonb, p_question uuid, p_terms text[],
    p_ahead boolean)
RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    v_body jsonb := p_body;
    v_terms text[] := p_terms;
    v_copy maestra.operations;
BEGIN
    IF p_kind IN ('message', 'field') AND (
        EXISTS (SELECT FROM maestra.operations WHERE user_id = p_user AND conversation_id = p_conversation AND kind = 'erase')
        OR EXISTS (SELECT FROM maestra.operations WHERE user_id = p_user AND conversation_id IS NULL AND kind = 'erase' AND hlc >= p_hlc)
        OR (p_kind = 'message' AND (
            EXISTS (SELECT FROM maestra.operations WHERE user_id = p_user AND id = p_id AND conversation_id = p_conversation AND body ? 'erased')
            OR EXISTS (SELECT FROM maestra.held WHERE user_id = p_user AND id = p_id AND conversation_id = p_conversation AND body ? 'erased'))))
    THEN
        v_body := '{"erased": true}';
        v_terms := NULL;
    END IF;
    IF p_ahead OR p_kind NOT IN ('message', 'field', 'erase') THEN
        INSERT INTO maestra.held VALUES (p_origin, p_seq, p_id, p_user, p_conversation, p_kind, p_hlc, v_body, p_question, v_terms,
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
    IF p_kind = 'message' THEN
        IF v_body ? 'erased' THEN
            UPDATE maestra.held SET body = '{"erased": true}', terms = NULL
            WHERE user_id = p_user AND id = p_id AND conversation_id = p_conversation AND kind = 'message' AND NOT body ? 'erased';
        END IF;
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
