-- Locks the owner's leased deliveries among these, in the order of their keys, as record_attempts does. Returns their physical
-- addresses (ctid) and the place of each in the lists. Deliveries whose lease was lost meanwhile are not returned.
--
-- LATERAL with a lock is a barrier for the planner: each delivery is found by its key, whatever the statistics say.
--
-- The addresses stay valid until the transaction ends, for statements that start after this one. A statement that calls this function
-- itself does not see, at its new address, a delivery that this function had to wait for.
CREATE OR REPLACE FUNCTION lock_leased(of_owner uuid, event_ids bigint[], endpoint_ids integer[])
RETURNS TABLE (address tid, nth integer)
LANGUAGE plpgsql VOLATILE
SET enable_seqscan = off SET enable_bitmapscan = off SET plan_cache_mode = force_generic_plan
AS $$
BEGIN
    RETURN QUERY
    SELECT delivery.ctid, key.nth::integer
    FROM (
        SELECT * FROM unnest(event_ids, endpoint_ids) WITH ORDINALITY AS listed(event_id, endpoint_id, nth) ORDER BY 1, 2
    ) key
    CROSS JOIN LATERAL (
        SELECT queue.ctid FROM queue
        WHERE queue.event_id = key.event_id AND queue.endpoint_id = key.endpoint_id AND queue.lease_owner = of_owner
        FOR NO KEY UPDATE
    ) delivery;
END
$$;
