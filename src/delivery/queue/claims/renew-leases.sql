-- Extends the owner's leases of these deliveries to `lease_ms` from now.
CREATE OR REPLACE FUNCTION renew_leases(
    renewing_owner uuid,
    clock_offset_ms float8,
    lease_ms float8,
    event_ids bigint[],
    endpoint_ids integer[]
) RETURNS void
LANGUAGE plpgsql VOLATILE
SET enable_seqscan = off SET enable_bitmapscan = off SET plan_cache_mode = force_generic_plan
AS $$
DECLARE
    held tid[] := ARRAY(SELECT address FROM lock_leased(renewing_owner, event_ids, endpoint_ids));
BEGIN
    UPDATE queue SET lease_expires_at = clock_timestamp() + make_interval(secs => (lease_ms + clock_offset_ms) / 1000)
    WHERE ctid = ANY (held);
END
$$;
