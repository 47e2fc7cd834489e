-- The first event id of the partition that holds an event. Partitions hold 10,000,000 ids each.
CREATE OR REPLACE FUNCTION partition_of(event_id bigint) RETURNS bigint
LANGUAGE sql IMMUTABLE
AS $$
    SELECT event_id - event_id % 10000000
$$;
