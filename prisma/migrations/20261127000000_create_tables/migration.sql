-- Every table of Hookgate, with its constraints and indexes. SQL functions are not here: they are files beside their callers,
-- src/**/*.sql. Until the first release this migration is edited in place; a database made by an earlier text of it is refused.

-- Trigrams: the index that finds the middle of a target.
CREATE EXTENSION IF NOT EXISTS pg_trgm;

CREATE TYPE "endpoint_disabled_reason" AS ENUM ('GONE', 'FAILING');
CREATE TYPE "delivery_status" AS ENUM ('PENDING', 'DELIVERED', 'FAILED', 'CANCELLED');
CREATE TYPE "attempt_trigger" AS ENUM ('SCHEDULE', 'RESEND', 'REPLAY', 'TEST', 'PROBE');
CREATE TYPE "attempt_outcome" AS ENUM ('DELIVERED', 'FAILED', 'BUSY', 'ABORTED');
CREATE TYPE "attempt_error" AS ENUM ('DNS', 'CONNECTION', 'TLS', 'TIMEOUT', 'BLOCKED_ADDRESS', 'REDIRECT', 'HTTP_STATUS', 'ABORTED');

CREATE TABLE "endpoints" (
    "id" SERIAL NOT NULL,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT transaction_timestamp(),
    "updated_at" TIMESTAMPTZ(3) NOT NULL DEFAULT transaction_timestamp(),
    "version" INTEGER NOT NULL DEFAULT 1,
    "is_active" BOOLEAN NOT NULL DEFAULT true,
    "target" TEXT NOT NULL,
    "description" TEXT NOT NULL DEFAULT '',
    "ssl_cert_verification" BOOLEAN NOT NULL DEFAULT true,
    "disabled_reason" "endpoint_disabled_reason",
    "disabled_at" TIMESTAMPTZ(3),
    "deleted_at" TIMESTAMPTZ(3),

    CONSTRAINT "endpoints_pkey" PRIMARY KEY ("id")
);

CREATE TABLE "endpoint_events" (
    "endpoint_id" INTEGER NOT NULL,
    "type" TEXT COLLATE "C" NOT NULL,
    "added_at" TIMESTAMPTZ(3) NOT NULL DEFAULT transaction_timestamp(),
    "is_on" BOOLEAN NOT NULL,

    CONSTRAINT "endpoint_events_pkey" PRIMARY KEY ("endpoint_id","type")
);

CREATE TABLE "event_types" (
    "type" TEXT COLLATE "C" NOT NULL,
    "group" TEXT NOT NULL,
    "description" TEXT NOT NULL,
    "sent_only_if" TEXT,
    "retired_at" TIMESTAMPTZ(3),

    CONSTRAINT "event_types_pkey" PRIMARY KEY ("type")
);

CREATE TABLE "signing_secrets" (
    "id" UUID NOT NULL,
    "endpoint_id" INTEGER NOT NULL,
    "sealed" BYTEA NOT NULL,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT transaction_timestamp(),
    "expires_at" TIMESTAMPTZ(3),

    CONSTRAINT "signing_secrets_pkey" PRIMARY KEY ("id")
);

-- Partitioned by the event's id, which grows with time: an event, its ended deliveries and its attempts leave together.
-- src/retention makes and drops the partitions. No foreign key refers to a partition, so that dropping it reads nothing.
CREATE TABLE "events" (
    "id" BIGSERIAL NOT NULL,
    "type" TEXT NOT NULL,
    "created_at" TIMESTAMPTZ(6) NOT NULL DEFAULT transaction_timestamp(),
    "body" TEXT NOT NULL,
    "is_test" BOOLEAN NOT NULL DEFAULT false,
    "fanned_out_at" TIMESTAMPTZ(3),

    CONSTRAINT "events_pkey" PRIMARY KEY ("id")
) PARTITION BY RANGE ("id");

CREATE TABLE "ended_deliveries" (
    "event_id" BIGINT NOT NULL,
    "endpoint_id" INTEGER NOT NULL,
    "status" "delivery_status" NOT NULL,
    "attempt_count" INTEGER NOT NULL,
    "tries" SMALLINT NOT NULL DEFAULT 0,

    CONSTRAINT "ended_deliveries_pkey" PRIMARY KEY ("event_id","endpoint_id")
) PARTITION BY RANGE ("event_id");

