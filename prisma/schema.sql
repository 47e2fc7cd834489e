-- The whole live schema, functions included, as PostgreSQL's pg_dump prints it. Written by `npm run schema`. Do not edit.
-- Tables come from prisma/migrations, functions from src/**/*.sql.
CREATE EXTENSION IF NOT EXISTS pg_trgm WITH SCHEMA public;

COMMENT ON EXTENSION pg_trgm IS 'text similarity measurement and index searching based on trigrams';

CREATE TYPE public.attempt_error AS ENUM (
    'DNS',
    'CONNECTION',
    'TLS',
    'TIMEOUT',
    'BLOCKED_ADDRESS',
    'REDIRECT',
    'HTTP_STATUS',
    'ABORTED'
);

CREATE TYPE public.delivery_status AS ENUM (
    'PENDING',
    'DELIVERED',
    'FAILED',
    'CANCELLED'
);

CREATE FUNCTION public.claim_deliveries(claiming_owner uuid, lease_ms double precision, clock_offset_ms double precision, slots integer, slots_per_endpoint integer, busy_endpoints integer[], busy_free_slots integer[], after_endpoint integer) RETURNS TABLE(id text, event_id text, endpoint_id integer, number integer, tries integer, resend_count integer, is_wanted boolean, body text, endpoint jsonb)
    LANGUAGE plpgsql
    SET enable_seqscan TO 'off'
    AS $$
#variable_conflict use_column
DECLARE
    clock_offset interval := make_interval(secs => clock_offset_ms / 1000);
    started_at timestamptz := clock_timestamp() + clock_offset;
    locked_at timestamptz;
    -- The locked endpoints, and in the same order the most deliveries to lease of each.
    endpoint_ids integer[];
    endpoint_slots integer[];
    -- Physical addresses (ctid) of the deliveries to lease. They stay valid: the rows are locked, so nobody else can move them.
    addresses tid[];
