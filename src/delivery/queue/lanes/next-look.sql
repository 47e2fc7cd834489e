-- When a claim must look into a part of a lane again (0 = first attempts, 1 = retries): when its first delivery is due, or a
-- lease in it expires. Null = the part is empty. Leased deliveries are near the head of their part, because they were due before
-- the deliveries behind them. So the first claimable delivery ends the look (nothing behind it can be earlier), and the cost does
-- not depend on how many deliveries are pending. Deliveries that fell due before `start` are not looked at: while an old snapshot is
-- open, the entries of those that have ended stay at the head of the index.
CREATE OR REPLACE FUNCTION next_look(lane integer, part integer, moment timestamptz, start timestamptz) RETURNS timestamptz
LANGUAGE plpgsql STABLE
SET enable_seqscan = off SET enable_bitmapscan = off SET enable_sort = off
AS $$
DECLARE
    next record;
    earliest timestamptz;
BEGIN
    FOR next IN
        SELECT next_attempt_at, lease_expires_at, is_claimable(delivery, moment) AS is_claimable
        FROM queue delivery
        WHERE delivery.endpoint_id = lane AND least(delivery.tries, 1) = part AND least(delivery.tries, 1) >= 0
            AND delivery.next_attempt_at >= start
        ORDER BY delivery.next_attempt_at, delivery.event_id LIMIT 100
    LOOP
        IF next.is_claimable THEN
            RETURN least(earliest, next.next_attempt_at);
        END IF;
        earliest := least(earliest, greatest(next.lease_expires_at, next.next_attempt_at));
    END LOOP;
    RETURN earliest;
END
$$;