CREATE TABLE "attempts" (
    "id" BIGSERIAL NOT NULL,
    "event_id" BIGINT NOT NULL,
    "endpoint_id" INTEGER NOT NULL,
    "send_id" UUID NOT NULL DEFAULT gen_random_uuid(),
    "number" INTEGER NOT NULL,
    "trigger" "attempt_trigger" NOT NULL DEFAULT 'SCHEDULE',
    "outcome" "attempt_outcome" NOT NULL,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT clock_timestamp(),
    "sent_at" TIMESTAMPTZ(3),
    "signature_header" TEXT NOT NULL,
    "response_status" INTEGER,
    "response_body" TEXT,
    "response_truncated" BOOLEAN NOT NULL DEFAULT false,
    "duration_ms" INTEGER,
    "error" "attempt_error",
    "error_detail" TEXT,
    "next_retry_at" TIMESTAMPTZ(3),

    CONSTRAINT "attempts_pkey" PRIMARY KEY ("id","event_id")
) PARTITION BY RANGE ("event_id");

CREATE TABLE "event_partitions" (
    "first_event_id" BIGINT NOT NULL,
    "end_event_id" BIGINT NOT NULL,
    "opened_at" TIMESTAMPTZ(3),
    "closed_at" TIMESTAMPTZ(3),
    "taken" BIGINT,
    "emptied_at" TIMESTAMPTZ(3),

    CONSTRAINT "event_partitions_pkey" PRIMARY KEY ("first_event_id")
);

CREATE TABLE "attempt_counts" (
    "endpoint_id" INTEGER NOT NULL,
    "first_event_id" BIGINT NOT NULL,
    "shard" SMALLINT NOT NULL,
    "count" BIGINT NOT NULL,

    CONSTRAINT "attempt_counts_pkey" PRIMARY KEY ("endpoint_id","first_event_id","shard")
) PARTITION BY RANGE ("first_event_id");

CREATE TABLE "idempotency_keys" (
    "publisher" TEXT NOT NULL,
    "key" TEXT NOT NULL,
    "fingerprint" BYTEA NOT NULL,
    "event_id" BIGINT NOT NULL,
    "expires_at" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "idempotency_keys_pkey" PRIMARY KEY ("publisher","key")
);

CREATE TABLE "queue" (
    "event_id" BIGINT NOT NULL,
    "endpoint_id" INTEGER NOT NULL,
    "attempt_count" INTEGER NOT NULL DEFAULT 0,
    "tries" INTEGER NOT NULL DEFAULT 0,
    "next_attempt_at" TIMESTAMPTZ(3) NOT NULL DEFAULT transaction_timestamp(),
    "lease_owner" UUID,
    "lease_expires_at" TIMESTAMPTZ(3),
    "resend_count" INTEGER NOT NULL DEFAULT 0,
    "busy_since" TIMESTAMPTZ(3),

    CONSTRAINT "queue_pkey" PRIMARY KEY ("event_id","endpoint_id")
);

CREATE TABLE "lanes" (
    "endpoint_id" INTEGER NOT NULL,
    "is_awake" BOOLEAN NOT NULL,
    "due_at" TIMESTAMPTZ(3) NOT NULL,
    "resting_until" TIMESTAMPTZ(3),

    CONSTRAINT "lanes_pkey" PRIMARY KEY ("endpoint_id")
);

CREATE TABLE "lane_wakes" (
    "id" BIGSERIAL NOT NULL,
    "endpoint_id" INTEGER NOT NULL,

    CONSTRAINT "lane_wakes_pkey" PRIMARY KEY ("id")
);

CREATE TABLE "fan_outs" (
    "event_id" BIGINT NOT NULL,
    "type" TEXT COLLATE "C" NOT NULL,
    "after_endpoint_id" INTEGER NOT NULL DEFAULT 0,

    CONSTRAINT "fan_outs_pkey" PRIMARY KEY ("event_id")
);

CREATE TABLE "installed_functions" (
    "name" TEXT NOT NULL,
    "digest" TEXT NOT NULL,

    CONSTRAINT "installed_functions_pkey" PRIMARY KEY ("name")
);

CREATE INDEX "endpoints_created_at_id_idx" ON "endpoints"("created_at", "id");
CREATE INDEX "endpoints_updated_at_id_idx" ON "endpoints"("updated_at", "id");
CREATE UNIQUE INDEX "endpoints_is_active_id_key" ON "endpoints"("is_active", "id");
CREATE INDEX "endpoints_target_idx" ON "endpoints" USING GIN ("target" gin_trgm_ops);
CREATE INDEX "endpoint_events_type_is_on_endpoint_id_idx" ON "endpoint_events"("type", "is_on", "endpoint_id");
CREATE INDEX "signing_secrets_endpoint_id_created_at_idx" ON "signing_secrets"("endpoint_id", "created_at");
CREATE INDEX "events_created_at_id_idx" ON "events"("created_at", "id");
CREATE INDEX "idempotency_keys_expires_at_idx" ON "idempotency_keys"("expires_at");
CREATE INDEX "attempts_created_at_id_idx" ON "attempts"("created_at", "id");
CREATE INDEX "attempts_endpoint_id_created_at_id_idx" ON "attempts"("endpoint_id", "created_at", "id");
CREATE INDEX "attempts_endpoint_id_sent_at_id_idx" ON "attempts"("endpoint_id", "sent_at", "id");
CREATE INDEX "ended_deliveries_endpoint_id_event_id_idx" ON "ended_deliveries"("endpoint_id", "event_id");
CREATE INDEX "queue_endpoint_id_event_id_idx" ON "queue"("endpoint_id", "event_id");
CREATE UNIQUE INDEX "attempts_event_id_endpoint_id_send_id_key" ON "attempts"("event_id", "endpoint_id", "send_id");

