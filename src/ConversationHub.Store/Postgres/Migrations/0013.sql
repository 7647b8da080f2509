-- A conversation that a peer has gone on with is touched, also while what it said waits for its time (wire.md §9.5) or is a copy.
CREATE OR REPLACE FUNCTION maestra.touched_since(p_user text, p_conversation text, p_hlc bigint) RETURNS boolean LANGUAGE sql STABLE AS $$
    SELECT EXISTS (SELECT FROM maestra.operations
            WHERE user_id = p_user AND conversation_id = p_conversation AND kind IN ('message', 'field') AND hlc >= p_hlc)
        OR EXISTS (SELECT FROM maestra.held
            WHERE user_id = p_user AND conversation_id = p_conversation AND kind IN ('message', 'field') AND hlc >= p_hlc AND NOT body ? 'erased')
$$;
