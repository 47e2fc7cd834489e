-- True when a delivery is pending and no process holds a lease on it at `moment`.
CREATE OR REPLACE FUNCTION is_unleased(delivery deliveries, moment timestamptz) RETURNS boolean
LANGUAGE sql IMMUTABLE
AS $$
    SELECT delivery.status = 'PENDING' AND (delivery.lease_expires_at IS NULL OR delivery.lease_expires_at <= moment)
$$;