ALTER TABLE "endpoint_events" ADD CONSTRAINT "endpoint_events_endpoint_id_is_on_fkey" FOREIGN KEY ("endpoint_id", "is_on") REFERENCES "endpoints"("id", "is_active") ON DELETE CASCADE ON UPDATE CASCADE;
ALTER TABLE "endpoint_events" ADD CONSTRAINT "endpoint_events_type_fkey" FOREIGN KEY ("type") REFERENCES "event_types"("type") ON DELETE RESTRICT ON UPDATE CASCADE;
ALTER TABLE "signing_secrets" ADD CONSTRAINT "signing_secrets_endpoint_id_fkey" FOREIGN KEY ("endpoint_id") REFERENCES "endpoints"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- Prisma's schema cannot say what follows.

ALTER TABLE "endpoints"
    ADD CONSTRAINT "endpoints_target_check" CHECK ("target" ~* '^https?://'),
    ADD CONSTRAINT "endpoints_version_check" CHECK ("version" >= 1),
    ADD CONSTRAINT "endpoints_updated_at_check" CHECK ("updated_at" >= "created_at"),
    ADD CONSTRAINT "endpoints_deleted_at_check" CHECK ("deleted_at" IS NULL OR NOT "is_active"),
    ADD CONSTRAINT "endpoints_disabled_reason_check" CHECK ("disabled_reason" IS NULL OR NOT "is_active"),
    ADD CONSTRAINT "endpoints_disabled_at_check" CHECK (("disabled_at" IS NULL) = ("disabled_reason" IS NULL));

ALTER TABLE "ended_deliveries"
    ADD CONSTRAINT "ended_deliveries_status_check" CHECK ("status" <> 'PENDING');

ALTER TABLE "queue"
    ADD CONSTRAINT "queue_tries_check" CHECK ("tries" >= 0 AND "tries" <= "attempt_count"),
    SET (
        -- Room on each page for the lease of every row: rows that are leased together were mostly published together.
        fillfactor = 45,
        -- Every delivery passes through the queue: clean up early.
        autovacuum_vacuum_scale_factor = 0.02,
        autovacuum_vacuum_cost_delay = 0
    );

-- The lanes of the queue: pending deliveries by endpoint, first attempts before retries, earliest first. The expression keeps
-- Prisma from taking the index for one of its own and dropping it.
--
-- The condition is true for every row. It keeps the index from statements that do not name the part of the lane: they look for single
-- deliveries. While the statistics say that the queue is empty, the planner takes this index for as good as queue_pkey, and would
-- look for each delivery among all of its endpoint.
CREATE INDEX "queue_lane" ON "queue" ("endpoint_id", least("tries", 1), "next_attempt_at", "event_id")
    WHERE least("tries", 1) >= 0;

-- Deleted endpoints, which are removed once nothing of them is on record.
CREATE INDEX "endpoints_deleted" ON "endpoints" ("deleted_at") WHERE "deleted_at" IS NOT NULL;

-- The lanes that claims look into, and the others by the time at which they must be looked into again.
CREATE INDEX "lanes_awake" ON "lanes" ("endpoint_id") WHERE "is_awake";
CREATE INDEX "lanes_asleep" ON "lanes" ("due_at") WHERE NOT "is_awake";

CREATE INDEX "attempts_next_retry" ON "attempts" ("endpoint_id", "next_retry_at", "id") WHERE "next_retry_at" IS NOT NULL;

-- Every delivery is one row: in the queue while it is pending, in ended_deliveries afterwards.
CREATE VIEW "deliveries" AS
    SELECT "event_id", "endpoint_id", 'PENDING'::"delivery_status" AS "status", "attempt_count", "tries", "next_attempt_at",
        "lease_owner", "lease_expires_at", "resend_count"
    FROM "queue"
    UNION ALL
    SELECT "event_id", "endpoint_id", "status", "attempt_count", "tries"::integer, NULL, NULL, NULL, 0
    FROM "ended_deliveries";
