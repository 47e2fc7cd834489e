-- Leases are found by lane, as what is due is: an index of their own cost every delivery more than it ever saved.
DROP INDEX "deliveries_leased";

-- Cancels pending deliveries of an endpoint, at most batch_size of them, and answers how many. One that is being
-- sent right now is left to the worker that sends it, for as long as its lease lasts.
CREATE OR REPLACE FUNCTION cancel_deliveries(endpoint_id_to_cancel integer, batch_size integer) RETURNS integer
LANGUAGE sql VOLATILE
AS $$
    WITH cancelled AS (
        UPDATE deliveries SET status = 'CANCELLED'
        WHERE id IN (
            SELECT id FROM deliveries
            WHERE endpoint_id = endpoint_id_to_cancel AND status = 'PENDING'
                AND (lease_owner IS NULL OR next_attempt_at < clock_timestamp())
            LIMIT batch_size FOR UPDATE SKIP LOCKED
        )
        RETURNING 1
    )
    SELECT count(*)::integer FROM cancelled
$$;
