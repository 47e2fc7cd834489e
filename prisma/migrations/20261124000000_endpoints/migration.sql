-- Searching the middle of a target by index.
CREATE EXTENSION IF NOT EXISTS pg_trgm;

-- CreateTable
CREATE TABLE "endpoints" (
    "id" SERIAL NOT NULL,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT transaction_timestamp(),
    "updated_at" TIMESTAMPTZ(3) NOT NULL DEFAULT transaction_timestamp(),
    "version" INTEGER NOT NULL DEFAULT 1,
    "is_active" BOOLEAN NOT NULL DEFAULT true,
    "target" TEXT NOT NULL,
    "description" TEXT NOT NULL DEFAULT '',
    "ssl_cert_verification" BOOLEAN NOT NULL DEFAULT true,
    "disabled_reason" TEXT,

    CONSTRAINT "endpoints_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "endpoint_events" (
    "endpoint_id" INTEGER NOT NULL,
    "type" TEXT COLLATE "C" NOT NULL,
    "added_at" TIMESTAMPTZ(3) NOT NULL DEFAULT transaction_timestamp(),

    CONSTRAINT "endpoint_events_pkey" PRIMARY KEY ("endpoint_id","type")
);

-- CreateTable
CREATE TABLE "event_types" (
    "type" TEXT COLLATE "C" NOT NULL,
    "group" TEXT NOT NULL,
    "description" TEXT NOT NULL,
    "sent_only_if" TEXT,
    "retired_at" TIMESTAMPTZ(3),

    CONSTRAINT "event_types_pkey" PRIMARY KEY ("type")
);

-- CreateTable
CREATE TABLE "signing_secrets" (
    "id" UUID NOT NULL,
    "endpoint_id" INTEGER NOT NULL,
    "sealed" BYTEA NOT NULL,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT transaction_timestamp(),
    "expires_at" TIMESTAMPTZ(3),

    CONSTRAINT "signing_secrets_pkey" PRIMARY KEY ("id")
);

-- CreateIndex
CREATE INDEX "endpoints_created_at_id_idx" ON "endpoints"("created_at", "id");

-- CreateIndex
CREATE INDEX "endpoints_updated_at_id_idx" ON "endpoints"("updated_at", "id");

-- CreateIndex
CREATE INDEX "endpoints_is_active_id_idx" ON "endpoints"("is_active", "id");

-- CreateIndex
CREATE INDEX "endpoints_target_idx" ON "endpoints" USING GIN ("target" gin_trgm_ops);

-- CreateIndex
CREATE INDEX "endpoint_events_type_endpoint_id_idx" ON "endpoint_events"("type", "endpoint_id");

-- CreateIndex
CREATE INDEX "signing_secrets_endpoint_id_created_at_idx" ON "signing_secrets"("endpoint_id", "created_at");

-- AddForeignKey
ALTER TABLE "endpoint_events" ADD CONSTRAINT "endpoint_events_endpoint_id_fkey" FOREIGN KEY ("endpoint_id") REFERENCES "endpoints"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "endpoint_events" ADD CONSTRAINT "endpoint_events_type_fkey" FOREIGN KEY ("type") REFERENCES "event_types"("type") ON DELETE RESTRICT ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "signing_secrets" ADD CONSTRAINT "signing_secrets_endpoint_id_fkey" FOREIGN KEY ("endpoint_id") REFERENCES "endpoints"("id") ON DELETE CASCADE ON UPDATE CASCADE;


-- What no path may store, whatever the program above believes.
ALTER TABLE "endpoints"
    ADD CONSTRAINT "endpoints_target_check" CHECK (char_length("target") <= 2048 AND "target" ~* '^https?://'),
    ADD CONSTRAINT "endpoints_description_check" CHECK (char_length("description") <= 10000),
    ADD CONSTRAINT "endpoints_version_check" CHECK ("version" >= 1),
    ADD CONSTRAINT "endpoints_updated_at_check" CHECK ("updated_at" >= "created_at"),
    ADD CONSTRAINT "endpoints_disabled_reason_check" CHECK ("disabled_reason" IS NULL OR NOT "is_active");

-- An endpoint and its events as one document, events sorted by type.
CREATE FUNCTION endpoint_document(endpoint endpoints) RETURNS jsonb
LANGUAGE sql STABLE
RETURN jsonb_build_object(
    'id', endpoint.id,
    'createdAt', endpoint.created_at,
    'updatedAt', endpoint.updated_at,
    'version', endpoint.version,
    'isActive', endpoint.is_active,
    'target', endpoint.target,
    'description', endpoint.description,
    'sslCertVerification', endpoint.ssl_cert_verification,
    'disabledReason', endpoint.disabled_reason,
    'events', coalesce(
        (SELECT jsonb_agg(jsonb_build_object('type', event.type, 'addedAt', event.added_at) ORDER BY event.type)
         FROM endpoint_events event
         WHERE event.endpoint_id = endpoint.id),
        '[]'
    )
);

-- Changes an endpoint: a null argument keeps what is stored, new_event_types replaces the whole set of events.
-- Answers null when the endpoint does not exist, else {"outcome": ..., "endpoint": ...} with the outcome
-- 'changed', 'unchanged' or 'conflict' (expected_version is not the stored one; nothing is written).
--
-- Invariant: the row lock comes first, and each statement of a VOLATILE function takes a fresh snapshot (READ
-- COMMITTED). So the second of two concurrent calls sees everything that the first wrote, events included, and
-- writes only the fields it was given: no update is lost, and the version rises by one per effective change.
CREATE FUNCTION update_endpoint(
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
    SELECT * INTO stored FROM endpoints WHERE id = endpoint_id_to_change FOR NO KEY UPDATE;
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
