-- True when a worker may claim a delivery at `moment`, due or not: no process holds a lease on it.
CREATE OR REPLACE FUNCTION is_claimable(delivery queue, moment timestamptz) RETURNS boolean
LANGUAGE sql IMMUTABLE
AS $$
    SELECT delivery.lease_expires_at IS NULL OR delivery.lease_expires_at <= moment
$$;
