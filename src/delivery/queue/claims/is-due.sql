-- True when a worker may claim a delivery at `moment` (see is_claimable) and its time has come.
--
-- PostgreSQL replaces a call by the text of this function (inlining). Only then can the index queue_lane serve the condition.
-- PostgreSQL does so only while `moment` is not volatile: pass a variable, never clock_timestamp() itself.
CREATE OR REPLACE FUNCTION is_due(delivery queue, moment timestamptz) RETURNS boolean
LANGUAGE sql IMMUTABLE
AS $$
    SELECT is_claimable(delivery, moment) AND delivery.next_attempt_at <= moment
$$;
