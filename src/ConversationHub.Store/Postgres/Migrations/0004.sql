-- What replicas spend together (wire.md §8): by UTC day what is settled, and by reservation what is not yet.
-- A reservation counts as spent until it is settled, also when whoever made it died.

CREATE TABLE maestra.cost_days (
    day date PRIMARY KEY,
    usd numeric NOT NULL CHECK (usd >= 0)
);

CREATE TABLE maestra.cost_reservations (
    id uuid PRIMARY KEY,
    day date NOT NULL,
    usd numeric NOT NULL CHECK (usd >= 0)
);
CREATE INDEX cost_reservations_day ON maestra.cost_reservations (day);

-- What counts as spent from the first to before the second day.
CREATE FUNCTION maestra.cost_days_between(p_from date, p_before date) RETURNS numeric LANGUAGE sql STABLE AS $$
    SELECT coalesce((SELECT sum(usd) FROM maestra.cost_days WHERE day >= p_from AND day < p_before), 0)
        + coalesce((SELECT sum(usd) FROM maestra.cost_reservations WHERE day >= p_from AND day < p_before), 0);
$$;

-- Answers 'reserved', 'daily' or 'monthly', and what counts as spent on the day and in its month.
CREATE FUNCTION maestra.cost_reservations_reserve(
    p_id uuid, p_day date, p_usd numeric, p_daily numeric, p_monthly numeric, p_kept_days integer,
    OUT answer text, OUT today numeric, OUT month numeric)
LANGUAGE plpgsql AS $$
DECLARE
    v_month date := date_trunc('month', p_day)::date;
BEGIN
    -- One at a time: each sees what the one before it has set aside.
    PERFORM pg_advisory_xact_lock(hashtext('maestra.cost'));
    today := maestra.cost_days_between(p_day, p_day + 1);
    month := maestra.cost_days_between(v_month, (v_month + interval '1 month')::date);
    answer := 'reserved';
    IF EXISTS (SELECT FROM maestra.cost_reservations WHERE id = p_id) THEN
        RETURN;
    ELSIF today + p_usd > p_daily THEN
        answer := 'daily';
        RETURN;
    ELSIF month + p_usd > p_monthly THEN
        answer := 'monthly';
        RETURN;
    END IF;
    INSERT INTO maestra.cost_reservations (id, day, usd) VALUES (p_id, p_day, p_usd);
    DELETE FROM maestra.cost_days WHERE day < p_day - p_kept_days;
    DELETE FROM maestra.cost_reservations WHERE day < p_day - p_kept_days;
    today := today + p_usd;
    month := month + p_usd;
END
$$;

-- Replaces a reservation by what was spent. Of one that is settled already, nothing is changed.
CREATE FUNCTION maestra.cost_reservations_settle(p_id uuid, p_usd numeric) RETURNS void LANGUAGE sql AS $$
    WITH settled AS (DELETE FROM maestra.cost_reservations WHERE id = p_id RETURNING day)
    INSERT INTO maestra.cost_days AS held (day, usd) SELECT day, p_usd FROM settled
    ON CONFLICT (day) DO UPDATE SET usd = held.usd + EXCLUDED.usd;
$$;