BEGIN
    -- Lock endpoints with a due delivery.
    WITH candidate AS MATERIALIZED (
        SELECT endpoint.id, coalesce(busy.free_slots, slots_per_endpoint) AS free_slots
        FROM pending_lanes() AS lane(endpoint_id)
        JOIN endpoints endpoint ON endpoint.id = lane.endpoint_id
        LEFT JOIN unnest(busy_endpoints, busy_free_slots) AS busy(endpoint_id, free_slots)
            ON busy.endpoint_id = endpoint.id
        CROSS JOIN LATERAL (
            -- 0 = a first attempt is due, 1 = only retries are due, null = no delivery is due.
            SELECT min(part.is_retry) AS is_retry FROM (VALUES (0), (1)) AS part(is_retry) CROSS JOIN LATERAL (
                SELECT FROM deliveries delivery
                WHERE delivery.endpoint_id = endpoint.id AND least(delivery.tries, 1) = part.is_retry
                    AND is_due(delivery, started_at)
                ORDER BY delivery.next_attempt_at LIMIT 1
            ) earliest
        ) due
        WHERE endpoint.is_active AND endpoint.deleted_at IS NULL AND coalesce(busy.free_slots, 1) > 0
            AND due.is_retry IS NOT NULL
        ORDER BY due.is_retry, endpoint.id <= after_endpoint, endpoint.id
        LIMIT slots
        FOR SHARE OF endpoint SKIP LOCKED
    )
    -- When all candidates have enough due deliveries, each gets an equal share of `slots`: read and lock no more rows than that.
    SELECT array_agg(candidate.id),
        array_agg(least(candidate.free_slots, ceil(slots::float8 / greatest(total.candidates, 1))::integer))
    INTO endpoint_ids, endpoint_slots
    FROM candidate CROSS JOIN (SELECT count(*) AS candidates FROM candidate) total;
    IF endpoint_ids IS NULL THEN
        RETURN;
    END IF;
    locked_at := clock_timestamp() + clock_offset;

    -- Lock and choose due deliveries of these endpoints.
    WITH locked AS (
        SELECT * FROM unnest(endpoint_ids, endpoint_slots) AS endpoint(endpoint_id, slots)
    ),
    first_attempt AS MATERIALIZED (
        SELECT locked.endpoint_id, due.ctid, due.next_attempt_at, due.id
        FROM locked CROSS JOIN LATERAL (
            SELECT delivery.ctid, delivery.next_attempt_at, delivery.id FROM deliveries delivery
            WHERE delivery.endpoint_id = locked.endpoint_id AND least(delivery.tries, 1) = 0
                AND is_due(delivery, started_at)
            ORDER BY delivery.next_attempt_at, delivery.id
            LIMIT locked.slots FOR NO KEY UPDATE SKIP LOCKED
        ) due
    ),
    retry AS MATERIALIZED (
        SELECT locked.endpoint_id, due.ctid, due.next_attempt_at, due.id
        FROM locked
        LEFT JOIN (SELECT endpoint_id, count(*) AS slots FROM first_attempt GROUP BY endpoint_id) taken
            ON taken.endpoint_id = locked.endpoint_id
        CROSS JOIN LATERAL (
            SELECT delivery.ctid, delivery.next_attempt_at, delivery.id FROM deliveries delivery
            WHERE delivery.endpoint_id = locked.endpoint_id AND least(delivery.tries, 1) = 1
                AND is_due(delivery, started_at)
            ORDER BY delivery.next_attempt_at, delivery.id
            LIMIT greatest(locked.slots - coalesce(taken.slots, 0), 0) FOR NO KEY UPDATE SKIP LOCKED
        ) due
    )
    SELECT array_agg(ctid ORDER BY is_retry, turn, endpoint_id <= after_endpoint, endpoint_id)
    INTO addresses
    FROM (
        SELECT * FROM (
            SELECT *, row_number() OVER (PARTITION BY is_retry, endpoint_id ORDER BY next_attempt_at, id) AS turn
            FROM (SELECT *, false AS is_retry FROM first_attempt UNION ALL SELECT *, true FROM retry) due
        ) numbered
        ORDER BY is_retry, turn, endpoint_id <= after_endpoint, endpoint_id
        LIMIT slots
    ) chosen;

    -- Lease them, and return them with the state of their endpoints.
    RETURN QUERY
    WITH claimed AS (
        UPDATE deliveries delivery
        SET lease_owner = claiming_owner, lease_expires_at = started_at + make_interval(secs => lease_ms / 1000)
        FROM unnest(addresses) WITH ORDINALITY AS chosen(address, rank)
        WHERE delivery.ctid = chosen.address
        RETURNING delivery.*, chosen.rank
    ),
    endpoint_state AS MATERIALIZED (
        SELECT endpoint.id,
            ARRAY(SELECT type FROM endpoint_events WHERE endpoint_id = endpoint.id) AS types,
            jsonb_build_object(
                'target', endpoint.target,
                'sslCertVerification', endpoint.ssl_cert_verification,
                'secrets', (SELECT secrets FROM live_secrets_json(endpoint.id, locked_at) AS secrets)) AS state
        FROM endpoints endpoint WHERE endpoint.id = ANY (endpoint_ids)
    )
    SELECT claimed.id::text, claimed.event_id::text, claimed.endpoint_id, claimed.attempt_count + 1, claimed.tries,
        claimed.resend_count, is_wanted(claimed.resend_count, event.type, endpoint_state.types), event.body,
        CASE WHEN row_number() OVER (PARTITION BY claimed.endpoint_id ORDER BY claimed.rank) = 1 THEN endpoint_state.state END
    FROM claimed
    JOIN endpoint_state ON endpoint_state.id = claimed.endpoint_id
    JOIN events event ON event.id = claimed.event_id
    ORDER BY claimed.rank;
END
$$;

CREATE TABLE public.endpoints (
    id integer NOT NULL,
    created_at timestamp(3) with time zone DEFAULT transaction_timestamp() NOT NULL,
    updated_at timestamp(3) with time zone DEFAULT transaction_timestamp() NOT NULL,
    version integer DEFAULT 1 NOT NULL,
    is_active boolean DEFAULT true NOT NULL,
    target text NOT NULL,
    description text DEFAULT ''::text NOT NULL,
    ssl_cert_verification boolean DEFAULT true NOT NULL,
    disabled_reason text,
    deleted_at timestamp(3) with time zone,
    CONSTRAINT endpoints_disabled_reason_check CHECK (((disabled_reason IS NULL) OR (NOT is_active))),
    CONSTRAINT endpoints_target_check CHECK ((target ~* '^https?://'::text)),
    CONSTRAINT endpoints_updated_at_check CHECK ((updated_at >= created_at)),
    CONSTRAINT endpoints_version_check CHECK ((version >= 1))
);

