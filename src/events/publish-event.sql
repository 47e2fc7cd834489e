-- Accepts an event: stores the event, one delivery for each active endpoint that listens to its type, and the publisher's
-- idempotency key, all or nothing.
--
-- Returns {"outcome", "eventId"}:
--   published  the event is stored
--   repeated   the key belongs to this very event, published within the last 24 hours
--   conflict   the key belongs to an event with other content
--
-- Invariant: within 24 hours one key publishes one event. Of two calls at once with one key, the second waits at the unique
-- index until the first has committed, and then finds its event.
CREATE OR REPLACE FUNCTION publish_event(
    new_type text,
    data text,
    new_key text,
    new_fingerprint bytea
) RETURNS jsonb
LANGUAGE plpgsql VOLATILE
AS $$
DECLARE
    known idempotency_keys;
    new_id bigint := nextval('events_id_seq');
    created timestamptz(6) := clock_timestamp();
BEGIN
    IF new_key IS NOT NULL THEN
        LOOP
            SELECT * INTO known FROM idempotency_keys WHERE key = new_key FOR UPDATE;
            IF FOUND AND known.expires_at > created THEN
                RETURN jsonb_build_object(
                    'outcome', CASE WHEN known.fingerprint = new_fingerprint THEN 'repeated' ELSE 'conflict' END,
                    'eventId', known.event_id::text);
            END IF;
            DELETE FROM idempotency_keys WHERE key = new_key AND expires_at <= created;
            -- The event follows below: the foreign key is checked at commit.
            INSERT INTO idempotency_keys (key, fingerprint, event_id, expires_at)
            VALUES (new_key, new_fingerprint, new_id, created + interval '24 hours')
            ON CONFLICT DO NOTHING;
            EXIT WHEN FOUND;
        END LOOP;
    END IF;

    INSERT INTO events (id, type, created_at, body)
    VALUES (new_id, new_type, created, event_body(new_id, new_type, created, data));
    INSERT INTO deliveries (event_id, endpoint_id, next_attempt_at)
    SELECT new_id, endpoint.id, created
    FROM endpoint_events listening
    JOIN endpoints endpoint ON endpoint.id = listening.endpoint_id
    WHERE listening.type = new_type AND endpoint.is_active AND endpoint.deleted_at IS NULL;
    RETURN jsonb_build_object('outcome', 'published', 'eventId', new_id::text);
END
$$;
