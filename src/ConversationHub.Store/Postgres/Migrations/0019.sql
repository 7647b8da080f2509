-- When a look of any replica first met an erasure that nobody had accounted for: the time it was noted is the beginning of a transaction that may
-- last for half an hour, and others know of it only from its commit on.
ALTER TABLE maestra.erased ADD COLUMN seen_at timestamptz;
