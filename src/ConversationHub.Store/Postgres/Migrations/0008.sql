-- Retention, and constraints on what this store itself made.

CREATE TABLE maestra.retention (
    only_row boolean PRIMARY KEY DEFAULT true CHECK (only_row),
    trusted_at timestamptz NOT NULL,
    began_at timestamptz NOT NULL,
    -- By whichever replica did the last round.
    claimed_at timestamptz NOT NULL
);

CREATE FUNCTION maestra.touched_since(p_user text, p_conversation text, p_hlc bigint) RETURNS boolean LANGUAGE sql STABLE AS $$
    SELECT EXISTS (SELECT FROM maestra.operations
        WHERE user_id = p_user AND conversation_id = p_conversation AND kind IN ('message', 'field') AND hlc >= p_hlc)
$$;

-- Under the lock that every write of this user takes, so that nothing is written between the look and the erasure.
CREATE FUNCTION maestra.erase_untouched(
    p_origin text, p_user text, p_conversation text, p_id uuid, p_now bigint, p_body jsonb, p_before timestamptz, p_hlc bigint)
RETURNS text LANGUAGE plpgsql AS $$
BEGIN
    PERFORM maestra.lock_head(p_origin, p_user);
    PERFORM FROM maestra.conversations WHERE user_id = p_user AND id = p_conversation AND erased_by IS NULL AND updated_at < p_before;
    IF NOT FOUND OR maestra.touched_since(p_user, p_conversation, p_hlc) THEN
        RETURN 'touched';
    END IF;
    PERFORM maestra.erase_conversation(p_origin, p_user, p_conversation, p_id, p_now, p_body);
    RETURN 'erased';
END
$$;

-- What this store made itself, from this version on: an id once for each user, whatever origins the store has had, and a question one reply.
-- Streams of peers are as their origins made them and may hold an id again (wire.md §9.5), so they are left out.
ALTER TABLE maestra.operations ADD COLUMN own boolean NOT NULL DEFAULT false;
CREATE UNIQUE INDEX operations_own_id ON maestra.operations (user_id, id) WHERE own;
CREATE UNIQUE INDEX operations_own_reply ON maestra.operations (user_id, question) WHERE own AND question IS NOT NULL;

CREATE OR REPLACE FUNCTION maestra.append(
    p_origin text, p_user text, p_conversation text, p_id uuid, p_kind text, p_now bigint, p_body jsonb, p_question uuid, p_terms text[])
RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
    v_seq bigint;
    v_hlc bigint;
BEGIN
    UPDATE maestra.heads SET last_seq = last_seq + 1, last_hlc = greatest(p_now, (SELECT max(last_hlc) FROM maestra.heads WHERE user_id = p_user) + 1)
    WHERE origin = p_origin RETURNING last_seq, last_hlc INTO v_seq, v_hlc;
    INSERT INTO maestra.operations (origin, seq, id, user_id, conversation_id, kind, hlc, body, question, terms, own)
    VALUES (p_origin, v_seq, p_id, p_user, p_conversation, p_kind, v_hlc, p_body, p_question,
        CASE WHEN p_terms IS NOT NULL THEN array_to_tsvector(p_terms) END, true);
    RETURN v_hlc;
END
$$;
