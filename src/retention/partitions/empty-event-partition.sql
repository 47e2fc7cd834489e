-- Removes the events of a closed partition, with their deliveries, attempts and counts of attempts: all of them, in one
-- transaction, without reading them. Returns false when that is not possible now; the next call tries again.
--
-- TRUNCATE locks the tables of this partition alone. While another transaction reads one of them, such as a backup, this function
-- waits 100 ms at most, in all. Statements that read every partition wait behind it as long. Publishers never do, because they
-- write to other partitions.
--
-- Invariant: afterwards no delivery of these events is pending, and none can become pending. A transaction that queues one locks
-- the event's table, or its row of fan_outs, until it ends. So look into the queue after both are locked.
CREATE OR REPLACE FUNCTION empty_event_partition(of_first_event_id bigint) RETURNS boolean
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path FROM CURRENT
SET lock_timeout = '100ms' SET enable_seqscan = off SET enable_bitmapscan = off
AS $$
DECLARE
    give_up_at timestamptz := clock_timestamp() + interval '100 ms';
    parent text;
    tables text[];
    end_id bigint;
BEGIN
    IF NOT lock_event_partitions() THEN
        RETURN false;
    END IF;
    SELECT end_event_id INTO end_id FROM event_partitions
    WHERE first_event_id = of_first_event_id AND closed_at IS NOT NULL AND emptied_at IS NULL;
    IF NOT FOUND THEN
        RETURN false;
    END IF;

    -- Before the tables, because a fan-out or a resend holds rows of fan_outs and then reads events, and without waiting.
    PERFORM FROM fan_outs WHERE event_id >= of_first_event_id AND event_id < end_id ORDER BY event_id FOR UPDATE NOWAIT;
    -- In the order in which transactions of the gateway write to these tables.
    FOREACH parent IN ARRAY '{events,ended_deliveries,attempts,attempt_counts}'::text[] LOOP
        PERFORM set_config('lock_timeout',
            greatest(1::float8, extract(epoch FROM give_up_at - clock_timestamp())::float8 * 1000::float8)::text || 'ms', true);
        tables := array_append(tables, parent || '_' || of_first_event_id::text);
        EXECUTE 'LOCK TABLE ' || parent || '_' || of_first_event_id::text || ' IN ACCESS EXCLUSIVE MODE';
    END LOOP;

    DELETE FROM fan_outs WHERE event_id >= of_first_event_id AND event_id < end_id;
    IF EXISTS (SELECT FROM queue WHERE event_id >= of_first_event_id AND event_id < end_id) THEN
        RETURN false;
    END IF;
    EXECUTE 'TRUNCATE ' || array_to_string(tables, ', ');
    UPDATE event_partitions SET emptied_at = clock_timestamp() WHERE first_event_id = of_first_event_id;
    RETURN true;
EXCEPTION
    WHEN lock_not_available THEN
        RETURN false;
END
$$;
REVOKE ALL ON FUNCTION empty_event_partition(bigint) FROM PUBLIC;