CREATE FUNCTION public.endpoint_json(endpoint public.endpoints) RETURNS json
    LANGUAGE plpgsql STABLE
    AS $$
BEGIN
    RETURN json_build_object(
        'id', endpoint.id,
        'createdAt', endpoint.created_at,
        'updatedAt', endpoint.updated_at,
        'version', endpoint.version,
        'isActive', endpoint.is_active,
        'target', endpoint.target,
        'description', endpoint.description,
        'sslCertVerification', endpoint.ssl_cert_verification,
        'disabledReason', endpoint.disabled_reason,
        'events', (
            SELECT coalesce(json_agg(json_build_object('type', listened.type, 'addedAt', listened.added_at) ORDER BY listened.type), '[]')
            FROM endpoint_events listened WHERE listened.endpoint_id = endpoint.id
        )
    );
END
$$;

CREATE FUNCTION public.event_body(id bigint, type text, created timestamp with time zone, data text) RETURNS text
    LANGUAGE sql STABLE
    AS $$
    SELECT '{"event_id": ' || id || ', "type": ' || to_json(type)::text
        || ', "created": ' || trim_scale(extract(epoch FROM created)::numeric)::text || ', "data": ' || data || '}'
$$;

CREATE TABLE public.deliveries (
    id bigint NOT NULL,
    event_id bigint NOT NULL,
    endpoint_id integer NOT NULL,
    status public.delivery_status DEFAULT 'PENDING'::public.delivery_status NOT NULL,
    attempt_count integer DEFAULT 0 NOT NULL,
    tries integer DEFAULT 0 NOT NULL,
    next_attempt_at timestamp(3) with time zone DEFAULT transaction_timestamp() NOT NULL,
    lease_owner uuid,
    lease_expires_at timestamp(3) with time zone,
    resend_count integer DEFAULT 0 NOT NULL,
    CONSTRAINT deliveries_tries_check CHECK (((tries >= 0) AND (tries <= attempt_count)))
)
WITH (fillfactor='45', autovacuum_vacuum_scale_factor='0.02', autovacuum_vacuum_cost_delay='0');

CREATE FUNCTION public.is_claimable(delivery public.deliveries, moment timestamp with time zone) RETURNS boolean
    LANGUAGE sql IMMUTABLE
    AS $$
    SELECT delivery.status = 'PENDING' AND (delivery.lease_expires_at IS NULL OR delivery.lease_expires_at <= moment)
$$;

CREATE FUNCTION public.is_due(delivery public.deliveries, moment timestamp with time zone) RETURNS boolean
    LANGUAGE sql IMMUTABLE
    AS $$
    SELECT is_claimable(delivery, moment) AND delivery.next_attempt_at <= moment
$$;

CREATE FUNCTION public.is_wanted(resend_count integer, event_type text, listened_types text[]) RETURNS boolean
    LANGUAGE sql IMMUTABLE
    AS $$
    SELECT resend_count > 0 OR event_type = ANY (listened_types)
$$;

CREATE TABLE public.signing_secrets (
    id uuid NOT NULL,
    endpoint_id integer NOT NULL,
    sealed bytea NOT NULL,
    created_at timestamp(3) with time zone DEFAULT transaction_timestamp() NOT NULL,
    expires_at timestamp(3) with time zone
);

CREATE FUNCTION public.live_secrets(endpoint_id integer, moment timestamp with time zone) RETURNS SETOF public.signing_secrets
    LANGUAGE sql STABLE
    AS $$
    SELECT * FROM signing_secrets secret
    WHERE secret.endpoint_id = live_secrets.endpoint_id AND (secret.expires_at IS NULL OR secret.expires_at > moment)
    ORDER BY secret.created_at DESC, secret.id
$$;

CREATE FUNCTION public.live_secrets_json(endpoint_id integer, moment timestamp with time zone) RETURNS SETOF jsonb
    LANGUAGE sql STABLE
    AS $$
    SELECT coalesce(jsonb_agg(jsonb_build_object('id', secret.id, 'sealed', encode(secret.sealed, 'base64'))), '[]')
    FROM live_secrets(live_secrets_json.endpoint_id, moment) secret
$$;

