-- Drops one table of a partition that was emptied. After the last one, removes the partition from event_partitions. Returns false
-- when there is none left, or when that is not possible now; the next call tries again.
--
-- DROP TABLE locks the parent of the table, which every publisher writes to: for 100 ms at most while it waits for transactions
-- that use the parent. So one table at a time is dropped. A partition that is empty takes next to no space, and may wait for a calm
-- moment.
--
-- A statement that started before the partition was emptied may still record an attempt in it. Statements end within 10 s, so
-- the tables stay for a minute.
CREATE OR REPLACE FUNCTION drop_emptied_table() RETURNS boolean
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path FROM CURRENT
SET lock_timeout = '100ms'
AS $$
DECLARE
    emptied_id bigint;
    parent text;
BEGIN
    IF NOT lock_event_partitions() THEN
        RETURN false;
    END IF;
    emptied_id := (SELECT min(first_event_id) FROM event_partitions WHERE emptied_at < clock_timestamp() - interval '1 minute');
    IF emptied_id IS NULL THEN
        RETURN false;
    END IF;
    FOREACH parent IN ARRAY '{attempts,attempt_counts,ended_deliveries,events}'::text[] LOOP
        IF to_regclass(parent || '_' || emptied_id::text) IS NOT NULL THEN
            EXECUTE 'DROP TABLE ' || parent || '_' || emptied_id::text;
            RETURN true;
        END IF;
    END LOOP;
    DELETE FROM event_partitions WHERE first_event_id = emptied_id;
    RETURN true;
EXCEPTION
    WHEN lock_not_available THEN
        RETURN false;
END
$$;
REVOKE ALL ON FUNCTION drop_emptied_table() FROM PUBLIC;
