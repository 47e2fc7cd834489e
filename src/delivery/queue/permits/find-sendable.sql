-- The deliveries among these that the owner still leases and that are wanted, of endpoints in `held_endpoints` that are on, with the
-- present state of their endpoints. The caller's transaction holds these endpoints.
CREATE OR REPLACE FUNCTION find_sendable(
    lease_owner uuid,
    clock_offset_ms float8,
    held_endpoints integer[],
    event_ids bigint[],
    endpoint_ids integer[]
) RETURNS TABLE (event_id text, endpoint_id integer, target text, ssl_cert_verification boolean, secret_ids text[])
LANGUAGE plpgsql VOLATILE
-- LATERAL with a LIMIT is a barrier for the planner: each delivery is found by its key, whatever the statistics say.
SET enable_seqscan = off SET enable_bitmapscan = off SET enable_hashjoin = off SET enable_mergejoin = off
SET plan_cache_mode = force_generic_plan
AS $$
#variable_conflict use_column
DECLARE
    moment timestamptz := clock_timestamp() + make_interval(secs => clock_offset_ms / 1000);
BEGIN
    RETURN QUERY
    SELECT delivery.event_id::text, delivery.endpoint_id, endpoint.target, endpoint.ssl_cert_verification,
        ARRAY(SELECT secret.id::text FROM live_secrets(endpoint.id, moment) secret)
    FROM unnest(event_ids, endpoint_ids) AS key(event_id, endpoint_id)
    CROSS JOIN LATERAL (
        SELECT * FROM queue WHERE queue.event_id = key.event_id AND queue.endpoint_id = key.endpoint_id LIMIT 1
    ) delivery
    JOIN endpoints endpoint ON endpoint.id = delivery.endpoint_id
    JOIN events event ON event.id = delivery.event_id
    WHERE delivery.endpoint_id = ANY (held_endpoints) AND delivery.lease_owner = find_sendable.lease_owner
        AND endpoint.is_active AND endpoint.deleted_at IS NULL
        AND is_wanted(delivery.resend_count, event.type,
            ARRAY(SELECT listening.type FROM endpoint_events listening WHERE listening.endpoint_id = endpoint.id));
END
$$;
