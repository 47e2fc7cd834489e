-- Decides when claims look again into lanes in which a claim has found nothing to lease:
--
-- - a lane with a delivery that is due stays awake;
-- - a lane whose endpoint asked to be left alone sleeps until then;
-- - a lane whose deliveries are not due, or are leased, sleeps until the first is due, or the first lease expires;
-- - an empty lane, and the lane of an endpoint that is switched off, is removed: a new delivery, or switching on, wakes it;
-- - of the lane of a deleted endpoint, pending deliveries are cancelled, `most` at a time.
--
-- A lane that another transaction has locked stays as it is: the transaction may add a delivery (see queue_deliveries).
--
-- Invariant: each statement sees everything committed before it started (READ COMMITTED), so read the deliveries after the
-- lane is locked. Then no delivery is missed: who adds one either holds the lane, has committed before, or finds the lane asleep.
CREATE OR REPLACE FUNCTION settle_lanes(lane_ids integer[], moment timestamptz, most integer) RETURNS void
LANGUAGE plpgsql VOLATILE
SET enable_seqscan = off SET enable_bitmapscan = off SET enable_hashjoin = off SET enable_mergejoin = off
AS $$
DECLARE
    held integer[];
    deleted integer[];
BEGIN
    SELECT array_agg(endpoint_id) INTO held FROM (
        SELECT endpoint_id FROM lanes WHERE endpoint_id = ANY (lane_ids) AND is_awake FOR UPDATE SKIP LOCKED
    ) locked;
    IF held IS NULL THEN
        RETURN;
    END IF;

    SELECT array_agg(id) INTO deleted FROM endpoints WHERE id = ANY (held) AND deleted_at IS NOT NULL;
    IF deleted IS NOT NULL THEN
        PERFORM cancel_deliveries(id, moment, most) FROM unnest(deleted) AS id;
    END IF;

    WITH lane AS MATERIALIZED (
        SELECT lanes.endpoint_id, coalesce(endpoint.is_active OR endpoint.deleted_at IS NOT NULL, false) AS is_served,
            lanes.resting_until, next.due_at
        FROM unnest(held) AS id
        JOIN lanes ON lanes.endpoint_id = id
        LEFT JOIN endpoints endpoint ON endpoint.id = lanes.endpoint_id
        CROSS JOIN LATERAL (
            SELECT min(next_look(lanes.endpoint_id, part, moment, '-infinity')) AS due_at FROM unnest('{0,1}'::integer[]) AS part
        ) next
    ),
    settled AS MATERIALIZED (
        SELECT endpoint_id,
            CASE WHEN resting_until > moment THEN greatest(resting_until, CASE WHEN is_served THEN due_at END)
                WHEN is_served THEN due_at END AS due_at
        FROM lane
    ),
    removed AS (
        DELETE FROM lanes USING settled WHERE lanes.endpoint_id = settled.endpoint_id AND settled.due_at IS NULL
    )
    UPDATE lanes SET is_awake = false, due_at = settled.due_at
    FROM settled WHERE lanes.endpoint_id = settled.endpoint_id AND settled.due_at > moment;
END
$$;
