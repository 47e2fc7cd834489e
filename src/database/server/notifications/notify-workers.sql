-- Wakes as many workers as `deliveries` due deliveries need, when the calling transaction commits. Calls of one transaction
-- with the same number count as one: a worker that finds more than it can take wakes the next one.
--
-- A transaction that notifies holds a lock of all databases of the server from the start of its commit until the commit is on
-- disk. So the gateway's own notifications are transactions of their own, which do not wait for the disk (DueNotifier).
CREATE OR REPLACE FUNCTION notify_workers(deliveries integer) RETURNS void
LANGUAGE sql VOLATILE
AS $$
    SELECT pg_notify(workers_channel(), 'due ' || deliveries || ' ' || pg_current_xact_id())
$$;
