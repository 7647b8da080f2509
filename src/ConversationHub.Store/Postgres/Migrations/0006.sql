-- What backends know of one another (wire.md §9, §10.4), shared by replicas.

-- The backend's keys, as identity.pem holds them elsewhere.
CREATE TABLE maestra.identity (
    only_row boolean PRIMARY KEY DEFAULT true CHECK (only_row),
    document text NOT NULL
);

CREATE TABLE maestra.peers (
    backend_id text PRIMARY KEY,
    -- JSON as in peers.json; text, since nothing but the backend reads it.
    record text NOT NULL
);

CREATE TABLE maestra.invites (
    secret text PRIMARY KEY,
    user_id text NOT NULL,
    expires_at timestamptz NOT NULL
);

CREATE TABLE maestra.sbts (
    sbt_id text PRIMARY KEY,
    kept_until timestamptz NOT NULL
);

CREATE TABLE maestra.nonces (
    backend_id text NOT NULL,
    nonce text NOT NULL,
    kept_until timestamptz NOT NULL,
    PRIMARY KEY (backend_id, nonce)
);

-- 0: not seen before (and, if asked to, remembered from now on). -1: seen. Else the seconds until there is room again.
-- One at a time for each peer, so that no two replicas take the same one, and none beyond the limit.
CREATE FUNCTION maestra.nonces_take(p_peer text, p_nonce text, p_now timestamptz, p_until timestamptz, p_limit integer, p_take boolean)
RETURNS integer LANGUAGE plpgsql AS $$
DECLARE
    v_count integer;
    v_oldest timestamptz;
BEGIN
    PERFORM pg_advisory_xact_lock(hashtextextended('maestra.nonces ' || p_peer, 0));
    IF EXISTS (SELECT FROM maestra.nonces WHERE backend_id = p_peer AND nonce = p_nonce AND kept_until > p_now) THEN
        RETURN -1;
    END IF;
    SELECT count(*), min(kept_until) INTO v_count, v_oldest FROM maestra.nonces WHERE backend_id = p_peer AND kept_until > p_now;
    IF v_count >= p_limit THEN
        RETURN greatest(1, ceil(extract(epoch FROM v_oldest - p_now)))::integer;
    END IF;
    IF p_take THEN
        -- Later than they count: the clocks of replicas differ.
        DELETE FROM maestra.nonces WHERE backend_id = p_peer AND kept_until < p_now - interval '240 seconds';
        INSERT INTO maestra.nonces VALUES (p_peer, p_nonce, p_until)
        ON CONFLICT (backend_id, nonce) DO UPDATE SET kept_until = excluded.kept_until;
    END IF;
    RETURN 0;
END
$$;
