-- Wakes lanes for the claim that follows in the same transaction: those that lane_wakes names, and sleeping ones whose time has
-- come. Takes at most `most` of each, so that the cost does not depend on how many lanes sleep.
--
-- Invariants:
-- - A delivery that is committed and due is in a lane that is awake, or that sleeps until a time that has come, or that
--   lane_wakes names.
-- - A row of lane_wakes is removed only when its lane is awake, or sleeps because its endpoint asked to be left alone. A lane that
--   another transaction holds is passed over; its wake is written again.
-- - New lanes are inserted before any lane is locked, and in the order of ids: this is the only step that may wait for another
--   transaction, so that two claims, or a claim and a recorder, never deadlock.
CREATE OR REPLACE FUNCTION wake_lanes(moment timestamptz, most integer) RETURNS void
LANGUAGE plpgsql VOLATILE
SET enable_seqscan = off SET enable_bitmapscan = off SET enable_hashjoin = off SET enable_mergejoin = off
AS $$
DECLARE
    called integer[];
BEGIN
    WITH taken AS (
        DELETE FROM lane_wakes WHERE id = ANY (ARRAY(
            SELECT id FROM lane_wakes ORDER BY id LIMIT most FOR UPDATE SKIP LOCKED
        ))
        RETURNING endpoint_id
    )
    SELECT array_agg(DISTINCT endpoint_id) INTO called FROM taken;

    IF called IS NOT NULL THEN
        PERFORM call_lanes(called, moment);
    END IF;

    UPDATE lanes SET is_awake = true
    WHERE endpoint_id = ANY (ARRAY(
        SELECT endpoint_id FROM lanes WHERE NOT is_awake AND due_at <= moment
        ORDER BY due_at LIMIT most FOR NO KEY UPDATE SKIP LOCKED
    ));
END
$$;
