-- Cancels pending deliveries of an endpoint, at most `most` of them. A leased delivery is left to the worker that sends it, for
-- as long as its lease lasts. Returns the number of cancelled deliveries.
--
-- The second statement finds them by their addresses (ctid), which stay valid because the rows are locked: see lock_leased.
CREATE OR REPLACE FUNCTION cancel_deliveries(of_endpoint integer, moment timestamptz, most integer) RETURNS bigint
LANGUAGE plpgsql VOLATILE
SET enable_seqscan = off SET enable_bitmapscan = off SET enable_sort = off
AS $$
DECLARE
    chosen tid[] := ARRAY(
        SELECT delivery.ctid FROM queue delivery
        WHERE delivery.endpoint_id = of_endpoint AND least(delivery.tries, 1) >= 0 AND is_claimable(delivery, moment)
        ORDER BY delivery.endpoint_id, least(delivery.tries, 1), delivery.next_attempt_at
        LIMIT most FOR UPDATE SKIP LOCKED
    );
    cancelled_count bigint;
BEGIN
    WITH cancelled AS (
        DELETE FROM queue WHERE ctid = ANY (chosen) RETURNING event_id, endpoint_id, attempt_count, tries
    ),
    ended AS (
        INSERT INTO ended_deliveries (event_id, endpoint_id, status, attempt_count, tries)
        SELECT event_id, endpoint_id, 'CANCELLED', attempt_count, tries FROM cancelled
    )
    SELECT count(*) INTO cancelled_count FROM cancelled;
    RETURN cancelled_count;
END
$$;
