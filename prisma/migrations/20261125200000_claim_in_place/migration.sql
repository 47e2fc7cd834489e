-- AlterTable
ALTER TABLE "deliveries" ADD COLUMN     "lease_expires_at" TIMESTAMPTZ(3);

-- Room for the lease of every row of a page: what is leased together was mostly published together.
ALTER TABLE "deliveries" SET (fillfactor = 45);

-- Until now the due time of what was leased was the lease's end.
UPDATE "deliveries" SET "lease_expires_at" = "next_attempt_at" WHERE "lease_owner" IS NOT NULL;

-- Leases due deliveries and answers with all that their sends need: first attempts before retries, one of each
-- endpoint before a second of any, earliest first within an endpoint. Takes at most capacity, and of one endpoint at
-- most lane_capacity, unless it is among the busy ones, which take no more than is free with them. Endpoints
-- after after_endpoint come first.
--
-- What an endpoint does not listen to any more, and nobody asked for, comes with is_wanted = false: the caller cancels it.
-- What is sent as it stands with its endpoint (target, secrets, ...) comes with the first of its deliveries alone.
--
-- Invariants:
-- - What it reads depends on how many endpoints have something pending, never on how much is pending: lanes are
--   found by skipping through the index deliveries_lane. What it locks depends on its capacity alone.
-- - No delivery is claimed twice while its lease lasts: rows are locked (SKIP LOCKED), and what is leased is passed
--   over. A lease changes no column of an index, so it is written beside its row and no index hears of it; what is leased
--   stays where it stood, near the head of its lane, and claims walk past it: as many rows as workers have unrecorded.
-- - It holds each endpoint FOR SHARE until the caller's transaction ends, so a change of an endpoint waits for it. One
--   that is being changed is passed over this time.
-- - What is sent is read by a statement of its own, after the endpoints are locked: each statement of a VOLATILE function
--   takes a fresh snapshot (READ COMMITTED), which has every change that was answered before.
CREATE FUNCTION claim_deliveries(
    claiming_owner uuid,
    lease_ms float8,
    clock_offset_ms float8,
    capacity integer,
    lane_capacity integer,
    busy_endpoints integer[],
    busy_free integer[],
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
-- Plans are kept, and one made while the tables are small must not read them whole when they have grown.
SET enable_seqscan = off
AS $$
#variable_conflict use_column
DECLARE
    moment timestamptz := clock_timestamp() + make_interval(secs => clock_offset_ms / 1000);
    lanes integer[];
    lanes_free integer[];
    chosen tid[];
BEGIN
    -- Lanes are found as in leases.ts.
    WITH RECURSIVE lane AS (
        (SELECT endpoint_id FROM deliveries WHERE status = 'PENDING' ORDER BY endpoint_id LIMIT 1)
        UNION ALL
        SELECT (
            SELECT next.endpoint_id FROM deliveries next
            WHERE next.status = 'PENDING' AND next.endpoint_id > lane.endpoint_id
            ORDER BY next.endpoint_id LIMIT 1
        )
        FROM lane WHERE lane.endpoint_id IS NOT NULL
    ),
    open AS MATERIALIZED (
        SELECT endpoint.id, coalesce(busy.free, lane_capacity) AS free
        FROM lane
        JOIN endpoints endpoint ON endpoint.id = lane.endpoint_id
        LEFT JOIN unnest(busy_endpoints, busy_free) AS busy(endpoint_id, free) ON busy.endpoint_id = endpoint.id
        CROSS JOIN LATERAL (
            SELECT min(kind.is_retry) AS is_retry FROM (VALUES (0), (1)) AS kind(is_retry) CROSS JOIN LATERAL (
                SELECT FROM deliveries delivery
                WHERE delivery.endpoint_id = endpoint.id AND delivery.status = 'PENDING'
                    AND least(delivery.tries, 1) = kind.is_retry AND delivery.next_attempt_at <= moment
                    AND (delivery.lease_expires_at IS NULL OR delivery.lease_expires_at <= moment)
                ORDER BY delivery.next_attempt_at LIMIT 1
            ) earliest
        ) due
        WHERE endpoint.is_active AND endpoint.deleted_at IS NULL AND coalesce(busy.free, 1) > 0
            AND due.is_retry IS NOT NULL
        ORDER BY due.is_retry, endpoint.id <= after_endpoint, endpoint.id
        LIMIT capacity
        FOR SHARE OF endpoint SKIP LOCKED
    )
    -- What a lane may get when all are full: more than is wanted in all need not be looked at, nor locked.
    SELECT array_agg(open.id), array_agg(least(open.free, ceil(capacity::float8 / greatest(total.lanes, 1))::integer))
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
            WHERE delivery.endpoint_id = lane.endpoint_id AND delivery.status = 'PENDING'
                AND least(delivery.tries, 1) = 0 AND delivery.next_attempt_at <= moment
                AND (delivery.lease_expires_at IS NULL OR delivery.lease_expires_at <= moment)
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
            WHERE delivery.endpoint_id = lane.endpoint_id AND delivery.status = 'PENDING'
                AND least(delivery.tries, 1) = 1 AND delivery.next_attempt_at <= moment
                AND (delivery.lease_expires_at IS NULL OR delivery.lease_expires_at <= moment)
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
        LIMIT capacity
    ) ranked;

    -- Where a row is stays true: nobody else can change what is locked here.
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
                        jsonb_build_object('id', secret.id, 'sealed', encode(secret.sealed, 'base64'))
                        ORDER BY secret.created_at DESC, secret.id), '[]')
                    FROM signing_secrets secret
                    WHERE secret.endpoint_id = receiver.id
                        AND (secret.expires_at IS NULL OR secret.expires_at > moment))) AS state
        FROM endpoints receiver WHERE receiver.id = ANY (lanes)
    )
    SELECT claimed.id::text, claimed.event_id::text, claimed.endpoint_id, claimed.attempt_count + 1, claimed.tries,
        claimed.resend_count, claimed.resend_count > 0 OR event.type = ANY (receiving.types), event.body,
        CASE WHEN row_number() OVER (PARTITION BY claimed.endpoint_id ORDER BY claimed.rank) = 1 THEN receiving.state END
    FROM claimed
    JOIN receiving ON receiving.id = claimed.endpoint_id
    JOIN events event ON event.id = claimed.event_id
    ORDER BY claimed.rank;
END
$$;

-- Cancels pending deliveries of an endpoint, at most batch_size of them, and answers how many. One that is being
-- sent right now is left to the worker that sends it, for as long as its lease lasts.
CREATE OR REPLACE FUNCTION cancel_deliveries(endpoint_id_to_cancel integer, batch_size integer) RETURNS integer
LANGUAGE sql VOLATILE
AS $$
    WITH cancelled AS (
        UPDATE deliveries SET status = 'CANCELLED'
        WHERE id IN (
            SELECT id FROM deliveries
            WHERE endpoint_id = endpoint_id_to_cancel AND status = 'PENDING'
                AND (lease_expires_at IS NULL OR lease_expires_at <= clock_timestamp())
            LIMIT batch_size FOR UPDATE SKIP LOCKED
        )
        RETURNING 1
    )
    SELECT count(*)::integer FROM cancelled
$$;
