-- Leases due deliveries and returns them with everything their sends need.
--
-- Order: first attempts before retries; one delivery of each endpoint before a second of any; earliest first within an endpoint;
-- endpoints after `after_endpoint` first. Returns at most `slots` deliveries, and of one endpoint at most `slots_per_endpoint`;
-- of an endpoint in `busy_endpoints` at most its entry in `busy_free_slots`.
--
-- The first row of each endpoint alone carries the state that its deliveries share (target, TLS setting, secrets).
-- The caller cancels a delivery with is_wanted = false instead of sending it.
--
-- The index deliveries_lane keeps the first attempts of a lane apart from its retries, by the expression least(tries, 1):
-- 0 = first attempts (no try is used up), 1 = retries. Each part is sorted by next_attempt_at. So a condition on both
-- endpoint_id and least(tries, 1) reads one part of one lane in order, and stops at its LIMIT.
--
-- A lease changes no indexed column, so PostgreSQL writes it beside its row (HOT) and touches no index. A leased delivery
-- stays near the head of its lane: a claim walks past the deliveries that are in flight or not yet recorded.
--
-- Invariants:
-- - The cost depends on the number of lanes, never on how many deliveries are pending. The number of row locks depends on
--   `slots` alone.
-- - No delivery is claimed twice while its lease lasts.
-- - The function holds each endpoint FOR SHARE until the caller's transaction ends, so a change of an endpoint waits for the
--   sends that start by the old state. An endpoint that is being changed is passed over this time.
-- - The returned state of an endpoint is its state under that lock. Each statement sees everything committed before it started
--   (READ COMMITTED), so read after the lock. The time by which secrets are live is also taken after the lock.
CREATE OR REPLACE FUNCTION claim_deliveries(
    claiming_owner uuid,
    lease_ms float8,
    clock_offset_ms float8,
    slots integer,
    slots_per_endpoint integer,
    busy_endpoints integer[],
    busy_free_slots integer[],
    after_endpoint integer
) RETURNS TABLE (
    id text,
    event_id text,
    endpoint_id integer,
    number integer,
    tries integer,
    resend_count integer,
    is_wanted boolean,
    body text,
    endpoint jsonb
)
LANGUAGE plpgsql VOLATILE
-- PL/pgSQL keeps plans. A plan made while the tables are small must not read them whole when they have grown.
SET enable_seqscan = off
AS $$
#variable_conflict use_column
DECLARE
    clock_offset interval := make_interval(secs => clock_offset_ms / 1000);
    started_at timestamptz := clock_timestamp() + clock_offset;
    locked_at timestamptz;
    -- The locked endpoints, and in the same order the most deliveries to lease of each.
    endpoint_ids integer[];
    endpoint_slots integer[];
    -- Physical addresses (ctid) of the deliveries to lease. They stay valid: the rows are locked, so nobody else can move them.
    addresses tid[];
