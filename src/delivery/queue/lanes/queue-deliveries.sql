-- Queues an event for endpoints that have no delivery of it, and sees to it that claims look into their lanes.
--
-- A lane that is awake now may be put to sleep by a claim that does not see the new rows yet. So the lane's row is locked until
-- this transaction ends: settle_lanes leaves a locked lane awake. A lane that sleeps, has no row, or is locked by a claim gets a
-- row in lane_wakes instead, which a claim sees together with the new deliveries. Nothing here waits for another transaction, and
-- two publishers never wait for each other, however long their transactions last.
--
-- A transaction names a lane once, however many events it publishes. Claims take a thousand rows of lane_wakes each, and would be
-- slow for a long time after a transaction of many events. Which lanes it has named is noted in a setting, which a savepoint takes
-- back together with the rows, next to the id of the transaction: a note of another one, or of a session, counts for nothing.
CREATE OR REPLACE FUNCTION queue_deliveries(new_event_id bigint, endpoint_ids integer[], due_at timestamptz) RETURNS void
LANGUAGE plpgsql VOLATILE
SET enable_seqscan = off SET enable_bitmapscan = off SET enable_hashjoin = off SET enable_mergejoin = off
AS $$
DECLARE
    most_noted CONSTANT integer := 1000;
    note text[] := string_to_array(current_setting('hookgate.named_lanes', true), ' ');
    transaction_id text := pg_current_xact_id()::text;
    named integer[] := CASE WHEN note[1] = transaction_id THEN note[2]::integer[] ELSE '{}' END;
    added integer[];
BEGIN
    INSERT INTO queue (event_id, endpoint_id, next_attempt_at)
    SELECT new_event_id, id, due_at FROM unnest(endpoint_ids) AS id;

    WITH awake AS MATERIALIZED (
        SELECT lane.endpoint_id FROM lanes lane
        WHERE lane.endpoint_id = ANY (endpoint_ids) AND lane.is_awake FOR KEY SHARE SKIP LOCKED
    ),
    new_wake AS (
        INSERT INTO lane_wakes (endpoint_id)
        SELECT id FROM unnest(endpoint_ids) AS id WHERE id NOT IN (SELECT endpoint_id FROM awake) AND id <> ALL (named)
        RETURNING endpoint_id
    )
    SELECT array_agg(endpoint_id) INTO added FROM new_wake;
    IF added IS NOT NULL AND cardinality(named) + cardinality(added) <= most_noted THEN
        PERFORM set_config('hookgate.named_lanes', transaction_id || ' ' || (named || added)::text, true);
    END IF;
END
$$;