CREATE FUNCTION public.pending_lanes() RETURNS SETOF integer
    LANGUAGE sql STABLE
    AS $$
    WITH RECURSIVE lane AS (
        (SELECT endpoint_id FROM deliveries WHERE status = 'PENDING' ORDER BY endpoint_id LIMIT 1)
        UNION ALL
        SELECT (
            SELECT next.endpoint_id FROM deliveries next
            WHERE next.status = 'PENDING' AND next.endpoint_id > lane.endpoint_id
            ORDER BY next.endpoint_id LIMIT 1
        )
        FROM lane WHERE lane.endpoint_id IS NOT NULL
    )
    SELECT endpoint_id FROM lane WHERE endpoint_id IS NOT NULL
$$;

CREATE TABLE public.events (
    id bigint NOT NULL,
    type text NOT NULL,
    created_at timestamp(6) with time zone DEFAULT transaction_timestamp() NOT NULL,
    body text NOT NULL,
    is_test boolean DEFAULT false NOT NULL
);

CREATE FUNCTION public.publish_event(new_type text, data text, new_publisher text, new_key text, new_fingerprint bytea, OUT outcome text, OUT event public.events) RETURNS record
    LANGUAGE plpgsql
    AS $$
DECLARE
    known idempotency_keys;
    new_id bigint := nextval('events_id_seq');
    created timestamptz(6) := clock_timestamp();
BEGIN
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
            -- The event follows below: the foreign key is checked at commit.
            INSERT INTO idempotency_keys (publisher, key, fingerprint, event_id, expires_at)
            VALUES (new_publisher, new_key, new_fingerprint, new_id, created + interval '24 hours')
            ON CONFLICT DO NOTHING;
            EXIT WHEN FOUND;
        END LOOP;
    END IF;

    INSERT INTO events (id, type, created_at, body)
    VALUES (new_id, new_type, created, event_body(new_id, new_type, created, data))
    RETURNING * INTO event;
    INSERT INTO deliveries (event_id, endpoint_id, next_attempt_at)
    SELECT new_id, endpoint.id, created
    FROM endpoint_events listening
    JOIN endpoints endpoint ON endpoint.id = listening.endpoint_id
    WHERE listening.type = new_type AND endpoint.is_active AND endpoint.deleted_at IS NULL;
    outcome := 'published';
END
$$;

CREATE FUNCTION public.update_endpoint(endpoint_id integer, expected_version integer, patch jsonb, event_types text[]) RETURNS json
    LANGUAGE plpgsql
    AS $$
#variable_conflict use_column
DECLARE
    stored endpoints;
    merged endpoints;
    event_types_changed boolean := false;
    changed_at timestamptz(3);
    outcome text;
BEGIN
    -- Lock
    SELECT * INTO stored FROM endpoints
    WHERE id = update_endpoint.endpoint_id AND deleted_at IS NULL FOR NO KEY UPDATE;
    IF NOT FOUND THEN
        RETURN NULL;
    END IF;

    -- Version: a comparison with null is not true, so null accepts any version.
    IF expected_version <> stored.version THEN
        outcome := 'conflict';
    ELSE
        -- The database's clock, never behind the stored time: the clock may have been set back.
        changed_at := greatest(clock_timestamp(), stored.updated_at);

        -- Merge. Event types are rows of their own: write only those that differ.
        merged := jsonb_populate_record(stored, patch);
        IF merged.is_active THEN
            merged.disabled_reason := NULL;
        END IF;
        IF event_types IS NOT NULL THEN
            DELETE FROM endpoint_events
            WHERE endpoint_id = stored.id AND type <> ALL (event_types);
            event_types_changed := FOUND;
            INSERT INTO endpoint_events (endpoint_id, type, added_at)
            SELECT stored.id, event_type, changed_at FROM unnest(event_types) AS event_type
            ON CONFLICT DO NOTHING;
            event_types_changed := event_types_changed OR FOUND;
        END IF;

        -- No-op: the patch changes neither a column nor the set of event types.
        IF NOT event_types_changed AND merged IS NOT DISTINCT FROM stored THEN
            outcome := 'unchanged';
        ELSE
            -- Write
            UPDATE endpoints
            SET target = merged.target,
                description = merged.description,
                is_active = merged.is_active,
                ssl_cert_verification = merged.ssl_cert_verification,
                disabled_reason = merged.disabled_reason,
                updated_at = changed_at,
                version = version + 1
            WHERE id = stored.id
            RETURNING * INTO stored;
            outcome := 'changed';
        END IF;
    END IF;

    RETURN json_build_object('outcome', outcome, 'endpoint', endpoint_json(stored));
