-- Lets one transaction at a time make, close, empty and drop partitions of events. False = another one does so now.
CREATE OR REPLACE FUNCTION lock_event_partitions() RETURNS boolean
LANGUAGE sql VOLATILE
AS $$
    -- The number of this lock, and of this installation among several in one database.
    SELECT pg_try_advisory_xact_lock(4860112::bigint * 4294967296::bigint + 'event_partitions'::regclass::oid::bigint)
$$;
