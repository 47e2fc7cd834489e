-- CreateEnum
CREATE TYPE "delivery_status" AS ENUM ('PENDING', 'DELIVERED', 'FAILED', 'CANCELLED');

-- CreateEnum
CREATE TYPE "attempt_error" AS ENUM ('DNS', 'CONNECTION', 'TLS', 'TIMEOUT', 'BLOCKED_ADDRESS', 'REDIRECT', 'HTTP_STATUS', 'ABORTED');

-- AlterTable
ALTER TABLE "endpoints" ADD COLUMN     "deleted_at" TIMESTAMPTZ(3);

-- CreateTable
CREATE TABLE "events" (
    "id" BIGSERIAL NOT NULL,
    "type" TEXT NOT NULL,
    "created_at" TIMESTAMPTZ(6) NOT NULL DEFAULT transaction_timestamp(),
    "body" TEXT NOT NULL,
    "is_test" BOOLEAN NOT NULL DEFAULT false,

    CONSTRAINT "events_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "idempotency_keys" (
    "key" TEXT NOT NULL,
    "fingerprint" BYTEA NOT NULL,
    "event_id" BIGINT NOT NULL,
    "expires_at" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "idempotency_keys_pkey" PRIMARY KEY ("key")
);

-- CreateTable
CREATE TABLE "deliveries" (
    "id" BIGSERIAL NOT NULL,
    "event_id" BIGINT NOT NULL,
    "endpoint_id" INTEGER NOT NULL,
    "status" "delivery_status" NOT NULL DEFAULT 'PENDING',
    "attempt_count" INTEGER NOT NULL DEFAULT 0,
    "tries" INTEGER NOT NULL DEFAULT 0,
    "next_attempt_at" TIMESTAMPTZ(3) NOT NULL DEFAULT transaction_timestamp(),
    "lease_owner" UUID,

    CONSTRAINT "deliveries_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "attempts" (
    "id" BIGSERIAL NOT NULL,
    "delivery_id" BIGINT NOT NULL,
    "event_id" BIGINT NOT NULL,
    "endpoint_id" INTEGER NOT NULL,
    "number" INTEGER NOT NULL,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT clock_timestamp(),
    "sent_at" TIMESTAMPTZ(3),
    "signature_header" TEXT NOT NULL,
    "response_status" INTEGER,
    "response_body" TEXT,
    "response_truncated" BOOLEAN NOT NULL DEFAULT false,
    "duration_ms" INTEGER,
    "error" "attempt_error",
    "next_retry_at" TIMESTAMPTZ(3),

    CONSTRAINT "attempts_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "attempt_counts" (
    "endpoint_id" INTEGER NOT NULL,
    "count" BIGINT NOT NULL,

    CONSTRAINT "attempt_counts_pkey" PRIMARY KEY ("endpoint_id")
);

-- CreateIndex
CREATE INDEX "events_created_at_idx" ON "events"("created_at");

-- CreateIndex
CREATE INDEX "idempotency_keys_expires_at_idx" ON "idempotency_keys"("expires_at");

-- CreateIndex
CREATE INDEX "idempotency_keys_event_id_idx" ON "idempotency_keys"("event_id");

-- CreateIndex
CREATE UNIQUE INDEX "deliveries_event_id_endpoint_id_key" ON "deliveries"("event_id", "endpoint_id");

-- CreateIndex
CREATE INDEX "attempts_delivery_id_idx" ON "attempts"("delivery_id");

-- CreateIndex
CREATE INDEX "attempts_endpoint_id_created_at_id_idx" ON "attempts"("endpoint_id", "created_at", "id");

-- CreateIndex
CREATE INDEX "attempts_endpoint_id_sent_at_id_idx" ON "attempts"("endpoint_id", "sent_at", "id");

-- CreateIndex
CREATE INDEX "attempts_endpoint_id_next_retry_at_id_idx" ON "attempts"("endpoint_id", "next_retry_at", "id");

-- CreateIndex
CREATE INDEX "attempts_created_at_idx" ON "attempts"("created_at");

-- AddForeignKey
ALTER TABLE "events" ADD CONSTRAINT "events_type_fkey" FOREIGN KEY ("type") REFERENCES "event_types"("type") ON DELETE RESTRICT ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "idempotency_keys" ADD CONSTRAINT "idempotency_keys_event_id_fkey" FOREIGN KEY ("event_id") REFERENCES "events"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "deliveries" ADD CONSTRAINT "deliveries_event_id_fkey" FOREIGN KEY ("event_id") REFERENCES "events"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "deliveries" ADD CONSTRAINT "deliveries_endpoint_id_fkey" FOREIGN KEY ("endpoint_id") REFERENCES "endpoints"("id") ON DELETE RESTRICT ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "attempts" ADD CONSTRAINT "attempts_delivery_id_fkey" FOREIGN KEY ("delivery_id") REFERENCES "deliveries"("id") ON DELETE CASCADE ON UPDATE CASCADE;

ALTER TABLE "deliveries"
    ADD CONSTRAINT "deliveries_tries_check" CHECK ("tries" >= 0 AND "tries" <= "attempt_count"),
    -- Claims and outcomes move rows in and out of the index below all the time: leave room and clean up early.
    SET (fillfactor = 80, autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_cost_delay = 0);

-- The queue: pending deliveries by lane (endpoint), first attempts before retries, earliest first. An expression
-- keeps Prisma from taking it for an index of its own to drop.
CREATE INDEX "deliveries_lane" ON "deliveries" ("endpoint_id", least("tries", 1), "next_attempt_at", "id")
    WHERE "status" = 'PENDING';

-- What is being sent right now: a few rows, whatever else is pending.
CREATE INDEX "deliveries_leased" ON "deliveries" (("lease_owner"::text)) WHERE "lease_owner" IS NOT NULL;

