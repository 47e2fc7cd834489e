-- Endpoints that are on and listen to an event type: in the order of ids, after `after_id`, at most `most` of them.
--
-- Invariants:
-- - The cost depends on `most` alone. The range below is one part of the index on (type, is_on, endpoint_id), in the index's order,
--   and the planner settings allow no other plan. So neither statistics nor endpoints that are switched off matter.
-- - The function reads what is committed when it is called (READ COMMITTED). A function that is not VOLATILE would read what was
--   committed before the statement of its caller started.
CREATE OR REPLACE FUNCTION listeners(event_type text, after_id integer, most integer) RETURNS integer[]
LANGUAGE plpgsql VOLATILE
SET enable_seqscan = off SET enable_bitmapscan = off SET enable_sort = off
AS $$
BEGIN
    RETURN ARRAY(
        SELECT endpoint_id FROM endpoint_events
        WHERE (type, is_on, endpoint_id) > (event_type, true, after_id)
            AND (type, is_on, endpoint_id) <= (event_type, true, 2147483647)
        ORDER BY type, is_on, endpoint_id
        LIMIT most
    );
END
$$;
