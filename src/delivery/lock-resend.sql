-- Locks what a resend of events to an endpoint must have before it reads the events, until the caller's transaction ends:
--
-- - other resends to the endpoint. Without that, a delivery that one of two moves into the queue would be locked last by the other,
--   whatever its event, and the other could deadlock with record_attempts, which locks in the order of events;
-- - the fan-outs of events that are not fanned out yet: a fan-out passes over them (see fan_out). The order is that of fan_out and
--   empty_event_partition: first fan_outs, then events.
CREATE OR REPLACE FUNCTION lock_resend(to_endpoint integer, event_ids bigint[]) RETURNS void
LANGUAGE plpgsql VOLATILE
SET enable_seqscan = off SET enable_bitmapscan = off
AS $$
BEGIN
    PERFORM pg_advisory_xact_lock(4860113, to_endpoint);
    PERFORM FROM fan_outs WHERE event_id = ANY (event_ids) ORDER BY event_id FOR KEY SHARE;
END
$$;