END
$$;

CREATE TABLE public._prisma_migrations (
    id character varying(36) NOT NULL,
    checksum character varying(64) NOT NULL,
    finished_at timestamp with time zone,
    migration_name character varying(255) NOT NULL,
    logs text,
    rolled_back_at timestamp with time zone,
    started_at timestamp with time zone DEFAULT now() NOT NULL,
    applied_steps_count integer DEFAULT 0 NOT NULL
);

CREATE TABLE public.attempt_counts (
    endpoint_id integer NOT NULL,
    count bigint NOT NULL
);

CREATE TABLE public.attempts (
    id bigint NOT NULL,
    delivery_id bigint NOT NULL,
    send_id uuid DEFAULT gen_random_uuid() NOT NULL,
    event_id bigint NOT NULL,
    endpoint_id integer NOT NULL,
    number integer NOT NULL,
    created_at timestamp(3) with time zone DEFAULT clock_timestamp() NOT NULL,
    sent_at timestamp(3) with time zone,
    signature_header text NOT NULL,
    response_status integer,
    response_body text,
    response_truncated boolean DEFAULT false NOT NULL,
    duration_ms integer,
    error public.attempt_error,
    error_detail text,
    next_retry_at timestamp(3) with time zone
);

CREATE SEQUENCE public.attempts_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;

ALTER SEQUENCE public.attempts_id_seq OWNED BY public.attempts.id;

CREATE SEQUENCE public.deliveries_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;

ALTER SEQUENCE public.deliveries_id_seq OWNED BY public.deliveries.id;

CREATE TABLE public.endpoint_events (
    endpoint_id integer NOT NULL,
    type text NOT NULL COLLATE pg_catalog."C",
    added_at timestamp(3) with time zone DEFAULT transaction_timestamp() NOT NULL
);

CREATE SEQUENCE public.endpoints_id_seq
    AS integer
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;

ALTER SEQUENCE public.endpoints_id_seq OWNED BY public.endpoints.id;

CREATE TABLE public.event_types (
    type text NOT NULL COLLATE pg_catalog."C",
    "group" text NOT NULL,
    description text NOT NULL,
    sent_only_if text,
    retired_at timestamp(3) with time zone
);

CREATE SEQUENCE public.events_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;

ALTER SEQUENCE public.events_id_seq OWNED BY public.events.id;

CREATE TABLE public.idempotency_keys (
    publisher text NOT NULL,
    key text NOT NULL,
    fingerprint bytea NOT NULL,
    event_id bigint NOT NULL,
    expires_at timestamp(3) with time zone NOT NULL
);

CREATE TABLE public.installed_functions (
    name text NOT NULL,
    digest text NOT NULL
);

ALTER TABLE ONLY public.attempts ALTER COLUMN id SET DEFAULT nextval('public.attempts_id_seq'::regclass);

ALTER TABLE ONLY public.deliveries ALTER COLUMN id SET DEFAULT nextval('public.deliveries_id_seq'::regclass);

ALTER TABLE ONLY public.endpoints ALTER COLUMN id SET DEFAULT nextval('public.endpoints_id_seq'::regclass);

ALTER TABLE ONLY public.events ALTER COLUMN id SET DEFAULT nextval('public.events_id_seq'::regclass);

ALTER TABLE ONLY public._prisma_migrations
    ADD CONSTRAINT _prisma_migrations_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.attempt_counts
    ADD CONSTRAINT attempt_counts_pkey PRIMARY KEY (endpoint_id);

ALTER TABLE ONLY public.attempts
    ADD CONSTRAINT attempts_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.deliveries
    ADD CONSTRAINT deliveries_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.endpoint_events
    ADD CONSTRAINT endpoint_events_pkey PRIMARY KEY (endpoint_id, type);

ALTER TABLE ONLY public.endpoints
    ADD CONSTRAINT endpoints_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.event_types
    ADD CONSTRAINT event_types_pkey PRIMARY KEY (type);

