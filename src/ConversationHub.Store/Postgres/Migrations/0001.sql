-- The operations of wire.md §10.1 in a table, and what follows from them (§10.4).

CREATE TABLE maestra.store (
    only_row boolean PRIMARY KEY DEFAULT true CHECK (only_row),
    store_id text NOT NULL
);

-- Per origin the last sequence number and clock. Its row lock keeps sequences gapless across replicas.
CREATE TABLE maestra.heads (
    origin text PRIMARY KEY,
    user_id text NOT NULL,
    last_seq bigint NOT NULL,
    last_hlc bigint NOT NULL
);

CREATE TABLE maestra.operations (
    origin text NOT NULL,
    seq bigint NOT NULL CHECK (seq >= 1),
    id uuid NOT NULL,
    user_id text NOT NULL,
    conversation_id text,
    kind text NOT NULL,
    hlc bigint NOT NULL,
    body jsonb NOT NULL,
    -- Of a reply: its question. An origin answers a question once.
    question uuid,
    -- Of a message: its words, as the store cuts them in both kinds of store.
    terms tsvector,
    PRIMARY KEY (origin, seq)
);
CREATE UNIQUE INDEX operations_id ON maestra.operations (user_id, id, origin);
CREATE UNIQUE INDEX operations_reply ON maestra.operations (user_id, question, origin) WHERE question IS NOT NULL;
CREATE INDEX operations_conversation ON maestra.operations (user_id, conversation_id, kind, hlc, id);
CREATE INDEX operations_terms ON maestra.operations USING gin (terms);

CREATE TABLE maestra.conversations (
    user_id text COLLATE "C" NOT NULL,
    id text COLLATE "C" NOT NULL,
    -- First 100 characters of the first message.
    topic text NOT NULL,
    title text,
    status text NOT NULL DEFAULT 'active',
    -- In the order of first use.
    surfaces text[] NOT NULL,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    message_count integer NOT NULL,
    erased_by uuid,
    PRIMARY KEY (user_id, id)
);
CREATE INDEX conversations_recent ON maestra.conversations (updated_at DESC, id, user_id) WHERE erased_by IS NULL;
CREATE INDEX conversations_of_user ON maestra.conversations (user_id, updated_at DESC, id) WHERE erased_by IS NULL;
CREATE INDEX conversations_by_id ON maestra.conversations (id);

-- Waits for its turn in a stream.
CREATE FUNCTION maestra.lock_head(p_origin text, p_user text) RETURNS void LANGUAGE sql AS $$
    INSERT INTO maestra.heads VALUES (p_origin, p_user, 0, 0) ON CONFLICT DO NOTHING;
    SELECT 1 FROM maestra.heads WHERE origin = p_origin FOR UPDATE;
$$;

-- Appends to a stream whose head is locked. The clock never runs back.
CREATE FUNCTION maestra.append(
    p_origin text, p_user text, p_conversation text, p_id uuid, p_kind text, p_now bigint, p_body jsonb, p_question uuid, p_terms text[])
RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
    v_seq bigint;
    v_hlc bigint;
BEGIN
    UPDATE maestra.heads SET last_seq = last_seq + 1, last_hlc = greatest(p_now, last_hlc + 1)
    WHERE origin = p_origin RETURNING last_seq, last_hlc INTO v_seq, v_hlc;
    INSERT INTO maestra.operations (origin, seq, id, user_id, conversation_id, kind, hlc, body, question, terms)
    VALUES (p_origin, v_seq, p_id, p_user, p_conversation, p_kind, v_hlc, p_body, p_question,
        CASE WHEN p_terms IS NOT NULL THEN array_to_tsvector(p_terms) END);
    RETURN v_hlc;
END
$$;

CREATE FUNCTION maestra.store_question(
    p_origin text, p_user text, p_conversation text, p_must_be_new boolean, p_id uuid, p_now bigint, p_at timestamptz,
    p_surface text, p_topic text, p_body jsonb, p_terms text[], p_max_messages integer)
RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    v_conversation maestra.conversations;
BEGIN
    PERFORM maestra.lock_head(p_origin, p_user);
    IF EXISTS (SELECT FROM maestra.operations WHERE user_id = p_user AND id = p_id) THEN
        RETURN 'exists';
    END IF;
    SELECT * INTO v_conversation FROM maestra.conversations WHERE user_id = p_user AND id = p_conversation;
    IF FOUND THEN
        IF p_must_be_new THEN
            RETURN 'taken';
        ELSIF v_conversation.erased_by IS NOT NULL THEN
            RETURN 'erased';
        ELSIF v_conversation.message_count + 2 > p_max_messages THEN
            RETURN 'full';
        END IF;
    END IF;
    PERFORM maestra.append(p_origin, p_user, p_conversation, p_id, 'message', p_now, p_body, NULL, p_terms);
    INSERT INTO maestra.conversations AS held (user_id, id, topic, surfaces, created_at, updated_at, message_count)
    VALUES (p_user, p_conversation, p_topic, ARRAY[p_surface], p_at, p_at, 1)
    ON CONFLICT (user_id, id) DO UPDATE SET
        updated_at = p_at,
        message_count = held.message_count + 1,
        surfaces = CASE WHEN p_surface = ANY (held.surfaces) THEN held.surfaces ELSE held.surfaces || p_surface END;
    RETURN 'stored';
