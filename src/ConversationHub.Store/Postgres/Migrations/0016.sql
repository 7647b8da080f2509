-- What is held back alone can be erased, and places that a peer keeps to itself cost retention nothing.

-- An erasure by conversation finds what has no row of its own yet.
CREATE INDEX held_conversation_alone ON maestra.held (conversation_id, user_id) WHERE conversation_id IS NOT NULL;

-- Places without a conversation (docs/decisions/0045), by their clock: asked for once for each conversation that may be too old.
CREATE INDEX held_places ON maestra.held (user_id, hlc) WHERE conversation_id IS NULL AND kind <> 'erase';

-- The text goes with the erasure itself; a stub of ids and clock stays. A conversation of which nothing is shown has no row until then.
CREATE OR REPLACE FUNCTION maestra.erase_conversation(p_origin text, p_user text, p_conversation text, p_id uuid, p_now bigint, p_body jsonb)
RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    v_erased_by uuid;
BEGIN
    PERFORM maestra.lock_head(p_origin, p_user);
    SELECT erased_by INTO v_erased_by FROM maestra.conversations WHERE user_id = p_user AND id = p_conversation;
    IF v_erased_by IS NOT NULL
        OR (NOT FOUND AND NOT EXISTS (SELECT FROM maestra.held WHERE user_id = p_user AND conversation_id = p_conversation)) THEN
        RETURN;
    END IF;
    PERFORM maestra.append(p_origin, p_user, p_conversation, p_id, 'erase', p_now, p_body, NULL, NULL);
    UPDATE maestra.operations SET body = '{"erased": true}', terms = NULL
    WHERE user_id = p_user AND conversation_id = p_conversation AND kind <> 'erase';
    INSERT INTO maestra.conversations (user_id, id, topic, surfaces, created_at, updated_at, message_count, erased_by)
    VALUES (p_user, p_conversation, '', '{}', now(), now(), 0, p_id)
    ON CONFLICT (user_id, id) DO UPDATE SET erased_by = p_id, topic = '', title = NULL, surfaces = '{}';
END
$$;
