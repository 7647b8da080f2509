-- What a peer keeps to itself comes as a mere place, without its conversation (docs/decisions/0045): none of its user's may be called untouched then.
CREATE OR REPLACE FUNCTION maestra.touched_since(p_user text, p_conversation text, p_hlc bigint) RETURNS boolean LANGUAGE sql STABLE AS $$
    SELECT EXISTS (SELECT FROM maestra.operations
            WHERE user_id = p_user AND conversation_id = p_conversation AND kind IN ('message', 'field') AND hlc >= p_hlc)
        OR EXISTS (SELECT FROM maestra.held
            WHERE user_id = p_user AND conversation_id = p_conversation AND kind IN ('message', 'field') AND hlc >= p_hlc AND NOT body ? 'erased')
        OR EXISTS (SELECT FROM maestra.held WHERE user_id = p_user AND conversation_id IS NULL AND kind <> 'erase' AND hlc >= p_hlc)
$$;

-- A connection that is lost after the commit has its statement sent again: under the same id it is told what the first one did.
CREATE FUNCTION maestra.operations_is_stored(p_user text, p_id uuid) RETURNS boolean LANGUAGE sql STABLE AS $$
    SELECT EXISTS (SELECT FROM maestra.operations WHERE user_id = p_user AND id = p_id AND own)
$$;

CREATE OR REPLACE FUNCTION maestra.store_field(p_origin text, p_user text, p_conversation text, p_id uuid, p_now bigint, p_at timestamptz, p_body jsonb)
RETURNS text LANGUAGE plpgsql AS $$
BEGIN
    PERFORM maestra.lock_head(p_origin, p_user);
    PERFORM FROM maestra.conversations WHERE user_id = p_user AND id = p_conversation AND erased_by IS NULL;
    IF NOT FOUND THEN
        RETURN 'erased';
    END IF;
    IF maestra.operations_is_stored(p_user, p_id) THEN
        RETURN 'stored';
    END IF;
    PERFORM maestra.append(p_origin, p_user, p_conversation, p_id, 'field', p_now, p_body, NULL, NULL);
    UPDATE maestra.conversations SET
        updated_at = p_at,
        title = maestra.field_text(p_user, p_conversation, 'title'),
        status = CASE maestra.field_text(p_user, p_conversation, 'status') WHEN 'closed' THEN 'closed' ELSE 'active' END
    WHERE user_id = p_user AND id = p_conversation;
    RETURN 'stored';
END
$$;

CREATE OR REPLACE FUNCTION maestra.erase_user(p_origin text, p_user text, p_id uuid, p_now bigint, p_body jsonb) RETURNS integer LANGUAGE plpgsql AS $$
DECLARE
    v_hlc bigint;
    v_count integer;
BEGIN
    PERFORM maestra.lock_head(p_origin, p_user);
    IF maestra.operations_is_stored(p_user, p_id) THEN
        RETURN (SELECT count(*)::integer FROM maestra.conversations WHERE user_id = p_user AND erased_by = p_id);
    END IF;
    v_hlc := maestra.append(p_origin, p_user, NULL, p_id, 'erase', p_now, p_body, NULL, NULL);
    UPDATE maestra.operations SET body = '{"erased": true}', terms = NULL WHERE user_id = p_user AND kind <> 'erase' AND hlc <= v_hlc;
    UPDATE maestra.conversations SET erased_by = p_id, topic = '', title = NULL, surfaces = '{}' WHERE user_id = p_user AND erased_by IS NULL;
    GET DIAGNOSTICS v_count = ROW_COUNT;
    RETURN v_count;
END
$$;

CREATE OR REPLACE FUNCTION maestra.erase_untouched(
    p_origin text, p_user text, p_conversation text, p_id uuid, p_now bigint, p_body jsonb, p_before timestamptz, p_hlc bigint)
RETURNS text LANGUAGE plpgsql AS $$
BEGIN
    PERFORM maestra.lock_head(p_origin, p_user);
    IF maestra.operations_is_stored(p_user, p_id) THEN
        RETURN 'erased';
    END IF;
    PERFORM FROM maestra.conversations WHERE user_id = p_user AND id = p_conversation AND erased_by IS NULL AND updated_at < p_before;
    IF NOT FOUND OR maestra.touched_since(p_user, p_conversation, p_hlc) THEN
        RETURN 'touched';
    END IF;
    PERFORM maestra.erase_conversation(p_origin, p_user, p_conversation, p_id, p_now, p_body);
    RETURN 'erased';
END
$$;
