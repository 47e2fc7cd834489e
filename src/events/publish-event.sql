-- Accepts an event: stores the event, one delivery for each endpoint that is on and listens to its type, and the publisher's
-- idempotency key, all or nothing. A row of fan_outs takes the place of the deliveries, and a worker makes them, in two cases:
--
-- - More endpoints listen than a publisher should wait for. Of their index no more is read than it takes to know that.
-- - The snapshot of the transaction may be older than this call: its isolation is not READ COMMITTED. The worker sees what is
--   committed later.
--
-- Returns the outcome, the event, and the number of deliveries that are due once this transaction is committed (of an event
-- for a worker 1). That is everything that the answer to the publisher is made of: after the commit no read may fail and make a stored
-- event look like a failed one. The outcome is
--   published  the event is stored
--   repeated   the key belongs to this very event, published within the last 24 hours: the event as it is stored
--   conflict   the key belongs to an event with other content: no event
--
-- Invariant: within 24 hours one key of one publisher publishes one event. Of two calls at once with one key, the second waits at
-- the unique index until the first has committed, and then finds its event.
CREATE OR REPLACE FUNCTION publish_event(
    new_type text,
    data text,
    new_publisher text,
    new_key text,
    new_fingerprint bytea,
    OUT outcome text,
    OUT event events,
    OUT due_count integer
)
LANGUAGE plpgsql VOLATILE
AS $$
DECLARE
    known idempotency_keys;
    new_id bigint := nextval('events_id_seq');
    created timestamptz(6) := clock_timestamp();
    -- More listeners than this get the event from a worker, in batches, so that no publisher waits for them.
    fanned_out_at_once CONSTANT integer := 500;
    listening integer[];
    is_fanned_out boolean;
BEGIN
    due_count := 0;
    IF new_key IS NOT NULL THEN
        LOOP
            SELECT * INTO known FROM idempotency_keys
            WHERE publisher = new_publisher AND key = new_key FOR UPDATE;
            IF FOUND AND known.expires_at > created THEN
                IF known.fingerprint = new_fingerprint THEN
                    outcome := 'repeated';
                    SELECT * INTO event FROM events WHERE id = known.event_id;
                ELSE
                    outcome := 'conflict';
                END IF;
                RETURN;
            END IF;
            DELETE FROM idempotency_keys
            WHERE publisher = new_publisher AND key = new_key AND expires_at <= created;
            INSERT INTO idempotency_keys (publisher, key, fingerprint, event_id, expires_at)
            VALUES (new_publisher, new_key, new_fingerprint, new_id, created + interval '24 hours')
            ON CONFLICT DO NOTHING;
            EXIT WHEN FOUND;
        END LOOP;
    END IF;

    is_fanned_out := current_setting('transaction_isolation') IN ('read committed', 'read uncommitted');
    IF is_fanned_out THEN
        listening := listeners(new_type, 0, fanned_out_at_once + 1);
        is_fanned_out := cardinality(listening) <= fanned_out_at_once;
    END IF;
    INSERT INTO events (id, type, created_at, body, fanned_out_at)
    VALUES (new_id, new_type, created, event_body(new_id, new_type, created, data), CASE WHEN is_fanned_out THEN created END)
    RETURNING * INTO event;
    IF NOT is_fanned_out THEN
        INSERT INTO fan_outs (event_id, type) VALUES (new_id, new_type);
        due_count := 1;
    ELSIF listening <> '{}' THEN
        PERFORM queue_deliveries(new_id, listening, created);
        due_count := cardinality(listening);
    END IF;
    outcome := 'published';

    -- While publishers call this function by SQL, it may be that no gateway runs and makes partitions for events to come.
    IF new_id % 50000 = 49999 AND current_setting('transaction_isolation') = 'read committed' THEN
        PERFORM make_event_partitions();
    END IF;
END
$$;
