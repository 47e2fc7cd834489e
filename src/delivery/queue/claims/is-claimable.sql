-- True when a worker may claim a delivery at `moment`, due or not: it is pending, and no process holds a lease on it.
CREATE OR REPLACE FUNCTION is_claimable(delivery deliveries, moment timestamptz) RETURNS boolean
LANGUAGE sql IMMUTABLE
AS $$
    SELECT delivery.status = 'PENDING' AND (delivery.lease_expires_at IS NULL OR delivery.lease_expires_at <= moment)
$$;
