-- Each erasure of the last month, for what replicas keep outside the database, and whether an audit has accounted for it (docs/decisions/0060).
CREATE TABLE maestra.erased (
    user_id text NOT NULL,
    id uuid NOT NULL,
    conversation_id text,
    hlc bigint NOT NULL,
    xid xid8 NOT NULL DEFAULT pg_current_xact_id(),
    noted_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    is_accounted boolean NOT NULL DEFAULT false,
    -- When a replica took it to account for it; long ago: that one is gone too.
    claimed_at timestamptz,
    PRIMARY KEY (user_id, id)
);
CREATE INDEX erased_xid ON maestra.erased (xid);
CREATE INDEX erased_noted_at ON maestra.erased (noted_at);
CREATE INDEX erased_unaccounted ON maestra.erased (noted_at) WHERE NOT is_accounted;

-- Each erasure counts, whichever function or statement made it.
CREATE FUNCTION maestra.erased_note() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO maestra.erased (user_id, id, conversation_id, hlc) VALUES (NEW.user_id, NEW.id, NEW.conversation_id, NEW.hlc) ON CONFLICT DO NOTHING;
    RETURN NULL;
END
$$;
CREATE TRIGGER operations_erased AFTER INSERT ON maestra.operations
    FOR EACH ROW WHEN (NEW.kind = 'erase') EXECUTE FUNCTION maestra.erased_note();
