-- Limits on use (wire.md §8). Not logged: a crash of the server empties it, which gives every caller a new window and costs no write-ahead.
CREATE UNLOGGED TABLE maestra.rate_windows (
    partition text PRIMARY KEY,
    ends_at   timestamptz NOT NULL,
    count     integer NOT NULL
);
CREATE INDEX rate_windows_ends_at ON maestra.rate_windows (ends_at);

-- Counts one request. The time is read once, after the row is locked: who waited for the lock must not be judged by
-- the time at which it began to wait, or be told that more is left than a whole window.
CREATE FUNCTION maestra.rate_windows_count(p_partition text, p_limit integer, p_window interval,
    OUT admitted boolean, OUT counted integer, OUT left_ms double precision)
LANGUAGE plpgsql AS $$
DECLARE
    held maestra.rate_windows%ROWTYPE;
    at   timestamptz;
BEGIN
    -- The rows of partitions that stopped asking go away, a few at a time, with about one request in a thousand.
    IF random() < 0.001 THEN
        DELETE FROM maestra.rate_windows WHERE partition IN (
            SELECT w.partition FROM maestra.rate_windows w WHERE w.ends_at < clock_timestamp() - interval '60 s' AND w.partition <> p_partition
            ORDER BY w.ends_at LIMIT 5000 FOR UPDATE SKIP LOCKED);
    END IF;

    LOOP
        INSERT INTO maestra.rate_windows (partition, ends_at, count) VALUES (p_partition, '-infinity', 0) ON CONFLICT DO NOTHING;
        SELECT * INTO held FROM maestra.rate_windows WHERE partition = p_partition FOR UPDATE;
        -- Not found: it was over and was cleared away in between.
        EXIT WHEN FOUND;
    END LOOP;

    at := clock_timestamp();
    -- One that ends later than a whole window from now was counted under another setting, or before the clock was set back.
    IF held.ends_at <= at OR held.ends_at > at + p_window THEN
        held.ends_at := at + p_window;
        held.count := 0;
    END IF;
    admitted := held.count < p_limit;
    IF admitted THEN
        held.count := held.count + 1;
        UPDATE maestra.rate_windows SET ends_at = held.ends_at, count = held.count WHERE partition = p_partition;
    END IF;
    counted := held.count;
    left_ms := extract(epoch FROM held.ends_at - at) * 1000;
END
$$;