BEGIN
    -- Lock endpoints with a due delivery.
    WITH candidate AS MATERIALIZED (
        SELECT endpoint.id, coalesce(busy.free_slots, slots_per_endpoint) AS free_slots
        FROM pending_lanes() AS lane(endpoint_id)
        JOIN endpoints endpoint ON endpoint.id = lane.endpoint_id
        LEFT JOIN unnest(busy_endpoints, busy_free_slots) AS busy(endpoint_id, free_slots)
            ON busy.endpoint_id = endpoint.id
        CROSS JOIN LATERAL (
            -- 0 = a first attempt is due, 1 = only retries are due, null = no delivery is due.
            SELECT min(part.is_retry) AS is_retry FROM (VALUES (0), (1)) AS part(is_retry) CROSS JOIN LATERAL (
                SELECT FROM deliveries delivery
                WHERE delivery.endpoint_id = endpoint.id AND least(delivery.tries, 1) = part.is_retry
                    AND is_due(delivery, started_at)
                ORDER BY delivery.next_attempt_at LIMIT 1
            ) earliest
        ) due
        WHERE endpoint.is_active AND endpoint.deleted_at IS NULL AND coalesce(busy.free_slots, 1) > 0
            AND due.is_retry IS NOT NULL
        ORDER BY due.is_retry, endpoint.id <= after_endpoint, endpoint.id
        LIMIT slots
        FOR SHARE OF endpoint SKIP LOCKED
    )
    -- When all candidates have enough due deliveries, each gets an equal share of `slots`: read and lock no more rows than that.
    SELECT array_agg(candidate.id),
        array_agg(least(candidate.free_slots, ceil(slots::float8 / greatest(total.candidates, 1))::integer))
    INTO endpoint_ids, endpoint_slots
    FROM candidate CROSS JOIN (SELECT count(*) AS candidates FROM candidate) total;
    IF endpoint_ids IS NULL THEN
        RETURN;
    END IF;
    locked_at := clock_timestamp() + clock_offset;

    -- Lock and choose due deliveries of these endpoints.
    WITH locked AS (
        SELECT * FROM unnest(endpoint_ids, endpoint_slots) AS endpoint(endpoint_id, slots)
    ),
    first_attempt AS MATERIALIZED (
        SELECT locked.endpoint_id, due.ctid, due.next_attempt_at, due.id
        FROM locked CROSS JOIN LATERAL (
            SELECT delivery.ctid, delivery.next_attempt_at, delivery.id FROM deliveries delivery
            WHERE delivery.endpoint_id = locked.endpoint_id AND least(delivery.tries, 1) = 0
                AND is_due(delivery, started_at)
            ORDER BY delivery.next_attempt_at, delivery.id
            LIMIT locked.slots FOR NO KEY UPDATE SKIP LOCKED
        ) due
    ),
    retry AS MATERIALIZED (
        SELECT locked.endpoint_id, due.ctid, due.next_attempt_at, due.id
        FROM locked
        LEFT JOIN (SELECT endpoint_id, count(*) AS slots FROM first_attempt GROUP BY endpoint_id) taken
            ON taken.endpoint_id = locked.endpoint_id
        CROSS JOIN LATERAL (
            SELECT delivery.ctid, delivery.next_attempt_at, delivery.id FROM deliveries delivery
            WHERE delivery.endpoint_id = locked.endpoint_id AND least(delivery.tries, 1) = 1
                AND is_due(delivery, started_at)
            ORDER BY delivery.next_attempt_at, delivery.id
            LIMIT greatest(locked.slots - coalesce(taken.slots, 0), 0) FOR NO KEY UPDATE SKIP LOCKED
        ) due
    )
    SELECT array_agg(ctid ORDER BY is_retry, turn, endpoint_id <= after_endpoint, endpoint_id)
    INTO addresses
    FROM (
        SELECT * FROM (
            SELECT *, row_number() OVER (PARTITION BY is_retry, endpoint_id ORDER BY next_attempt_at, id) AS turn
            FROM (SELECT *, false AS is_retry FROM first_attempt UNION ALL SELECT *, true FROM retry) due
        ) numbered
        ORDER BY is_retry, turn, endpoint_id <= after_endpoint, endpoint_id
        LIMIT slots
    ) chosen;

    -- Lease them, and return them with the state of their endpoints.
    RETURN QUERY
    WITH claimed AS (
        UPDATE deliveries delivery
        SET lease_owner = claiming_owner, lease_expires_at = started_at + make_interval(secs => lease_ms / 1000)
        FROM unnest(addresses) WITH ORDINALITY AS chosen(address, rank)
        WHERE delivery.ctid = chosen.address
        RETURNING delivery.*, chosen.rank
    ),
    endpoint_state AS MATERIALIZED (
        SELECT endpoint.id,
            ARRAY(SELECT type FROM endpoint_events WHERE endpoint_id = endpoint.id) AS types,
            jsonb_build_object(
                'target', endpoint.target,
                'sslCertVerification', endpoint.ssl_cert_verification,
                'secrets', (SELECT secrets FROM live_secrets_json(endpoint.id, locked_at) AS secrets)) AS state
        FROM endpoints endpoint WHERE endpoint.id = ANY (endpoint_ids)
    )
    SELECT claimed.id::text, claimed.event_id::text, claimed.endpoint_id, claimed.attempt_count + 1, claimed.tries,
        claimed.resend_count, is_wanted(claimed.resend_count, event.type, endpoint_state.types), event.body,
        CASE WHEN row_number() OVER (PARTITION BY claimed.endpoint_id ORDER BY claimed.rank) = 1 THEN endpoint_state.state END
    FROM claimed
    JOIN endpoint_state ON endpoint_state.id = claimed.endpoint_id
    JOIN events event ON event.id = claimed.event_id
    ORDER BY claimed.rank;
END
$$;
