-- Wakes workers when the calling transaction commits: one, which wakes others if there is more than it can take. So calls of one
-- transaction count as one.
--
-- A transaction that notifies holds a lock of the whole server from the start of its commit until the commit is on disk, and on the
-- disk of a synchronous standby. So the gateway's own notifications are transactions of their own, which wait for no disk
-- (due-notifier.ts). Where the caller's transaction is the publish, there is no other way.
CREATE OR REPLACE FUNCTION notify_workers(is_fan_out boolean) RETURNS void
LANGUAGE sql VOLATILE
AS $$
    SELECT pg_notify(workers_channel(),
        CASE WHEN is_fan_out THEN 'fan-out' ELSE 'deliveries' END || ' 1 ' || pg_current_xact_id())
$$;
