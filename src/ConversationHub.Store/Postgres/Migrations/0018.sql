-- Days are forgotten by their number, not by their distance: one call while the clock is years ahead must not make the limits begin at nothing.
CREATE OR REPLACE FUNCTION maestra.cost_reservations_reserve(
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
    DELETE FROM maestra.cost_days WHERE day < p_day - p_kept_days
        AND day < (SELECT min(kept.day) FROM (SELECT day FROM maestra.cost_days ORDER BY day DESC LIMIT p_kept_days) AS kept);
    DELETE FROM maestra.cost_reservations WHERE day < p_day - p_kept_days
        AND day < (SELECT min(kept.day) FROM (SELECT DISTINCT day FROM maestra.cost_reservations ORDER BY day DESC LIMIT p_kept_days) AS kept);
    today := today + p_usd;
    month := month + p_usd;
END
$$;