ALTER TABLE ONLY public.events
    ADD CONSTRAINT events_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.idempotency_keys
    ADD CONSTRAINT idempotency_keys_pkey PRIMARY KEY (publisher, key);

ALTER TABLE ONLY public.installed_functions
    ADD CONSTRAINT installed_functions_pkey PRIMARY KEY (name);

ALTER TABLE ONLY public.signing_secrets
    ADD CONSTRAINT signing_secrets_pkey PRIMARY KEY (id);

CREATE UNIQUE INDEX attempts_delivery_id_send_id_key ON public.attempts USING btree (delivery_id, send_id);

CREATE INDEX attempts_endpoint_id_created_at_id_idx ON public.attempts USING btree (endpoint_id, created_at, id);

CREATE INDEX attempts_endpoint_id_next_retry_at_id_idx ON public.attempts USING btree (endpoint_id, next_retry_at, id);

CREATE INDEX attempts_endpoint_id_sent_at_id_idx ON public.attempts USING btree (endpoint_id, sent_at, id);

CREATE UNIQUE INDEX deliveries_event_id_endpoint_id_key ON public.deliveries USING btree (event_id, endpoint_id);

CREATE INDEX deliveries_lane ON public.deliveries USING btree (endpoint_id, LEAST(tries, 1), next_attempt_at, id) WHERE (status = 'PENDING'::public.delivery_status);

CREATE INDEX endpoint_events_type_endpoint_id_idx ON public.endpoint_events USING btree (type, endpoint_id);

CREATE INDEX endpoints_created_at_id_idx ON public.endpoints USING btree (created_at, id);

CREATE INDEX endpoints_is_active_id_idx ON public.endpoints USING btree (is_active, id);

CREATE INDEX endpoints_target_idx ON public.endpoints USING gin (target public.gin_trgm_ops);

CREATE INDEX endpoints_updated_at_id_idx ON public.endpoints USING btree (updated_at, id);

CREATE INDEX events_created_at_idx ON public.events USING btree (created_at);

CREATE INDEX idempotency_keys_event_id_idx ON public.idempotency_keys USING btree (event_id);

CREATE INDEX idempotency_keys_expires_at_idx ON public.idempotency_keys USING btree (expires_at);

CREATE INDEX signing_secrets_endpoint_id_created_at_idx ON public.signing_secrets USING btree (endpoint_id, created_at);

ALTER TABLE ONLY public.attempts
    ADD CONSTRAINT attempts_delivery_id_fkey FOREIGN KEY (delivery_id) REFERENCES public.deliveries(id) ON UPDATE CASCADE ON DELETE CASCADE;

ALTER TABLE ONLY public.deliveries
    ADD CONSTRAINT deliveries_endpoint_id_fkey FOREIGN KEY (endpoint_id) REFERENCES public.endpoints(id) ON UPDATE CASCADE ON DELETE RESTRICT;

ALTER TABLE ONLY public.deliveries
    ADD CONSTRAINT deliveries_event_id_fkey FOREIGN KEY (event_id) REFERENCES public.events(id) ON UPDATE CASCADE ON DELETE CASCADE;

ALTER TABLE ONLY public.endpoint_events
    ADD CONSTRAINT endpoint_events_endpoint_id_fkey FOREIGN KEY (endpoint_id) REFERENCES public.endpoints(id) ON UPDATE CASCADE ON DELETE CASCADE;

ALTER TABLE ONLY public.endpoint_events
    ADD CONSTRAINT endpoint_events_type_fkey FOREIGN KEY (type) REFERENCES public.event_types(type) ON UPDATE CASCADE ON DELETE RESTRICT;

ALTER TABLE ONLY public.events
    ADD CONSTRAINT events_type_fkey FOREIGN KEY (type) REFERENCES public.event_types(type) ON UPDATE CASCADE ON DELETE RESTRICT;

ALTER TABLE ONLY public.idempotency_keys
    ADD CONSTRAINT idempotency_keys_event_id_fkey FOREIGN KEY (event_id) REFERENCES public.events(id) ON UPDATE CASCADE ON DELETE CASCADE DEFERRABLE INITIALLY DEFERRED;

ALTER TABLE ONLY public.signing_secrets
    ADD CONSTRAINT signing_secrets_endpoint_id_fkey FOREIGN KEY (endpoint_id) REFERENCES public.endpoints(id) ON UPDATE CASCADE ON DELETE CASCADE;
