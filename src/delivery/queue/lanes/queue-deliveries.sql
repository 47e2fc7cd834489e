-- Queues an event for endpoints that have no delivery of it, and sees to it that claims look into their lanes.
--
-- A lane that is awake now may be put to sleep by a claim that does not see the new rows yet. So the lane's row is locked until
-- this transaction ends: settle_lanes leaves a locked lane awake. A lane that sleeps, has no row, or is locked by a claim gets a
-- row in lane_wakes instead, which a claim sees together with the new deliveries. Nothing here waits for another transaction, and
-- two publishers never wait for each other, however long their transactions last.
CREATE OR REPLACE FUNCTION queue_deliveries(new_event_id bigint, endpoint_ids integer[], due_at timestamptz) RETURNS void
LANGUAGE plpgsql VOLATILE
SET enable_seqscan = off SET enable_bitmapscan = off SET enable_hashjoin = off SET enable_mergejoin = off
AS $$
BEGIN
    INSERT INTO queue (event_id, endpoint_id, next_attempt_at)
    SELECT new_event_id, id, due_at FROM unnest(endpoint_ids) AS id;

    WITH awake AS MATERIALIZED (
        SELECT lane.endpoint_id FROM lanes lane
        WHERE lane.endpoint_id = ANY (endpoint_ids) AND lane.is_awake FOR KEY SHARE SKIP LOCKED
    )
    INSERT INTO lane_wakes (endpoint_id)
    SELECT id FROM unnest(endpoint_ids) AS id WHERE id NOT IN (SELECT endpoint_id FROM awake);
END
$$;
