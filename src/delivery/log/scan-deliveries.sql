-- Reads deliveries, newest event first, and endpoints in descending order within an event: those of one event, of one endpoint, or
-- all.
--
-- Parameters:
--   of_event, of_endpoint           null = of any
--   before_event, before_endpoint   the place after which the scan starts; null = at the newest
--   first_event                     where the scan ends; null = at the oldest
--   with_pending, with_ended        which of the two kinds are read
--   most                            how many deliveries are read at most
--
-- Invariant: the scan reads about `most` rows of each kind, however many there are: every part of the function follows an index.
CREATE OR REPLACE FUNCTION scan_deliveries(
    of_event bigint,
    of_endpoint integer,
    before_event bigint,
    before_endpoint integer,
    first_event bigint,
    with_pending boolean,
    with_ended boolean,
    most integer
) RETURNS SETOF deliveries
LANGUAGE plpgsql STABLE ROWS 100
SET enable_seqscan = off SET enable_bitmapscan = off SET plan_cache_mode = force_generic_plan
AS $$
DECLARE
    last_event bigint := least(of_event, before_event);
    earliest bigint := greatest(of_event, first_event, 0);
    latest bigint := coalesce(last_event, 9223372036854775807);
    latest_endpoint integer := CASE WHEN last_event = before_event THEN coalesce(before_endpoint, 0) ELSE 2147483647 END;
    most_pending integer := CASE WHEN with_pending THEN most ELSE 0 END;
    most_ended integer := CASE WHEN with_ended THEN most ELSE 0 END;
BEGIN
    IF of_event IS NOT NULL AND of_endpoint IS NOT NULL THEN
        RETURN QUERY SELECT * FROM deliveries
            WHERE event_id = of_event AND endpoint_id = of_endpoint AND event_id BETWEEN earliest AND latest
                AND (event_id < latest OR endpoint_id < latest_endpoint)
                AND CASE WHEN status = 'PENDING' THEN with_pending ELSE with_ended END;
    ELSIF of_endpoint IS NOT NULL THEN
        RETURN QUERY SELECT * FROM (
            (SELECT event_id, endpoint_id, 'PENDING'::delivery_status, attempt_count, tries, next_attempt_at, lease_owner,
                lease_expires_at, resend_count
            FROM queue WHERE endpoint_id = of_endpoint AND event_id BETWEEN earliest AND latest
                AND (event_id < latest OR endpoint_id < latest_endpoint)
            ORDER BY event_id DESC LIMIT most_pending)
            UNION ALL
            (SELECT event_id, endpoint_id, status, attempt_count, tries::integer, NULL, NULL, NULL, 0
            FROM ended_deliveries WHERE endpoint_id = of_endpoint AND event_id BETWEEN earliest AND latest
                AND (event_id < latest OR endpoint_id < latest_endpoint)
            ORDER BY event_id DESC LIMIT most_ended)
        ) delivery ORDER BY delivery.event_id DESC LIMIT most;
    ELSE
        RETURN QUERY SELECT * FROM (
            (SELECT event_id, endpoint_id, 'PENDING'::delivery_status, attempt_count, tries, next_attempt_at, lease_owner,
                lease_expires_at, resend_count
            FROM queue WHERE event_id BETWEEN earliest AND latest AND (event_id, endpoint_id) < (latest, latest_endpoint)
            ORDER BY event_id DESC, endpoint_id DESC LIMIT most_pending)
            UNION ALL
            (SELECT event_id, endpoint_id, status, attempt_count, tries::integer, NULL, NULL, NULL, 0
            FROM ended_deliveries WHERE event_id BETWEEN earliest AND latest AND (event_id, endpoint_id) < (latest, latest_endpoint)
            ORDER BY event_id DESC, endpoint_id DESC LIMIT most_ended)
        ) delivery ORDER BY delivery.event_id DESC, delivery.endpoint_id DESC LIMIT most;
    END IF;
END
$$;
