-- Leases due deliveries and returns them with everything their sends need.
--
-- Order: one delivery of each endpoint before a second of any; earliest first within an endpoint; endpoints after `after_endpoint`
-- first. Returns at most `slots` deliveries. Of an endpoint in `known_lanes` it returns at most its entry in `free_slots`; of an
-- endpoint that is not there, or has null there, at most `slots_per_endpoint`, and of all of these at most `other_slots`. With
-- `other_slots` = 0 the claim does not look into their lanes at all, however many they are. Of the slots of an endpoint, retries
-- that are due get half, rounded at random; first attempts get the others, and each gets what the other leaves.
--
-- The first row, without an event, describes the claim itself: the last lane that it looked into (endpoint_id), and whether it
-- stopped there because it may look into no more, so that there may be more (is_wanted). There is none when no lane is awake.
-- Of the others, the first row of each endpoint alone carries the state that its deliveries share (target, TLS setting, secrets), and the first
-- row of each event its body. The caller cancels a delivery with is_wanted = false instead of sending it.
--
-- The index queue_lane keeps the first attempts of a lane apart from its retries, by the expression least(tries, 1): 0 = first
-- attempts (no try is used up), 1 = retries. Each part is sorted by next_attempt_at. So a condition on both endpoint_id and
-- least(tries, 1) reads one part of one lane in order, and stops at its LIMIT.
--
-- A lease changes no indexed column, so PostgreSQL writes it beside its row (HOT) and touches no index. A leased delivery
-- stays near the head of its lane: a claim walks past the deliveries that are in flight or not yet recorded. While an old
-- snapshot is open, deliveries that have ended stay in the index, too: a claim reads a lane in `known_lanes` from its entry in
-- `starts` on, so that it does not walk past all of them.
--
-- Invariants:
-- - The cost depends on `slots` alone: not on how many lanes there are, nor on how many deliveries are pending.
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
    other_slots integer,
    known_lanes integer[],
    free_slots integer[],
    starts float8[],
    after_endpoint integer
) RETURNS TABLE (
    event_id text,
    endpoint_id integer,
    number integer,
    tries integer,
    resend_count integer,
    busy_for_ms float8,
    due_ms float8,
    is_wanted boolean,
    body text,
    endpoint json
)
LANGUAGE plpgsql VOLATILE
-- PL/pgSQL keeps plans, and statistics may be of another time: a plan that reads a table whole, or all of a lane, must not be
-- possible.
SET enable_seqscan = off SET enable_bitmapscan = off SET enable_hashjoin = off SET enable_mergejoin = off
SET plan_cache_mode = force_generic_plan
AS $$
#variable_conflict use_column
DECLARE
    clock_offset interval := make_interval(secs => clock_offset_ms / 1000);
    started_at timestamptz := clock_timestamp() + clock_offset;
    locked_at timestamptz;
    full_ids integer[] := ARRAY(SELECT id FROM unnest(known_lanes, free_slots) AS known(id, free) WHERE free <= 0);
    limited_ids integer[] := ARRAY(SELECT id FROM unnest(known_lanes, free_slots) AS known(id, free) WHERE free > 0);
    -- The lanes that this claim looks into, and those of them whose endpoints it could lock.
    lane_ids integer[];
    may_have_more boolean := false;
    locked_ids integer[];
    -- The deliveries to lease: physical addresses (ctid), which stay valid because the rows are locked. And their endpoints, and
    -- their first and last event.
    addresses tid[];
    claimed_ids integer[];
    first_event_id bigint;
    last_event_id bigint;
