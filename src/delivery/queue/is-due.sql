-- True when a worker may claim a delivery at `moment`: the delivery is pending, unleased, and its time has come.
--
-- PostgreSQL puts the text of this function in the place of its call (inlining), which lets the index deliveries_lane serve the
-- condition. It does so only while `moment` is not volatile: pass a variable, never clock_timestamp() itself.
CREATE OR REPLACE FUNCTION is_due(delivery deliveries, moment timestamptz) RETURNS boolean
LANGUAGE sql IMMUTABLE
AS $$
    SELECT is_unleased(delivery, moment) AND delivery.next_attempt_at <= moment
$$;
