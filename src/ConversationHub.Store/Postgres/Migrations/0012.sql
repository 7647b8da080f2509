-- Which conversations are kept on this backend is asked by every search whose finds are quoted elsewhere.
CREATE INDEX operations_kept ON maestra.operations (user_id, conversation_id, hlc DESC, origin COLLATE "C" DESC)
    WHERE kind = 'field' AND body ->> 'name' = 'tag:local_only';
