-- Makes deliveries of events that publish_event has left to workers (fan_outs): at most about `most`, in equal shares of the events
-- that it takes. Takes events after `after_event` first, and passes over those that another worker has taken. An event's last
-- delivery ends its fan-out.
--
-- Returns how many deliveries it made, and the event at which it ended; no event when there was none to take.
--
-- Invariants:
-- - An endpoint that is on and listens to the type from the publish until the event is fanned out gets one delivery. The deliveries
--   of an event are made in the order of endpoints, each batch from what is committed when it starts (READ COMMITTED).
-- - Each transaction commits its deliveries together with the note how far it has come, so that a crash at any moment loses and
--   doubles nothing. The commit does not wait for the disk: what a crash of the server takes back is made again.
-- - No delivery is made for an endpoint that has one by a resend. A resend locks the event's row of fan_outs, so none comes in
--   between. A delivery that ends meanwhile moves from queue to ended_deliveries: both are looked into by one statement, so that
--   the delivery is found in one of them.
CREATE OR REPLACE FUNCTION fan_out(after_event bigint, most integer, OUT last_event bigint, OUT delivery_count integer)
LANGUAGE plpgsql VOLATILE
SET enable_seqscan = off SET enable_bitmapscan = off SET enable_sort = off SET plan_cache_mode = force_generic_plan
AS $$
DECLARE
    events_at_once CONSTANT integer := 50;
    moment timestamptz(3) := clock_timestamp();
    taken fan_outs[];
    taking fan_outs;
    share integer;
    listening integer[];
    last_endpoint integer;
    present integer[];
    absent integer[];
    called integer[] := '{}';
BEGIN
    PERFORM set_config('synchronous_commit', 'off', true);
    taken := ARRAY(
        SELECT fan_outs FROM fan_outs WHERE event_id > after_event
        ORDER BY event_id LIMIT events_at_once FOR UPDATE SKIP LOCKED
    );
    IF cardinality(taken) < events_at_once THEN
        taken := taken || ARRAY(
            SELECT fan_outs FROM fan_outs WHERE event_id <= after_event
            ORDER BY event_id LIMIT events_at_once - cardinality(taken) FOR UPDATE SKIP LOCKED
        );
    END IF;
    IF taken = '{}' THEN
        RETURN;
    END IF;
    last_event := taken[cardinality(taken)].event_id;
    share := ceil(most::float8 / cardinality(taken));

    FOREACH taking IN ARRAY taken LOOP
        listening := CASE WHEN EXISTS (SELECT FROM events WHERE id = taking.event_id)
            THEN listeners(taking.type, taking.after_endpoint_id, share) ELSE '{}' END;
        IF listening <> '{}' THEN
            last_endpoint := listening[cardinality(listening)];
            present := ARRAY(
                (SELECT endpoint_id FROM queue
                WHERE (event_id, endpoint_id) > (taking.event_id, taking.after_endpoint_id)
                    AND (event_id, endpoint_id) <= (taking.event_id, last_endpoint)
                ORDER BY event_id, endpoint_id)
                UNION ALL
                (SELECT endpoint_id FROM ended_deliveries
                WHERE event_id = taking.event_id AND endpoint_id > taking.after_endpoint_id AND endpoint_id <= last_endpoint)
            );
            absent := CASE WHEN present = '{}' THEN listening ELSE ARRAY(SELECT unnest(listening) EXCEPT SELECT unnest(present)) END;
            INSERT INTO queue (event_id, endpoint_id, next_attempt_at) SELECT taking.event_id, unnest(absent), moment;
            called := called || absent;
        END IF;
        IF cardinality(listening) < share THEN
            DELETE FROM fan_outs WHERE event_id = taking.event_id;
            UPDATE events SET fanned_out_at = clock_timestamp() WHERE id = taking.event_id;
        ELSE
            UPDATE fan_outs SET after_endpoint_id = last_endpoint WHERE event_id = taking.event_id;
        END IF;
    END LOOP;
    delivery_count := cardinality(called);
    IF called <> '{}' THEN
        PERFORM call_lanes(ARRAY(SELECT DISTINCT unnest(called)), moment);
    END IF;
END
$$;
