-- Lets new events go to the next partition when the current one has taken events for a time span. Then the sequence of event ids
-- jumps to the first id of the next partition. Returns true when it jumped.
--
-- A partition that is at least half full stays in use until it is full: then ids reach the next partition by themselves.
--
-- Invariant: the sequence never goes back. The next value and the jump are one step, so publishers would have to take half of the
-- ids of a partition in the microseconds between the two. Publishers wait for nothing.
CREATE OR REPLACE FUNCTION rotate_event_partitions(span interval) RETURNS boolean
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path FROM CURRENT
AS $$
DECLARE
    -- Taken before the sequence is read: no event of a partition that is still unused is older.
    looked_at timestamptz := clock_timestamp();
    next_id bigint;
    used event_partitions;
    next_first_id bigint;
BEGIN
    IF NOT lock_event_partitions() THEN
        RETURN false;
    END IF;
    SELECT last_value + is_called::integer::bigint INTO next_id FROM events_id_seq;
    SELECT * INTO used FROM event_partitions
    WHERE first_event_id <= next_id AND end_event_id > next_id AND opened_at <= looked_at - span;
    IF NOT FOUND THEN
        RETURN false;
    END IF;
    IF next_id <= greatest(used.first_event_id, 1::bigint) THEN
        UPDATE event_partitions SET opened_at = looked_at WHERE first_event_id = used.first_event_id;
        RETURN false;
    END IF;

    next_first_id := (SELECT min(first_event_id) FROM event_partitions WHERE first_event_id >= used.end_event_id);
    SELECT last_value + is_called::integer::bigint, setval('events_id_seq'::regclass, next_first_id, false)
    INTO next_id, next_first_id
    FROM events_id_seq WHERE last_value < (used.first_event_id + used.end_event_id) / 2::bigint;
    IF next_first_id IS NULL THEN
        RETURN false;
    END IF;
    UPDATE event_partitions SET closed_at = clock_timestamp(), taken = next_id - first_event_id
    WHERE first_event_id = used.first_event_id;
    UPDATE event_partitions SET opened_at = looked_at WHERE first_event_id = next_first_id;
    RETURN true;
END
$$;
REVOKE ALL ON FUNCTION rotate_event_partitions(interval) FROM PUBLIC;
