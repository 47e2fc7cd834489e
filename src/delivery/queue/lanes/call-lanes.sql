-- Sees to it that claims look into lanes, each named once. A lane that does not exist is made, and a lane that sleeps is woken, unless
-- its endpoint asked to be left alone. A lane that another transaction holds is passed over, and lane_wakes names it instead.
--
-- The caller's transaction holds the lanes until it ends, so that no claim puts them to sleep before what the caller has queued is
-- committed (see settle_lanes).
--
-- New lanes are inserted before any lane is locked, and in the order of ids: this is the only step that may wait for another
-- transaction, so that claims, recorders and fan-outs never deadlock.
--
-- Each statement reads lanes by a list of their keys, which no plan can turn into a look at every lane.
CREATE OR REPLACE FUNCTION call_lanes(called integer[], moment timestamptz) RETURNS void
LANGUAGE plpgsql VOLATILE
SET enable_seqscan = off SET enable_bitmapscan = off
AS $$
DECLARE
    present integer[] := ARRAY(SELECT endpoint_id FROM lanes WHERE endpoint_id = ANY (called));
    made integer[];
    held integer[];
    asleep integer[];
BEGIN
    IF cardinality(present) < cardinality(called) THEN
        WITH lane AS (
            INSERT INTO lanes (endpoint_id, is_awake, due_at)
            SELECT id, true, moment FROM (SELECT unnest(called) AS id EXCEPT SELECT unnest(present)) absent ORDER BY id
            ON CONFLICT DO NOTHING
            RETURNING endpoint_id
        )
        SELECT array_agg(endpoint_id) INTO made FROM lane;
        IF cardinality(made) = cardinality(called) THEN
            RETURN;
        END IF;
        called := ARRAY(SELECT unnest(called) EXCEPT SELECT unnest(made));
    END IF;

    SELECT coalesce(array_agg(endpoint_id), '{}'), array_agg(endpoint_id) FILTER (WHERE NOT is_awake AND due_at > wakes_at)
    INTO held, asleep
    FROM (
        SELECT endpoint_id, is_awake, due_at, greatest(resting_until, moment) AS wakes_at
        FROM lanes WHERE endpoint_id = ANY (called) FOR NO KEY UPDATE SKIP LOCKED
    ) lane;
    IF asleep IS NOT NULL THEN
        UPDATE lanes SET is_awake = coalesce(resting_until <= moment, true), due_at = greatest(resting_until, moment)
        WHERE endpoint_id = ANY (asleep);
    END IF;
    IF cardinality(held) < cardinality(called) THEN
        INSERT INTO lane_wakes (endpoint_id) SELECT unnest(called) EXCEPT SELECT unnest(held);
    END IF;
END
$$;
