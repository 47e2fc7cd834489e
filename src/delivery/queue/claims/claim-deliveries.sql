-- Leases due deliveries and returns them with everything their sends need.
--
-- Order: first attempts before retries; one delivery of each endpoint before a second of any; earliest first within an endpoint;
-- endpoints after `after_endpoint` first. Returns at most `slots` deliveries, and of one endpoint at most `slots_per_endpoint`;
-- of an endpoint in `busy_endpoints` at most its entry in `busy_free_slots`.
--
-- The first row of each endpoint alone carries the state that its deliveries share (target, TLS setting, secrets).
-- The caller cancels a delivery with is_wanted = false instead of sending it.
--
-- Invariants:
-- - The cost depends on the number of lanes, never on how many deliveries are pending. The number of row locks depends on
--   `slots` alone.
-- - No delivery is claimed twice while its lease lasts: rows are locked (SKIP LOCKED), and leased ones are passed over. A lease
--   changes no indexed column, so PostgreSQL writes it beside its row (HOT) and touches no index. A leased delivery keeps
--   its place near the head of its lane: a claim walks past the deliveries that are in flight or not yet recorded.
-- - The function holds each endpoint FOR SHARE until the caller's transaction ends, so a change of an endpoint waits for the
--   sends that start by the old state. An endpoint that is being changed is passed over this time.
-- - The last statement reads the endpoints' state after they are locked: each statement of a VOLATILE function reads what was
--   committed before the statement started (READ COMMITTED), so it reads every change that was answered before.
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
    moment timestamptz := clock_timestamp() + make_interval(secs => clock_offset_ms / 1000);
    lanes integer[];
    lanes_free integer[];
    chosen tid[];
BEGIN
    WITH open AS MATERIALIZED (
        SELECT endpoint.id, coalesce(busy.free, slots_per_endpoint) AS free
        FROM pending_lanes() AS lane(endpoint_id)
        JOIN endpoints endpoint ON endpoint.id = lane.endpoint_id
        LEFT JOIN unnest(busy_endpoints, busy_free_slots) AS busy(endpoint_id, free) ON busy.endpoint_id = endpoint.id
        CROSS JOIN LATERAL (
            SELECT min(kind.is_retry) AS is_retry FROM (VALUES (0), (1)) AS kind(is_retry) CROSS JOIN LATERAL (
                SELECT FROM deliveries delivery
                WHERE delivery.endpoint_id = endpoint.id AND least(delivery.tries, 1) = kind.is_retry
                    AND is_due(delivery, moment)
                ORDER BY delivery.next_attempt_at LIMIT 1
            ) earliest
        ) due
        WHERE endpoint.is_active AND endpoint.deleted_at IS NULL AND coalesce(busy.free, 1) > 0
            AND due.is_retry IS NOT NULL
        ORDER BY due.is_retry, endpoint.id <= after_endpoint, endpoint.id
        LIMIT slots
        FOR SHARE OF endpoint SKIP LOCKED
    )
    -- No lane needs more than its share of `slots` when all lanes are full: read and lock no more rows than that.
    SELECT array_agg(open.id), array_agg(least(open.free, ceil(slots::float8 / greatest(total.lanes, 1))::integer))
    INTO lanes, lanes_free
    FROM open CROSS JOIN (SELECT count(*) AS lanes FROM open) total;
    IF lanes IS NULL THEN
        RETURN;
    END IF;

    WITH lane AS (
        SELECT * FROM unnest(lanes, lanes_free) AS lane(endpoint_id, free)
    ),
    first_attempt AS MATERIALIZED (
        SELECT lane.endpoint_id, due.ctid, due.next_attempt_at, due.id
        FROM lane CROSS JOIN LATERAL (
            SELECT delivery.ctid, delivery.next_attempt_at, delivery.id FROM deliveries delivery
            WHERE delivery.endpoint_id = lane.endpoint_id AND least(delivery.tries, 1) = 0
                AND is_due(delivery, moment)
            ORDER BY delivery.next_attempt_at, delivery.id
            LIMIT lane.free FOR NO KEY UPDATE SKIP LOCKED
        ) due
    ),
    retry AS MATERIALIZED (
        SELECT lane.endpoint_id, due.ctid, due.next_attempt_at, due.id
        FROM lane
        LEFT JOIN (SELECT endpoint_id, count(*) AS taken FROM first_attempt GROUP BY endpoint_id) first
            ON first.endpoint_id = lane.endpoint_id
        CROSS JOIN LATERAL (
            SELECT delivery.ctid, delivery.next_attempt_at, delivery.id FROM deliveries delivery
            WHERE delivery.endpoint_id = lane.endpoint_id AND least(delivery.tries, 1) = 1
                AND is_due(delivery, moment)
            ORDER BY delivery.next_attempt_at, delivery.id
            LIMIT greatest(lane.free - coalesce(first.taken, 0), 0) FOR NO KEY UPDATE SKIP LOCKED
        ) due
    )
    SELECT array_agg(ctid ORDER BY is_retry, place, endpoint_id <= after_endpoint, endpoint_id)
    INTO chosen
    FROM (
        SELECT * FROM (
            SELECT *, row_number() OVER (PARTITION BY is_retry, endpoint_id ORDER BY next_attempt_at, id) AS place
            FROM (SELECT *, false AS is_retry FROM first_attempt UNION ALL SELECT *, true FROM retry) due
        ) placed
        ORDER BY is_retry, place, endpoint_id <= after_endpoint, endpoint_id
        LIMIT slots
    ) ranked;

    -- A row's physical place (ctid) stays valid: the row is locked, so nobody else can move it.
    RETURN QUERY
    WITH claimed AS (
        UPDATE deliveries delivery
        SET lease_owner = claiming_owner, lease_expires_at = moment + make_interval(secs => lease_ms / 1000)
        FROM unnest(chosen) WITH ORDINALITY AS chosen(place, rank)
        WHERE delivery.ctid = chosen.place
        RETURNING delivery.*, chosen.rank
    ),
    receiving AS MATERIALIZED (
        SELECT receiver.id,
            ARRAY(SELECT type FROM endpoint_events WHERE endpoint_id = receiver.id) AS types,
            jsonb_build_object(
                'target', receiver.target,
                'sslCertVerification', receiver.ssl_cert_verification,
                'secrets', (
                    SELECT coalesce(jsonb_agg(
                        jsonb_build_object('id', secret.id, 'sealed', encode(secret.sealed, 'base64'))), '[]')
                    FROM live_secrets(receiver.id, moment) secret)) AS state
        FROM endpoints receiver WHERE receiver.id = ANY (lanes)
    )
    SELECT claimed.id::text, claimed.event_id::text, claimed.endpoint_id, claimed.attempt_count + 1, claimed.tries,
        claimed.resend_count, is_wanted(claimed.resend_count, event.type, receiving.types), event.body,
        CASE WHEN row_number() OVER (PARTITION BY claimed.endpoint_id ORDER BY claimed.rank) = 1 THEN receiving.state END
    FROM claimed
    JOIN receiving ON receiving.id = claimed.endpoint_id
    JOIN events event ON event.id = claimed.event_id
    ORDER BY claimed.rank;
END
$$;
