-- Makes partitions ahead, so that at least two have taken no event yet: each is a range of event ids with tables events_N,
-- ended_deliveries_N, attempts_N and attempt_counts_N, N = its first id. Notes which partitions are full. Returns the number of
-- partitions that it made.
--
-- A new partition has room for four times the events of the last one that was closed. So there is about one partition for each
-- time span of rotate_event_partitions, however many events there are: every partition costs a lock and a little planning time in
-- statements that read several. A partition that became full before its time span ended is followed by larger ones.
--
-- CREATE TABLE and ATTACH PARTITION wait for no reader, no publisher and no open snapshot, and none of them waits for these
-- statements. A new table has the columns, indexes, checks and defaults of its parent. Rights on its rows are those of the parent:
-- nobody reads or writes a partition by its own name.
--
-- The owner of the tables runs this function on behalf of every role that serves or publishes (SECURITY DEFINER). Therefore its
-- search_path is the one of its installation, and names and operators in it have exactly one meaning.
CREATE OR REPLACE FUNCTION make_event_partitions() RETURNS integer
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path FROM CURRENT
SET lock_timeout = '100ms'
AS $$
DECLARE
    -- Event ids at the borders of partitions are multiples of this number.
    smallest CONSTANT bigint := 250000;
    -- The id that the next event gets.
    next_id bigint;
    last_closed event_partitions;
    room bigint := smallest;
    first_id bigint;
    end_id bigint;
    made integer := 0;
    parent text;
BEGIN
    IF current_setting('transaction_read_only') = 'on' OR NOT lock_event_partitions() THEN
        RETURN 0;
    END IF;
    SELECT last_value + is_called::integer::bigint INTO next_id FROM events_id_seq;

    -- Partitions that are full. Nobody knows exactly when the following one took its first event: not before the full one did.
    UPDATE event_partitions SET closed_at = clock_timestamp(), taken = end_event_id - first_event_id
    WHERE closed_at IS NULL AND end_event_id <= next_id;
    UPDATE event_partitions
    SET opened_at = coalesce((SELECT max(opened_at) FROM event_partitions), clock_timestamp())
    WHERE opened_at IS NULL AND first_event_id <= next_id;

    SELECT * INTO last_closed FROM event_partitions WHERE closed_at IS NOT NULL ORDER BY first_event_id DESC LIMIT 1;
    IF last_closed.taken = last_closed.end_event_id - last_closed.first_event_id THEN
        room := last_closed.taken * 10::bigint;
    ELSIF last_closed.taken IS NOT NULL THEN
        room := (last_closed.taken * 4::bigint / smallest + 1::bigint) * smallest;
    END IF;

    WHILE (SELECT count(*) FROM event_partitions WHERE first_event_id > next_id) < 2::bigint LOOP
        first_id := greatest((SELECT max(end_event_id) FROM event_partitions), next_id - next_id % smallest);
        end_id := first_id + room;
        FOREACH parent IN ARRAY '{events,ended_deliveries,attempts,attempt_counts}'::text[] LOOP
            EXECUTE 'CREATE TABLE ' || parent || '_' || first_id::text || ' (LIKE ' || parent || ' INCLUDING ALL)';
            EXECUTE 'ALTER TABLE ' || parent || ' ATTACH PARTITION ' || parent || '_' || first_id::text
                || ' FOR VALUES FROM (' || first_id::text || ') TO (' || end_id::text || ')';
        END LOOP;
        INSERT INTO event_partitions (first_event_id, end_event_id, opened_at)
        VALUES (first_id, end_id, CASE WHEN first_id <= next_id THEN clock_timestamp() END);
        made := made + 1;
    END LOOP;
    RETURN made;
EXCEPTION
    -- Another transaction changes the tables, for example by ANALYZE, or the caller is reading them. The next call makes the
    -- partitions.
    WHEN lock_not_available OR object_in_use THEN
        RETURN 0;
END
$$;
REVOKE ALL ON FUNCTION make_event_partitions() FROM PUBLIC;
