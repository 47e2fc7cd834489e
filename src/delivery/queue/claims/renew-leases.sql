-- Extends the owner's leases of these deliveries to `lease_ms` from now. Locks rows in the order of their keys, as record_attempts
-- does, finds each by its key, whatever the statistics say, and changes it in the next statement: see record-attempts.sql.
CREATE OR REPLACE FUNCTION renew_leases(
    renewing_owner uuid,
    clock_offset_ms float8,
    lease_ms float8,
    event_ids bigint[],
    endpoint_ids integer[]
) RETURNS void
LANGUAGE plpgsql VOLATILE
SET enable_seqscan = off SET plan_cache_mode = force_generic_plan
AS $$
DECLARE
    held tid[] := ARRAY(
        SELECT delivery.address
        FROM (SELECT * FROM unnest(event_ids, endpoint_ids) AS key(event_id, endpoint_id) ORDER BY 1, 2) key
        CROSS JOIN LATERAL (
            SELECT ctid AS address FROM queue
            WHERE event_id = key.event_id AND endpoint_id = key.endpoint_id AND lease_owner = renewing_owner
            FOR NO KEY UPDATE
        ) delivery
    );
BEGIN
    UPDATE queue SET lease_expires_at = clock_timestamp() + make_interval(secs => (lease_ms + clock_offset_ms) / 1000)
    WHERE ctid = ANY (held);
END
$$;
