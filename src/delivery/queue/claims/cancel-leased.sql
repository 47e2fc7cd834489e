-- Cancels leased deliveries of the owner that are not to be sent.
CREATE OR REPLACE FUNCTION cancel_leased(cancelling_owner uuid, event_ids bigint[], endpoint_ids integer[]) RETURNS void
LANGUAGE plpgsql VOLATILE
SET enable_seqscan = off SET enable_bitmapscan = off SET plan_cache_mode = force_generic_plan
AS $$
DECLARE
    held tid[] := ARRAY(SELECT address FROM lock_leased(cancelling_owner, event_ids, endpoint_ids));
BEGIN
    WITH cancelled AS (
        DELETE FROM queue WHERE ctid = ANY (held) RETURNING event_id, endpoint_id, attempt_count, tries
    )
    INSERT INTO ended_deliveries (event_id, endpoint_id, status, attempt_count, tries)
    SELECT event_id, endpoint_id, 'CANCELLED', attempt_count, tries FROM cancelled;
END
$$;
