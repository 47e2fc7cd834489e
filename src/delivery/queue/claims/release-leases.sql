-- Releases the owner's leases of deliveries that were not sent: each is due again after its delay. Locks rows in the order of
-- their keys, as record_attempts does, finds each by its key, whatever the statistics say, and changes it in the next statement: see
-- record-attempts.sql.
CREATE OR REPLACE FUNCTION release_leases(
    releasing_owner uuid,
    clock_offset_ms float8,
    event_ids bigint[],
    endpoint_ids integer[],
    delays_ms float8[]
) RETURNS void
LANGUAGE plpgsql VOLATILE
SET enable_seqscan = off SET plan_cache_mode = force_generic_plan
AS $$
DECLARE
    held tid[];
    delays float8[];
BEGIN
    SELECT array_agg(delivery.address), array_agg(key.delay_ms) INTO held, delays
    FROM (
        SELECT * FROM unnest(event_ids, endpoint_ids, delays_ms) AS key(event_id, endpoint_id, delay_ms) ORDER BY 1, 2
    ) key
    CROSS JOIN LATERAL (
        SELECT ctid AS address FROM queue
        WHERE event_id = key.event_id AND endpoint_id = key.endpoint_id AND lease_owner = releasing_owner
        FOR NO KEY UPDATE
    ) delivery;

    WITH released AS (
        UPDATE queue
        SET lease_owner = NULL, lease_expires_at = NULL,
            next_attempt_at = clock_timestamp() + make_interval(secs => (clock_offset_ms + key.delay_ms) / 1000)
        FROM unnest(held, delays) AS key(address, delay_ms) WHERE queue.ctid = key.address
        RETURNING queue.endpoint_id
    )
    INSERT INTO lane_wakes (endpoint_id) SELECT DISTINCT endpoint_id FROM released;
END
$$;
