-- Removes pending deliveries of events in a range of ids from the queue, at most `most` of them, in the order of their keys, and
-- returns the last key: the next call continues after it, so that it does not read again what was removed while an old snapshot is
-- open. Null = no further one. A delivery that another transaction has locked is passed over.
--
-- A worker that is sending one of them finishes its send. record_attempts then finds nothing to change.
CREATE OR REPLACE FUNCTION remove_old_deliveries(
    after_event_id bigint,
    after_endpoint_id integer,
    before_event_id bigint,
    most integer,
    OUT last_event_id bigint,
    OUT last_endpoint_id integer
)
LANGUAGE sql VOLATILE
SET enable_seqscan = off SET enable_bitmapscan = off SET enable_hashjoin = off SET enable_mergejoin = off
AS $$
    WITH chosen AS MATERIALIZED (
        SELECT event_id, endpoint_id FROM queue
        WHERE (event_id, endpoint_id) > (after_event_id, after_endpoint_id) AND event_id < before_event_id
        ORDER BY event_id, endpoint_id LIMIT most FOR UPDATE SKIP LOCKED
    ),
    removed AS (
        DELETE FROM queue USING chosen
        WHERE queue.event_id = chosen.event_id AND queue.endpoint_id = chosen.endpoint_id
    )
    SELECT event_id, endpoint_id FROM chosen ORDER BY event_id DESC, endpoint_id DESC LIMIT 1
$$;