BEGIN
    PERFORM wake_lanes(started_at, 1000);

    IF other_slots > 0 THEN
        SELECT coalesce(array_agg(endpoint_id ORDER BY nth) FILTER (WHERE others <= other_slots), '{}'),
            coalesce(count(*) = slots OR bool_or(others > other_slots), false)
        INTO lane_ids, may_have_more
        FROM (
            SELECT endpoint_id, row_number() OVER walk AS nth,
                count(*) FILTER (WHERE endpoint_id <> ALL (limited_ids)) OVER walk AS others
            FROM (
                (SELECT endpoint_id FROM lanes WHERE is_awake AND endpoint_id > after_endpoint
                    AND endpoint_id <> ALL (full_ids) ORDER BY endpoint_id LIMIT slots)
                UNION ALL
                (SELECT endpoint_id FROM lanes WHERE is_awake AND endpoint_id <= after_endpoint
                    AND endpoint_id <> ALL (full_ids) ORDER BY endpoint_id LIMIT slots)
                LIMIT slots
            ) lane
            WINDOW walk AS (ROWS UNBOUNDED PRECEDING)
        ) walked;
    ELSE
        lane_ids := ARRAY(
            SELECT lanes.endpoint_id FROM unnest(limited_ids) AS id JOIN lanes ON lanes.endpoint_id = id AND lanes.is_awake
            ORDER BY lanes.endpoint_id <= after_endpoint, lanes.endpoint_id LIMIT slots
        );
    END IF;
    IF lane_ids = '{}' THEN
        RETURN;
    END IF;

    locked_ids := ARRAY(
        SELECT id FROM unnest(lane_ids) AS lane(lane_id) JOIN endpoints ON endpoints.id = lane_id
        JOIN lanes ON lanes.endpoint_id = lane_id
        WHERE endpoints.is_active AND endpoints.deleted_at IS NULL
            AND (lanes.resting_until IS NULL OR lanes.resting_until <= started_at)
        FOR SHARE OF endpoints SKIP LOCKED
    );
    locked_at := clock_timestamp() + clock_offset;

    -- Lock and choose due deliveries of these endpoints. When all of them have enough, each gets an equal share of `slots`: read
    -- and lock no more rows than that.
    WITH lane AS MATERIALIZED (
        SELECT locked.id AS endpoint_id, locked.turn, known.free IS NULL AS is_other,
            least(coalesce(known.free, slots_per_endpoint), ceil(slots::float8 / cardinality(locked_ids))::integer) AS slots,
            coalesce(to_timestamp(known.start / 1000), '-infinity') AS start
        FROM unnest(locked_ids) WITH ORDINALITY AS locked(id, turn)
        LEFT JOIN unnest(known_lanes, free_slots, starts) AS known(id, free, start) ON known.id = locked.id
    ),
    first_attempt AS MATERIALIZED (
        SELECT lane.endpoint_id, lane.turn, lane.is_other, due.ctid, due.event_id, due.rank
        FROM lane CROSS JOIN LATERAL (
            SELECT delivery.ctid, delivery.event_id, row_number() OVER () AS rank FROM (
                SELECT delivery.ctid, delivery.event_id FROM queue delivery
                WHERE delivery.endpoint_id = lane.endpoint_id AND least(delivery.tries, 1) = 0
                    AND delivery.next_attempt_at >= lane.start AND is_due(delivery, started_at)
                ORDER BY delivery.next_attempt_at, delivery.event_id
                LIMIT lane.slots - CASE WHEN EXISTS (
                    SELECT FROM queue retry
                    WHERE retry.endpoint_id = lane.endpoint_id AND least(retry.tries, 1) = 1 AND is_due(retry, started_at)
                ) THEN floor(lane.slots / 2.0 + random())::integer ELSE 0 END
                FOR NO KEY UPDATE SKIP LOCKED
            ) delivery
        ) due
    ),
    retry AS MATERIALIZED (
        SELECT lane.endpoint_id, lane.turn, lane.is_other, due.ctid, due.event_id, due.rank
        FROM lane
        LEFT JOIN (SELECT endpoint_id, count(*) AS slots FROM first_attempt GROUP BY endpoint_id) taken
            ON taken.endpoint_id = lane.endpoint_id
        CROSS JOIN LATERAL (
            SELECT delivery.ctid, delivery.event_id, row_number() OVER () AS rank FROM (
                SELECT delivery.ctid, delivery.event_id FROM queue delivery
                WHERE delivery.endpoint_id = lane.endpoint_id AND least(delivery.tries, 1) = 1
                    AND is_due(delivery, started_at)
                ORDER BY delivery.next_attempt_at, delivery.event_id
                LIMIT lane.slots - coalesce(taken.slots, 0) FOR NO KEY UPDATE SKIP LOCKED
            ) delivery
        ) due
    )
    SELECT array_agg(chosen.ctid), array_agg(DISTINCT chosen.endpoint_id), min(chosen.event_id), max(chosen.event_id)
    INTO addresses, claimed_ids, first_event_id, last_event_id
    FROM (
        SELECT ctid, endpoint_id, event_id FROM (
            SELECT *, count(*) FILTER (WHERE is_other) OVER (ORDER BY rank, turn) AS others
            FROM (SELECT * FROM first_attempt UNION ALL SELECT * FROM retry) due
        ) counted
        WHERE NOT is_other OR others <= other_slots
        ORDER BY rank, turn LIMIT slots
    ) chosen;

    -- Lanes in which nothing is due would be looked into by every claim.
    IF cardinality(lane_ids) > coalesce(cardinality(claimed_ids), 0) THEN
        PERFORM settle_lanes(ARRAY(
            SELECT id FROM unnest(lane_ids) AS id WHERE id <> ALL (coalesce(claimed_ids, '{}'))
        ), started_at, 1000);
    END IF;
    RETURN QUERY SELECT NULL::text, lane_ids[cardinality(lane_ids)], NULL::integer, NULL::integer, NULL::integer, NULL::float8,
        NULL::float8, may_have_more, NULL::text, NULL::json;
    IF addresses IS NULL THEN
        RETURN;
    END IF;

    -- Lease them, and return them with the state of their endpoints. Without a join to these: a claim of 200 endpoints would compare each
    -- row with each endpoint.
    RETURN QUERY
    WITH claimed AS (
        UPDATE queue delivery
        SET lease_owner = claiming_owner, lease_expires_at = started_at + make_interval(secs => lease_ms / 1000)
        FROM unnest(addresses) WITH ORDINALITY AS chosen(address, rank)
        WHERE delivery.ctid = chosen.address
        RETURNING delivery.*, chosen.rank
    ),
    numbered AS MATERIALIZED (
        SELECT *, row_number() OVER (PARTITION BY endpoint_id ORDER BY rank) AS of_endpoint,
            row_number() OVER (PARTITION BY event_id ORDER BY rank) AS of_event
        FROM claimed
    )
    SELECT numbered.event_id::text, numbered.endpoint_id, numbered.attempt_count + 1, numbered.tries, numbered.resend_count,
        (extract(epoch FROM started_at - numbered.busy_since) * 1000)::float8,
        (extract(epoch FROM numbered.next_attempt_at) * 1000)::float8,
        is_wanted(numbered.resend_count, event.type,
            ARRAY(SELECT type FROM endpoint_events WHERE endpoint_id = numbered.endpoint_id)),
        CASE WHEN of_event = 1 THEN event.body END,
        CASE WHEN of_endpoint = 1 THEN (
            SELECT json_build_object(
                'target', endpoint.target,
                'restedUntilMs', (
                    SELECT (extract(epoch FROM resting_until) * 1000)::float8 FROM lanes
                    WHERE lanes.endpoint_id = endpoint.id AND resting_until > started_at - interval '1 minute'),
                'sslCertVerification', endpoint.ssl_cert_verification,
                'secrets', (SELECT secrets FROM live_secrets_json(endpoint.id, locked_at) AS secrets))
            FROM endpoints endpoint WHERE endpoint.id = numbered.endpoint_id
        ) END
    FROM numbered
    -- The range keeps PostgreSQL from opening every partition of events.
    JOIN events event ON event.id = numbered.event_id AND event.id BETWEEN first_event_id AND last_event_id
    ORDER BY numbered.rank;
END
$$;
