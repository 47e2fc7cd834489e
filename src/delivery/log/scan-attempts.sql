-- Reads attempts, newest first: those of one delivery, of one event, of one endpoint, or all.
--
-- Parameters:
--   of_event, of_endpoint     null = of any
--   before_time, before_id    the place after which the scan starts; null = at the newest
--   since                     where the scan ends; null = at the oldest
--   most                      how many attempts are read at most
--
-- Invariant: the scan reads about `most` rows, however many there are: each part of the function follows an index. An event for
-- very many endpoints has no index in this order: its attempts are found among those of all events.
CREATE OR REPLACE FUNCTION scan_attempts(
    of_event bigint,
    of_endpoint integer,
    before_time timestamptz,
    before_id bigint,
    since timestamptz,
    most integer
) RETURNS SETOF attempts
LANGUAGE plpgsql STABLE ROWS 100
SET enable_seqscan = off SET enable_bitmapscan = off SET enable_sort = off SET plan_cache_mode = force_generic_plan
AS $$
DECLARE
    latest_time timestamptz := coalesce(before_time, 'infinity');
    latest_id bigint := coalesce(before_id, 9223372036854775807);
    earliest timestamptz := coalesce(since, '-infinity');
    -- An event with more attempts is searched for among those of all events.
    sorted_most CONSTANT integer := 1000;
BEGIN
    IF of_event IS NOT NULL AND of_endpoint IS NOT NULL THEN
        -- OFFSET keeps the order from choosing the index: few attempts are sorted.
        RETURN QUERY SELECT * FROM (SELECT * FROM attempts WHERE event_id = of_event AND endpoint_id = of_endpoint OFFSET 0) own
            WHERE (created_at, id) < (latest_time, latest_id) AND created_at >= earliest
            ORDER BY created_at DESC, id DESC LIMIT most;
    ELSIF of_event IS NOT NULL THEN
        IF (SELECT count(*) FROM (SELECT FROM attempts WHERE event_id = of_event LIMIT sorted_most + 1) counted) <= sorted_most THEN
            RETURN QUERY SELECT * FROM (SELECT * FROM attempts WHERE event_id = of_event OFFSET 0) own
                WHERE (created_at, id) < (latest_time, latest_id) AND created_at >= earliest
                ORDER BY created_at DESC, id DESC LIMIT most;
        ELSE
            RETURN QUERY SELECT * FROM scan_attempts(NULL, NULL, before_time, before_id,
                greatest(since, (SELECT events.created_at FROM events WHERE events.id = of_event)), most);
        END IF;
    ELSIF of_endpoint IS NOT NULL THEN
        RETURN QUERY SELECT * FROM attempts
            WHERE endpoint_id = of_endpoint AND (created_at, id) < (latest_time, latest_id) AND created_at >= earliest
            ORDER BY created_at DESC, id DESC LIMIT most;
    ELSE
        RETURN QUERY SELECT * FROM attempts
            WHERE (created_at, id) < (latest_time, latest_id) AND created_at >= earliest
            ORDER BY created_at DESC, id DESC LIMIT most;
    END IF;
END
$$;