-- Deleting an endpoint hides it and its lane at once. Its secrets go with it; its deliveries stay on record, the
-- pending ones cancelled (a thousand here, the rest in batches by the workers).
-- Answers like update_endpoint; the outcome of a deletion is 'deleted'.
CREATE FUNCTION delete_endpoint(endpoint_id_to_delete integer, expected_version integer) RETURNS jsonb
LANGUAGE plpgsql VOLATILE
AS $$
DECLARE
    stored endpoints;
BEGIN
    SELECT * INTO stored FROM endpoints WHERE id = endpoint_id_to_delete AND deleted_at IS NULL FOR UPDATE;
    IF NOT FOUND THEN
        RETURN NULL;
    END IF;
    IF expected_version <> stored.version THEN
        RETURN jsonb_build_object('outcome', 'conflict', 'endpoint', endpoint_document(stored));
    END IF;
    UPDATE endpoints SET deleted_at = clock_timestamp() WHERE id = endpoint_id_to_delete;
    DELETE FROM signing_secrets WHERE endpoint_id = endpoint_id_to_delete;
    PERFORM cancel_deliveries(endpoint_id_to_delete, 1000);
    RETURN jsonb_build_object('outcome', 'deleted', 'endpoint', endpoint_document(stored));
END
$$;

-- Cancels pending deliveries of an endpoint, at most batch_size of them, and answers how many. One that is being
-- sent right now is left to the worker that sends it.
CREATE FUNCTION cancel_deliveries(endpoint_id_to_cancel integer, batch_size integer) RETURNS integer
LANGUAGE sql VOLATILE
AS $$
    WITH cancelled AS (
        UPDATE deliveries SET status = 'CANCELLED'
        WHERE id IN (
            SELECT id FROM deliveries
            WHERE endpoint_id = endpoint_id_to_cancel AND status = 'PENDING' AND lease_owner IS NULL
            LIMIT batch_size FOR UPDATE SKIP LOCKED
        )
        RETURNING 1
    )
    SELECT count(*)::integer FROM cancelled
$$;

-- Accepts an event: the event, one delivery per active endpoint that listens to it, and the publisher's key, all or
-- nothing. Answers {"outcome": 'published' | 'repeated' | 'conflict', "eventId": ...}.
--
-- data is JSON text and goes into the body as it stands: PostgreSQL never parses it, so what was published is, byte
-- for byte, what is signed and sent.
--
-- Invariant: of two calls at once with one key, the second waits at the unique index until the first has committed,
-- and then finds its event: a key never fans out twice within its 24 hours.
CREATE FUNCTION publish_event(
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
            -- The event it refers to follows below: the foreign key is checked at commit.
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

-- The body that receivers get. created is Unix seconds with microseconds.
CREATE FUNCTION event_body(id bigint, type text, created timestamptz, data text) RETURNS text
LANGUAGE sql STABLE
RETURN '{"event_id": ' || id || ', "type": ' || to_json(type)::text
    || ', "created": ' || trim_scale(extract(epoch FROM created)::numeric)::text || ', "data": ' || data || '}';

ALTER TABLE "idempotency_keys"
    ALTER CONSTRAINT "idempotency_keys_event_id_fkey" DEFERRABLE INITIALLY DEFERRED;

-- A deleted endpoint is changed by nobody.
CREATE OR REPLACE FUNCTION update_endpoint(
    endpoint_id_to_change integer,
    expected_version integer,
    new_target text,
    new_description text,
    new_is_active boolean,
    new_ssl_cert_verification boolean,
    new_event_types text[]
) RETURNS jsonb
LANGUAGE plpgsql VOLATILE
AS $$
DECLARE
    stored endpoints;
    changed boolean := false;
    changed_at timestamptz(3);
BEGIN
    SELECT * INTO stored FROM endpoints WHERE id = endpoint_id_to_change AND deleted_at IS NULL FOR NO KEY UPDATE;
    IF NOT FOUND THEN
        RETURN NULL;
    END IF;
    IF expected_version <> stored.version THEN
        RETURN jsonb_build_object('outcome', 'conflict', 'endpoint', endpoint_document(stored));
    END IF;
    -- The clock of the database, never behind what is stored: transactions that waited for the lock began earlier.
    changed_at := greatest(clock_timestamp(), stored.updated_at);

    IF new_event_types IS NOT NULL THEN
        DELETE FROM endpoint_events
        WHERE endpoint_id = endpoint_id_to_change AND type <> ALL (new_event_types);
        changed := FOUND;
        INSERT INTO endpoint_events (endpoint_id, type, added_at)
        SELECT endpoint_id_to_change, new_type, changed_at FROM unnest(new_event_types) AS new_type
        ON CONFLICT DO NOTHING;
        changed := changed OR FOUND;
    END IF;

    changed := changed
        OR new_target <> stored.target
        OR new_description <> stored.description
        OR new_is_active <> stored.is_active
        OR new_ssl_cert_verification <> stored.ssl_cert_verification;
    IF changed IS NOT TRUE THEN
        RETURN jsonb_build_object('outcome', 'unchanged', 'endpoint', endpoint_document(stored));
    END IF;

    UPDATE endpoints
    SET target = coalesce(new_target, target),
        description = coalesce(new_description, description),
        is_active = coalesce(new_is_active, is_active),
        ssl_cert_verification = coalesce(new_ssl_cert_verification, ssl_cert_verification),
        disabled_reason = CASE WHEN new_is_active THEN NULL ELSE disabled_reason END,
        updated_at = changed_at,
        version = version + 1
    WHERE id = endpoint_id_to_change
    RETURNING * INTO stored;
    RETURN jsonb_build_object('outcome', 'changed', 'endpoint', endpoint_document(stored));
END
$$;
