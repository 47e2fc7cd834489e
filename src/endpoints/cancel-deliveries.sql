-- Cancels pending deliveries of an endpoint, at most `most` of them. A leased delivery is left to the worker that sends it, for
-- as long as its lease lasts. Returns the number of cancelled deliveries.
CREATE OR REPLACE FUNCTION cancel_deliveries(of_endpoint integer, moment timestamptz, most integer) RETURNS bigint
LANGUAGE sql VOLATILE
SET enable_seqscan = off SET enable_hashjoin = off SET enable_mergejoin = off
AS $$
    WITH cancelled AS (
        DELETE FROM queue WHERE (event_id, endpoint_id) IN (
            SELECT delivery.event_id, delivery.endpoint_id FROM queue delivery
            WHERE delivery.endpoint_id = of_endpoint AND is_claimable(delivery, moment)
            LIMIT most FOR UPDATE SKIP LOCKED
        )
        RETURNING event_id, endpoint_id, attempt_count
    ),
    ended AS (
        INSERT INTO ended_deliveries (event_id, endpoint_id, status, attempt_count)
        SELECT event_id, endpoint_id, 'CANCELLED', attempt_count FROM cancelled
    )
    SELECT count(*) FROM cancelled
$$;
