-- Releases the owner's leases of deliveries that were not sent: each is due again after its delay.
CREATE OR REPLACE FUNCTION release_leases(
    releasing_owner uuid,
    clock_offset_ms float8,
    event_ids bigint[],
    endpoint_ids integer[],
    delays_ms float8[]
) RETURNS void
LANGUAGE plpgsql VOLATILE
SET enable_seqscan = off SET enable_bitmapscan = off SET plan_cache_mode = force_generic_plan
AS $$
DECLARE
    held tid[];
    delays float8[];
BEGIN
    SELECT array_agg(address), array_agg(delays_ms[nth]) INTO held, delays
    FROM lock_leased(releasing_owner, event_ids, endpoint_ids);

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