END
$$;

CREATE FUNCTION maestra.store_reply(
    p_origin text, p_user text, p_question uuid, p_id uuid, p_now bigint, p_at timestamptz, p_body jsonb, p_terms text[])
RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    v_question maestra.operations;
BEGIN
    PERFORM maestra.lock_head(p_origin, p_user);
    SELECT * INTO v_question FROM maestra.operations
    WHERE user_id = p_user AND id = p_question AND kind = 'message' ORDER BY hlc, origin LIMIT 1;
    IF NOT FOUND THEN
        RETURN 'unknown';
    ELSIF v_question.body ? 'erased' THEN
        RETURN 'erased';
    ELSIF v_question.body ->> 'role' <> 'user' THEN
        RETURN 'unknown';
    ELSIF EXISTS (SELECT FROM maestra.operations WHERE user_id = p_user AND question = p_question) THEN
        RETURN 'exists';
    END IF;
    PERFORM maestra.append(p_origin, p_user, v_question.conversation_id, p_id, 'message', p_now, p_body, p_question, p_terms);
    UPDATE maestra.conversations SET updated_at = p_at, message_count = message_count + 1
    WHERE user_id = p_user AND id = v_question.conversation_id;
    RETURN 'stored';
END
$$;

CREATE FUNCTION maestra.store_field(p_origin text, p_user text, p_conversation text, p_id uuid, p_now bigint, p_at timestamptz, p_body jsonb)
RETURNS text LANGUAGE plpgsql AS $$
BEGIN
    PERFORM maestra.lock_head(p_origin, p_user);
    PERFORM FROM maestra.conversations WHERE user_id = p_user AND id = p_conversation AND erased_by IS NULL;
    IF NOT FOUND THEN
        RETURN 'erased';
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

-- Of all values of a field the one with the greatest clock, then origin.
CREATE FUNCTION maestra.field_text(p_user text, p_conversation text, p_name text) RETURNS text LANGUAGE sql STABLE AS $$
    SELECT CASE jsonb_typeof(body -> 'value') WHEN 'string' THEN body ->> 'value' END FROM maestra.operations
    WHERE user_id = p_user AND conversation_id = p_conversation AND kind = 'field' AND body ->> 'name' = p_name
    ORDER BY hlc DESC, origin COLLATE "C" DESC LIMIT 1;
$$;

-- The text goes with the erasure itself; a stub of ids and clock stays.
CREATE FUNCTION maestra.erase_conversation(p_origin text, p_user text, p_conversation text, p_id uuid, p_now bigint, p_body jsonb)
RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    PERFORM maestra.lock_head(p_origin, p_user);
    PERFORM FROM maestra.conversations WHERE user_id = p_user AND id = p_conversation AND erased_by IS NULL;
    IF NOT FOUND THEN
        RETURN;
    END IF;
    PERFORM maestra.append(p_origin, p_user, p_conversation, p_id, 'erase', p_now, p_body, NULL, NULL);
    UPDATE maestra.operations SET body = '{"erased": true}', terms = NULL
    WHERE user_id = p_user AND conversation_id = p_conversation AND kind <> 'erase';
    UPDATE maestra.conversations SET erased_by = p_id, topic = '', title = NULL, surfaces = '{}'
    WHERE user_id = p_user AND id = p_conversation;
END
$$;

CREATE FUNCTION maestra.erase_user(p_origin text, p_user text, p_id uuid, p_now bigint, p_body jsonb) RETURNS integer LANGUAGE plpgsql AS $$
DECLARE
    v_hlc bigint;
    v_count integer;
BEGIN
    PERFORM maestra.lock_head(p_origin, p_user);
    v_hlc := maestra.append(p_origin, p_user, NULL, p_id, 'erase', p_now, p_body, NULL, NULL);
    UPDATE maestra.operations SET body = '{"erased": true}', terms = NULL WHERE user_id = p_user AND kind <> 'erase' AND hlc <= v_hlc;
    UPDATE maestra.conversations SET erased_by = p_id, topic = '', title = NULL, surfaces = '{}' WHERE user_id = p_user AND erased_by IS NULL;
    GET DIAGNOSTICS v_count = ROW_COUNT;
    RETURN v_count;
END
$$;
