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

CREATE TYPE public.attempt_outcome AS ENUM (
    'DELIVERED',
    'FAILED',
    'BUSY',
    'ABORTED'
);

CREATE TYPE public.attempt_trigger AS ENUM (
    'SCHEDULE',
    'RESEND',
    'REPLAY',
    'TEST',
    'PROBE'
);

CREATE TYPE public.delivery_status AS ENUM (
    'PENDING',
    'DELIVERED',
    'FAILED',
    'CANCELLED'
);

CREATE TYPE public.endpoint_disabled_reason AS ENUM (
    'GONE',
    'FAILING'
);

CREATE FUNCTION public.call_lanes(called integer[], moment timestamp with time zone) RETURNS void
    LANGUAGE plpgsql
    SET enable_seqscan TO 'off'
    SET enable_bitmapscan TO 'off'
    AS $$
DECLARE
    present integer[] := ARRAY(SELECT endpoint_id FROM lanes WHERE endpoint_id = ANY (called));
    made integer[];
    held integer[];
    asleep integer[];
BEGIN
    IF cardinality(present) < cardinality(called) THEN
        WITH lane AS (
            INSERT INTO lanes (endpoint_id, is_awake, due_at)
            SELECT id, true, moment FROM (SELECT unnest(called) AS id EXCEPT SELECT unnest(present)) absent ORDER BY id
            ON CONFLICT DO NOTHING
            RETURNING endpoint_id
        )
        SELECT array_agg(endpoint_id) INTO made FROM lane;
        IF cardinality(made) = cardinality(called) THEN
            RETURN;
        END IF;
        called := ARRAY(SELECT unnest(called) EXCEPT SELECT unnest(made));
    END IF;

    SELECT coalesce(array_agg(endpoint_id), '{}'), array_agg(endpoint_id) FILTER (WHERE NOT is_awake AND due_at > wakes_at)
    INTO held, asleep
    FROM (
        SELECT endpoint_id, is_awake, due_at, greatest(resting_until, moment) AS wakes_at
        FROM lanes WHERE endpoint_id = ANY (called) FOR NO KEY UPDATE SKIP LOCKED
    ) lane;
    IF asleep IS NOT NULL THEN
        UPDATE lanes SET is_awake = coalesce(resting_until <= moment, true), due_at = greatest(resting_until, moment)
        WHERE endpoint_id = ANY (asleep);
    END IF;
    IF cardinality(held) < cardinality(called) THEN
        INSERT INTO lane_wakes (endpoint_id) SELECT unnest(called) EXCEPT SELECT unnest(held);
    END IF;
END
$$;

CREATE FUNCTION public.cancel_deliveries(of_endpoint integer, moment timestamp with time zone, most integer) RETURNS bigint
    LANGUAGE plpgsql
    SET enable_seqscan TO 'off'
    SET enable_bitmapscan TO 'off'
    SET enable_sort TO 'off'
    AS $$
DECLARE
    chosen tid[] := ARRAY(
        SELECT delivery.ctid FROM queue delivery
        WHERE delivery.endpoint_id = of_endpoint AND least(delivery.tries, 1) >= 0 AND is_claimable(delivery, moment)
        ORDER BY delivery.endpoint_id, least(delivery.tries, 1), delivery.next_attempt_at
        LIMIT most FOR UPDATE SKIP LOCKED
    );
    cancelled_count bigint;
BEGIN
    WITH cancelled AS (
        DELETE FROM queue WHERE ctid = ANY (chosen) RETURNING event_id, endpoint_id, attempt_count, tries
    ),
    ended AS (
        INSERT INTO ended_deliveries (event_id, endpoint_id, status, attempt_count, tries)
        SELECT event_id, endpoint_id, 'CANCELLED', attempt_count, tries FROM cancelled
    )
    SELECT count(*) INTO cancelled_count FROM cancelled;
    RETURN cancelled_count;
END
$$;

CREATE FUNCTION public.cancel_leased(cancelling_owner uuid, event_ids bigint[], endpoint_ids integer[]) RETURNS void
    LANGUAGE plpgsql
    SET enable_seqscan TO 'off'
    SET enable_bitmapscan TO 'off'
    SET plan_cache_mode TO 'force_generic_plan'
    AS $$
DECLARE
    held tid[] := ARRAY(SELECT address FROM lock_leased(cancelling_owner, event_ids, endpoint_ids));
BEGIN
    WITH cancelled AS (
        DELETE FROM queue WHERE ctid = ANY (held) RETURNING event_id, endpoint_id, attempt_count, tries
    )
    INSERT INTO ended_deliveries (event_id, endpoint_id, status, attempt_count, tries)
    SELECT event_id, endpoint_id, 'CANCELLED', attempt_count, tries FROM cancelled;
END
$$;

CREATE FUNCTION public.claim_deliveries(claiming_owner uuid, lease_ms double precision, clock_offset_ms double precision, slots integer, slots_per_endpoint integer, other_slots integer, known_lanes integer[], free_slots integer[], starts double precision[], after_endpoint integer) RETURNS TABLE(event_id text, endpoint_id integer, number integer, tries integer, resend_count integer, busy_for_ms double precision, due_ms double precision, is_wanted boolean, body text, endpoint json)
    LANGUAGE plpgsql
    SET enable_seqscan TO 'off'
    SET enable_bitmapscan TO 'off'
    SET enable_hashjoin TO 'off'
    SET enable_mergejoin TO 'off'
    SET plan_cache_mode TO 'force_generic_plan'
    AS $$
#variable_conflict use_column
DECLARE
    clock_offset interval := make_interval(secs => clock_offset_ms / 1000);
    started_at timestamptz := clock_timestamp() + clock_offset;
    locked_at timestamptz;
    full_ids integer[] := ARRAY(SELECT id FROM unnest(known_lanes, free_slots) AS known(id, free) WHERE free <= 0);
    limited_ids integer[] := ARRAY(SELECT id FROM unnest(known_lanes, free_slots) AS known(id, free) WHERE free > 0);
    -- The lanes that this claim looks into, and those of them whose endpoints it could lock.
    lane_ids integer[];
    may_have_more boolean := false;
    locked_ids integer[];
    -- The deliveries to lease: physical addresses (ctid), which stay valid because the rows are locked. And their endpoints, and
    -- their first and last event.
    addresses tid[];
    claimed_ids integer[];
    first_event_id bigint;
    last_event_id bigint;
BEGIN
    PERFORM wake_lanes(started_at, 1000);

    IF other_slots > 0 THEN
        SELECT coalesce(array_agg(endpoint_id ORDER BY nth) FILTER (WHERE others <= other_slots), '{}'),
            coalesce(count(*) = slots OR bool_or(others > other_slots), false)
        INTO lane_ids, may_have_more
        FROM (
            SELECT endpoint_id, row_number() OVER walk AS nth,
                count(*) FILTER (WHERE endpoint_id <> ALL (limited_ids)) OVER walk AS others
            FROM (
                (SELECT endpoint_id FROM lanes WHERE is_awake AND endpoint_id > after_endpoint
                    AND endpoint_id <> ALL (full_ids) ORDER BY endpoint_id LIMIT slots)
                UNION ALL
                (SELECT endpoint_id FROM lanes WHERE is_awake AND endpoint_id <= after_endpoint
                    AND endpoint_id <> ALL (full_ids) ORDER BY endpoint_id LIMIT slots)
                LIMIT slots
            ) lane
            WINDOW walk AS (ROWS UNBOUNDED PRECEDING)
        ) walked;
    ELSE
        lane_ids := ARRAY(
            SELECT lanes.endpoint_id FROM unnest(limited_ids) AS id JOIN lanes ON lanes.endpoint_id = id AND lanes.is_awake
            ORDER BY lanes.endpoint_id <= after_endpoint, lanes.endpoint_id LIMIT slots
        );
    END IF;
    IF lane_ids = '{}' THEN
        RETURN;
    END IF;

    locked_ids := ARRAY(
        SELECT id FROM unnest(lane_ids) AS lane(lane_id) JOIN endpoints ON endpoints.id = lane_id
        JOIN lanes ON lanes.endpoint_id = lane_id
        WHERE endpoints.is_active AND endpoints.deleted_at IS NULL
            AND (lanes.resting_until IS NULL OR lanes.resting_until <= started_at)
        FOR SHARE OF endpoints SKIP LOCKED
    );
    locked_at := clock_timestamp() + clock_offset;

    -- Lock and choose due deliveries of these endpoints. When all of them have enough, each gets an equal share of `slots`: read
    -- and lock no more rows than that.
    WITH lane AS MATERIALIZED (
        SELECT locked.id AS endpoint_id, locked.turn, known.free IS NULL AS is_other,
            least(coalesce(known.free, slots_per_endpoint), ceil(slots::float8 / cardinality(locked_ids))::integer) AS slots,
            coalesce(to_timestamp(known.start / 1000), '-infinity') AS start
        FROM unnest(locked_ids) WITH ORDINALITY AS locked(id, turn)
        LEFT JOIN unnest(known_lanes, free_slots, starts) AS known(id, free, start) ON known.id = locked.id
    ),
    first_attempt AS MATERIALIZED (
        SELECT lane.endpoint_id, lane.turn, lane.is_other, due.ctid, due.event_id, due.rank
        FROM lane CROSS JOIN LATERAL (
            SELECT delivery.ctid, delivery.event_id, row_number() OVER () AS rank FROM (
                SELECT delivery.ctid, delivery.event_id FROM queue delivery
                WHERE delivery.endpoint_id = lane.endpoint_id AND least(delivery.tries, 1) = 0
                    AND delivery.next_attempt_at >= lane.start AND is_due(delivery, started_at)
                ORDER BY delivery.next_attempt_at, delivery.event_id
                LIMIT lane.slots - CASE WHEN EXISTS (
                    SELECT FROM queue retry
                    WHERE retry.endpoint_id = lane.endpoint_id AND least(retry.tries, 1) = 1 AND is_due(retry, started_at)
                ) THEN floor(lane.slots / 2.0 + random())::integer ELSE 0 END
                FOR NO KEY UPDATE SKIP LOCKED
            ) delivery
        ) due
    ),
    retry AS MATERIALIZED (
        SELECT lane.endpoint_id, lane.turn, lane.is_other, due.ctid, due.event_id, due.rank
        FROM lane
        LEFT JOIN (SELECT endpoint_id, count(*) AS slots FROM first_attempt GROUP BY endpoint_id) taken
            ON taken.endpoint_id = lane.endpoint_id
        CROSS JOIN LATERAL (
            SELECT delivery.ctid, delivery.event_id, row_number() OVER () AS rank FROM (
                SELECT delivery.ctid, delivery.event_id FROM queue delivery
                WHERE delivery.endpoint_id = lane.endpoint_id AND least(delivery.tries, 1) = 1
                    AND is_due(delivery, started_at)
                ORDER BY delivery.next_attempt_at, delivery.event_id
                LIMIT lane.slots - coalesce(taken.slots, 0) FOR NO KEY UPDATE SKIP LOCKED
            ) delivery
        ) due
    )
    SELECT array_agg(chosen.ctid), array_agg(DISTINCT chosen.endpoint_id), min(chosen.event_id), max(chosen.event_id)
    INTO addresses, claimed_ids, first_event_id, last_event_id
    FROM (
        SELECT ctid, endpoint_id, event_id FROM (
            SELECT *, count(*) FILTER (WHERE is_other) OVER (ORDER BY rank, turn) AS others
            FROM (SELECT * FROM first_attempt UNION ALL SELECT * FROM retry) due
        ) counted
        WHERE NOT is_other OR others <= other_slots
        ORDER BY rank, turn LIMIT slots
    ) chosen;

    -- Lanes in which nothing is due would be looked into by every claim.
    IF cardinality(lane_ids) > coalesce(cardinality(claimed_ids), 0) THEN
        PERFORM settle_lanes(ARRAY(
            SELECT id FROM unnest(lane_ids) AS id WHERE id <> ALL (coalesce(claimed_ids, '{}'))
        ), started_at, 1000);
    END IF;
    RETURN QUERY SELECT NULL::text, lane_ids[cardinality(lane_ids)], NULL::integer, NULL::integer, NULL::integer, NULL::float8,
        NULL::float8, may_have_more, NULL::text, NULL::json;
    IF addresses IS NULL THEN
        RETURN;
    END IF;

    -- Lease them, and return them with the state of their endpoints. Without a join to these: a claim of 200 endpoints would compare each
    -- row with each endpoint.
    RETURN QUERY
    WITH claimed AS (
        UPDATE queue delivery
        SET lease_owner = claiming_owner, lease_expires_at = started_at + make_interval(secs => lease_ms / 1000)
        FROM unnest(addresses) WITH ORDINALITY AS chosen(address, rank)
        WHERE delivery.ctid = chosen.address
        RETURNING delivery.*, chosen.rank
    ),
    numbered AS MATERIALIZED (
        SELECT *, row_number() OVER (PARTITION BY endpoint_id ORDER BY rank) AS of_endpoint,
            row_number() OVER (PARTITION BY event_id ORDER BY rank) AS of_event
        FROM claimed
    )
    SELECT numbered.event_id::text, numbered.endpoint_id, numbered.attempt_count + 1, numbered.tries, numbered.resend_count,
        (extract(epoch FROM started_at - numbered.busy_since) * 1000)::float8,
        (extract(epoch FROM numbered.next_attempt_at) * 1000)::float8,
        is_wanted(numbered.resend_count, event.type,
            ARRAY(SELECT type FROM endpoint_events WHERE endpoint_id = numbered.endpoint_id)),
        CASE WHEN of_event = 1 THEN event.body END,
        CASE WHEN of_endpoint = 1 THEN (
            SELECT json_build_object(
                'target', endpoint.target,
                'restedUntilMs', (
                    SELECT (extract(epoch FROM resting_until) * 1000)::float8 FROM lanes
                    WHERE lanes.endpoint_id = endpoint.id AND resting_until > started_at - interval '1 minute'),
                'sslCertVerification', endpoint.ssl_cert_verification,
                'secrets', (SELECT secrets FROM live_secrets_json(endpoint.id, locked_at) AS secrets))
            FROM endpoints endpoint WHERE endpoint.id = numbered.endpoint_id
        ) END
    FROM numbered
    -- The range keeps PostgreSQL from opening every partition of events.
    JOIN events event ON event.id = numbered.event_id AND event.id BETWEEN first_event_id AND last_event_id
    ORDER BY numbered.rank;
END
$$;

CREATE FUNCTION public.data_problem(data text) RETURNS text
    LANGUAGE plpgsql IMMUTABLE
    AS $$
DECLARE
    max_bytes CONSTANT integer := 262144;
    max_depth CONSTANT integer := 500;
    nesting text;
    escapes text;
BEGIN
    IF octet_length(data) > max_bytes THEN
        RETURN format('The data has more than %s bytes of JSON.', max_bytes);
    END IF;

    IF length(data) - length(replace(replace(data, '[', ''), '{', '')) > max_depth THEN
        -- Only brackets outside of strings. Each step removes the innermost pairs: one level.
        nesting := translate(regexp_replace(data, '"(?:[^"\\]|\\.)*"|[^][{}"]+', '', 'g'), '{}', '[]');
        FOR level IN 1 .. max_depth LOOP
            EXIT WHEN nesting = '';
            nesting := replace(nesting, '[]', '');
        END LOOP;
        IF nesting <> '' THEN
            RETURN format('The data has more than %s nested lists or objects.', max_depth);
        END IF;
    END IF;

    IF strpos(data, '\u') > 0 THEN
        -- Without escaped backslashes, each backslash starts an escape. Without whole pairs, each escape of a surrogate is half of one.
        escapes := replace(data, '\\', '.');
        escapes := regexp_replace(escapes, '\\ud[89ab][0-9a-f]{2}\\ud[c-f][0-9a-f]{2}', '.', 'gi');
        IF escapes ~* '\\ud[89a-f]' THEN
            RETURN 'The data must not contain half of a surrogate pair.';
        END IF;
    END IF;
    RETURN NULL;
END
$$;

CREATE FUNCTION public.drop_emptied_table() RETURNS boolean
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    SET lock_timeout TO '100ms'
    AS $$
DECLARE
    emptied_id bigint;
    parent text;
BEGIN
    IF NOT lock_event_partitions() THEN
        RETURN false;
    END IF;
    emptied_id := (SELECT min(first_event_id) FROM event_partitions WHERE emptied_at < clock_timestamp() - interval '1 minute');
    IF emptied_id IS NULL THEN
        RETURN false;
    END IF;
    FOREACH parent IN ARRAY '{attempts,attempt_counts,ended_deliveries,events}'::text[] LOOP
        IF to_regclass(parent || '_' || emptied_id::text) IS NOT NULL THEN
            EXECUTE 'DROP TABLE ' || parent || '_' || emptied_id::text;
            RETURN true;
        END IF;
    END LOOP;
    DELETE FROM event_partitions WHERE first_event_id = emptied_id;
    RETURN true;
EXCEPTION
    WHEN lock_not_available THEN
        RETURN false;
END
$$;

CREATE FUNCTION public.empty_event_partition(of_first_event_id bigint) RETURNS boolean
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    SET lock_timeout TO '100ms'
    SET enable_seqscan TO 'off'
    SET enable_bitmapscan TO 'off'
    AS $$
DECLARE
    give_up_at timestamptz := clock_timestamp() + interval '100 ms';
    parent text;
    tables text[];
    end_id bigint;
BEGIN
    IF NOT lock_event_partitions() THEN
        RETURN false;
    END IF;
    SELECT end_event_id INTO end_id FROM event_partitions
    WHERE first_event_id = of_first_event_id AND closed_at IS NOT NULL AND emptied_at IS NULL;
    IF NOT FOUND THEN
        RETURN false;
    END IF;

    -- Before the tables, because a fan-out or a resend holds rows of fan_outs and then reads events, and without waiting.
    PERFORM FROM fan_outs WHERE event_id >= of_first_event_id AND event_id < end_id ORDER BY event_id FOR UPDATE NOWAIT;
    -- In the order in which transactions of the gateway write to these tables.
    FOREACH parent IN ARRAY '{events,ended_deliveries,attempts,attempt_counts}'::text[] LOOP
        PERFORM set_config('lock_timeout',
            greatest(1::float8, extract(epoch FROM give_up_at - clock_timestamp())::float8 * 1000::float8)::text || 'ms', true);
        tables := array_append(tables, parent || '_' || of_first_event_id::text);
        EXECUTE 'LOCK TABLE ' || parent || '_' || of_first_event_id::text || ' IN ACCESS EXCLUSIVE MODE';
    END LOOP;

    DELETE FROM fan_outs WHERE event_id >= of_first_event_id AND event_id < end_id;
    IF EXISTS (SELECT FROM queue WHERE event_id >= of_first_event_id AND event_id < end_id) THEN
        RETURN false;
    END IF;
    EXECUTE 'TRUNCATE ' || array_to_string(tables, ', ');
    UPDATE event_partitions SET emptied_at = clock_timestamp() WHERE first_event_id = of_first_event_id;
    RETURN true;
EXCEPTION
    WHEN lock_not_available THEN
        RETURN false;
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
    disabled_reason public.endpoint_disabled_reason,
    disabled_at timestamp(3) with time zone,
    deleted_at timestamp(3) with time zone,
    CONSTRAINT endpoints_deleted_at_check CHECK (((deleted_at IS NULL) OR (NOT is_active))),
    CONSTRAINT endpoints_disabled_at_check CHECK (((disabled_at IS NULL) = (disabled_reason IS NULL))),
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
        'disabledAt', endpoint.disabled_at,
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

CREATE FUNCTION public.fan_out(after_event bigint, most integer, OUT last_event bigint, OUT delivery_count integer) RETURNS record
    LANGUAGE plpgsql
    SET enable_seqscan TO 'off'
    SET enable_bitmapscan TO 'off'
    SET enable_sort TO 'off'
    SET plan_cache_mode TO 'force_generic_plan'
    AS $$
DECLARE
    events_at_once CONSTANT integer := 50;
    moment timestamptz(3) := clock_timestamp();
    taken fan_outs[];
    taking fan_outs;
    share integer;
    listening integer[];
    last_endpoint integer;
    present integer[];
    absent integer[];
    called integer[] := '{}';
BEGIN
    PERFORM set_config('synchronous_commit', 'off', true);
    taken := ARRAY(
        SELECT fan_outs FROM fan_outs WHERE event_id > after_event
        ORDER BY event_id LIMIT events_at_once FOR UPDATE SKIP LOCKED
    );
    IF cardinality(taken) < events_at_once THEN
        taken := taken || ARRAY(
            SELECT fan_outs FROM fan_outs WHERE event_id <= after_event
            ORDER BY event_id LIMIT events_at_once - cardinality(taken) FOR UPDATE SKIP LOCKED
        );
    END IF;
    IF taken = '{}' THEN
        RETURN;
    END IF;
    last_event := taken[cardinality(taken)].event_id;
    share := ceil(most::float8 / cardinality(taken));

    FOREACH taking IN ARRAY taken LOOP
        listening := CASE WHEN EXISTS (SELECT FROM events WHERE id = taking.event_id)
            THEN listeners(taking.type, taking.after_endpoint_id, share) ELSE '{}' END;
        IF listening <> '{}' THEN
            last_endpoint := listening[cardinality(listening)];
            present := ARRAY(
                (SELECT endpoint_id FROM queue
                WHERE (event_id, endpoint_id) > (taking.event_id, taking.after_endpoint_id)
                    AND (event_id, endpoint_id) <= (taking.event_id, last_endpoint)
                ORDER BY event_id, endpoint_id)
                UNION ALL
                (SELECT endpoint_id FROM ended_deliveries
                WHERE event_id = taking.event_id AND endpoint_id > taking.after_endpoint_id AND endpoint_id <= last_endpoint)
            );
            absent := CASE WHEN present = '{}' THEN listening ELSE ARRAY(SELECT unnest(listening) EXCEPT SELECT unnest(present)) END;
            INSERT INTO queue (event_id, endpoint_id, next_attempt_at) SELECT taking.event_id, unnest(absent), moment;
            called := called || absent;
        END IF;
        IF cardinality(listening) < share THEN
            DELETE FROM fan_outs WHERE event_id = taking.event_id;
            UPDATE events SET fanned_out_at = clock_timestamp() WHERE id = taking.event_id;
        ELSE
            UPDATE fan_outs SET after_endpoint_id = last_endpoint WHERE event_id = taking.event_id;
        END IF;
    END LOOP;
    delivery_count := cardinality(called);
    IF called <> '{}' THEN
        PERFORM call_lanes(ARRAY(SELECT DISTINCT unnest(called)), moment);
    END IF;
END
$$;

CREATE FUNCTION public.find_sendable(lease_owner uuid, clock_offset_ms double precision, held_endpoints integer[], event_ids bigint[], endpoint_ids integer[]) RETURNS TABLE(event_id text, endpoint_id integer, target text, ssl_cert_verification boolean, secret_ids text[])
    LANGUAGE plpgsql
    SET enable_seqscan TO 'off'
    SET enable_bitmapscan TO 'off'
    SET enable_hashjoin TO 'off'
    SET enable_mergejoin TO 'off'
    SET plan_cache_mode TO 'force_generic_plan'
    AS $$
#variable_conflict use_column
DECLARE
    moment timestamptz := clock_timestamp() + make_interval(secs => clock_offset_ms / 1000);
BEGIN
    RETURN QUERY
    SELECT delivery.event_id::text, delivery.endpoint_id, endpoint.target, endpoint.ssl_cert_verification,
        ARRAY(SELECT secret.id::text FROM live_secrets(endpoint.id, moment) secret)
    FROM unnest(event_ids, endpoint_ids) AS key(event_id, endpoint_id)
    CROSS JOIN LATERAL (
        SELECT * FROM queue WHERE queue.event_id = key.event_id AND queue.endpoint_id = key.endpoint_id LIMIT 1
    ) delivery
    JOIN endpoints endpoint ON endpoint.id = delivery.endpoint_id
    JOIN events event ON event.id = delivery.event_id
    WHERE delivery.endpoint_id = ANY (held_endpoints) AND delivery.lease_owner = find_sendable.lease_owner
        AND endpoint.is_active AND endpoint.deleted_at IS NULL
        AND is_wanted(delivery.resend_count, event.type,
            ARRAY(SELECT listening.type FROM endpoint_events listening WHERE listening.endpoint_id = endpoint.id));
END
$$;

CREATE FUNCTION public.hookgate_publish(type text, data json, idempotency_key text DEFAULT NULL::text) RETURNS bigint
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    SET jit TO 'off'
    SET standard_conforming_strings TO 'on'
    AS $$
DECLARE
    key_max_length CONSTANT integer := 255;
    -- White space around the data is not part of it.
    content text := btrim(data::text, E' \t\n\r');
    problem text;
    -- Inside of this function, current_user is its owner. `role` is what SET ROLE has set.
    caller text := CASE current_setting('role') WHEN 'none' THEN session_user::text ELSE current_setting('role') END;
    fingerprint bytea;
    published record;
BEGIN
    IF NOT EXISTS (
        SELECT FROM event_types known
        WHERE known.type = hookgate_publish.type AND known.retired_at IS NULL AND known."group" <> 'gateway'
    ) OR type IS NULL THEN
        RAISE EXCEPTION USING ERRCODE = 'HG001', MESSAGE = CASE
            WHEN type IS NULL THEN 'The event type must not be null.'
            ELSE format('There is no event type %s.', to_json(left(type, 100)))
        END;
    END IF;

    problem := CASE
        WHEN content IS NULL THEN 'The data must not be the SQL null. The JSON null is ''null''::json.'
        WHEN idempotency_key = '' THEN 'The idempotency key must not be empty.'
        WHEN char_length(idempotency_key) > key_max_length
            THEN format('The idempotency key must have at most %s characters.', key_max_length)
        ELSE data_problem(content)
    END;
    IF problem IS NOT NULL THEN
        RAISE EXCEPTION USING ERRCODE = 'HG002', MESSAGE = problem;
    END IF;

    IF idempotency_key IS NOT NULL THEN
        -- Equal for equal texts, without the white space between tokens.
        fingerprint := sha256(convert_to(
            to_json(type)::text || regexp_replace(content, '("(?:[^"\\]|\\.)*")|[ \t\n\r]+', '\1', 'g'), 'UTF8'));
    END IF;
    SELECT * INTO published FROM publish_event(type, content, 'role:' || caller, idempotency_key, fingerprint);
    IF published.outcome = 'conflict' THEN
        RAISE EXCEPTION USING ERRCODE = 'HG003',
            MESSAGE = 'The idempotency key was used for another event within the last 24 hours.';
    END IF;
    IF published.outcome = 'published' AND published.due_count > 0 THEN
        PERFORM notify_workers((published.event).fanned_out_at IS NULL);
    END IF;
    RETURN (published.event).id;
END
$$;

CREATE TABLE public.queue (
    event_id bigint NOT NULL,
    endpoint_id integer NOT NULL,
    attempt_count integer DEFAULT 0 NOT NULL,
    tries integer DEFAULT 0 NOT NULL,
    next_attempt_at timestamp(3) with time zone DEFAULT transaction_timestamp() NOT NULL,
    lease_owner uuid,
    lease_expires_at timestamp(3) with time zone,
    resend_count integer DEFAULT 0 NOT NULL,
    busy_since timestamp(3) with time zone,
    CONSTRAINT queue_tries_check CHECK (((tries >= 0) AND (tries <= attempt_count)))
)
WITH (fillfactor='45', autovacuum_vacuum_scale_factor='0.02', autovacuum_vacuum_cost_delay='0');

CREATE FUNCTION public.is_claimable(delivery public.queue, moment timestamp with time zone) RETURNS boolean
    LANGUAGE sql IMMUTABLE
    AS $$
    SELECT delivery.lease_expires_at IS NULL OR delivery.lease_expires_at <= moment
$$;

CREATE FUNCTION public.is_due(delivery public.queue, moment timestamp with time zone) RETURNS boolean
    LANGUAGE sql IMMUTABLE
    AS $$
    SELECT is_claimable(delivery, moment) AND delivery.next_attempt_at <= moment
$$;

CREATE FUNCTION public.is_wanted(resend_count integer, event_type text, listened_types text[]) RETURNS boolean
    LANGUAGE sql IMMUTABLE
    AS $$
    SELECT resend_count > 0 OR event_type = ANY (listened_types)
$$;

CREATE FUNCTION public.listeners(event_type text, after_id integer, most integer) RETURNS integer[]
    LANGUAGE plpgsql
    SET enable_seqscan TO 'off'
    SET enable_bitmapscan TO 'off'
    SET enable_sort TO 'off'
    AS $$
BEGIN
    RETURN ARRAY(
        SELECT endpoint_id FROM endpoint_events
        WHERE (type, is_on, endpoint_id) > (event_type, true, after_id)
            AND (type, is_on, endpoint_id) <= (event_type, true, 2147483647)
        ORDER BY type, is_on, endpoint_id
        LIMIT most
    );
END
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

CREATE FUNCTION public.live_secrets_json(endpoint_id integer, moment timestamp with time zone) RETURNS SETOF json
    LANGUAGE sql STABLE
    AS $$
    SELECT coalesce(json_agg(json_build_object('id', secret.id, 'sealed', encode(secret.sealed, 'base64'))), '[]')
    FROM live_secrets(live_secrets_json.endpoint_id, moment) secret
$$;

CREATE FUNCTION public.lock_event_partitions() RETURNS boolean
    LANGUAGE sql
    AS $$
    -- The number of this lock, and of this installation among several in one database.
    SELECT pg_try_advisory_xact_lock(4860112::bigint * 4294967296::bigint + 'event_partitions'::regclass::oid::bigint)
$$;

CREATE FUNCTION public.lock_leased(of_owner uuid, event_ids bigint[], endpoint_ids integer[]) RETURNS TABLE(address tid, nth integer)
    LANGUAGE plpgsql
    SET enable_seqscan TO 'off'
    SET enable_bitmapscan TO 'off'
    SET plan_cache_mode TO 'force_generic_plan'
    AS $$
BEGIN
    RETURN QUERY
    SELECT delivery.ctid, key.nth::integer
    FROM (
        SELECT * FROM unnest(event_ids, endpoint_ids) WITH ORDINALITY AS listed(event_id, endpoint_id, nth) ORDER BY 1, 2
    ) key
    CROSS JOIN LATERAL (
        SELECT queue.ctid FROM queue
        WHERE queue.event_id = key.event_id AND queue.endpoint_id = key.endpoint_id AND queue.lease_owner = of_owner
        FOR NO KEY UPDATE
    ) delivery;
END
$$;

CREATE FUNCTION public.lock_resend(to_endpoint integer, event_ids bigint[]) RETURNS void
    LANGUAGE plpgsql
    SET enable_seqscan TO 'off'
    SET enable_bitmapscan TO 'off'
    AS $$
BEGIN
    PERFORM pg_advisory_xact_lock(4860113, to_endpoint);
    PERFORM FROM fan_outs WHERE event_id = ANY (event_ids) ORDER BY event_id FOR KEY SHARE;
END
$$;

CREATE FUNCTION public.make_event_partitions() RETURNS integer
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    SET lock_timeout TO '100ms'
    AS $$
DECLARE
    -- Event ids at the borders of partitions are multiples of this number.
    smallest CONSTANT bigint := 250000;
    -- The id that the next event gets.
    next_id bigint;
    last_closed event_partitions;
    room bigint := smallest;
    first_id bigint;
    end_id bigint;
    made integer := 0;
    parent text;
BEGIN
    IF current_setting('transaction_read_only') = 'on' OR NOT lock_event_partitions() THEN
        RETURN 0;
    END IF;
    SELECT last_value + is_called::integer::bigint INTO next_id FROM events_id_seq;

    -- Partitions that are full. Nobody knows exactly when the following one took its first event: not before the full one did.
    UPDATE event_partitions SET closed_at = clock_timestamp(), taken = end_event_id - first_event_id
    WHERE closed_at IS NULL AND end_event_id <= next_id;
    UPDATE event_partitions
    SET opened_at = coalesce((SELECT max(opened_at) FROM event_partitions), clock_timestamp())
    WHERE opened_at IS NULL AND first_event_id <= next_id;

    SELECT * INTO last_closed FROM event_partitions WHERE closed_at IS NOT NULL ORDER BY first_event_id DESC LIMIT 1;
    IF last_closed.taken = last_closed.end_event_id - last_closed.first_event_id THEN
        room := last_closed.taken * 10::bigint;
    ELSIF last_closed.taken IS NOT NULL THEN
        room := (last_closed.taken * 4::bigint / smallest + 1::bigint) * smallest;
    END IF;

    WHILE (SELECT count(*) FROM event_partitions WHERE first_event_id > next_id) < 2::bigint LOOP
        first_id := greatest((SELECT max(end_event_id) FROM event_partitions), next_id - next_id % smallest);
        end_id := first_id + room;
        FOREACH parent IN ARRAY '{events,ended_deliveries,attempts,attempt_counts}'::text[] LOOP
            EXECUTE 'CREATE TABLE ' || parent || '_' || first_id::text || ' (LIKE ' || parent || ' INCLUDING ALL)';
            EXECUTE 'ALTER TABLE ' || parent || ' ATTACH PARTITION ' || parent || '_' || first_id::text
                || ' FOR VALUES FROM (' || first_id::text || ') TO (' || end_id::text || ')';
        END LOOP;
        INSERT INTO event_partitions (first_event_id, end_event_id, opened_at)
        VALUES (first_id, end_id, CASE WHEN first_id <= next_id THEN clock_timestamp() END);
        made := made + 1;
    END LOOP;
    RETURN made;
EXCEPTION
    -- Another transaction changes the tables, for example by ANALYZE, or the caller is reading them. The next call makes the
    -- partitions.
    WHEN lock_not_available OR object_in_use THEN
        RETURN 0;
END
$$;

CREATE FUNCTION public.next_due(passed_over integer[], only_lanes integer[], moment timestamp with time zone, started_lanes integer[], starts double precision[]) RETURNS timestamp with time zone
    LANGUAGE sql STABLE
    SET enable_seqscan TO 'off'
    SET enable_bitmapscan TO 'off'
    AS $$
    SELECT least(
        (SELECT moment FROM lane_wakes LIMIT 1),
        (SELECT due_at FROM lanes WHERE NOT is_awake ORDER BY due_at LIMIT 1),
        (SELECT CASE WHEN count(*) > 100 THEN moment
                ELSE min(least(next_look(endpoint_id, 0, moment, coalesce(to_timestamp(start / 1000), '-infinity')),
                    next_look(endpoint_id, 1, moment, '-infinity'))) END
            FROM (
                (SELECT endpoint_id FROM lanes WHERE only_lanes IS NULL AND is_awake AND endpoint_id <> ALL (passed_over)
                    ORDER BY endpoint_id LIMIT 101)
                UNION ALL
                (SELECT endpoint_id FROM unnest(only_lanes) AS id JOIN lanes ON endpoint_id = id
                    WHERE is_awake AND endpoint_id <> ALL (passed_over) LIMIT 101)
            ) awake
            LEFT JOIN unnest(started_lanes, starts) AS started(lane, start) ON lane = endpoint_id))
$$;

CREATE FUNCTION public.next_look(lane integer, part integer, moment timestamp with time zone, start timestamp with time zone) RETURNS timestamp with time zone
    LANGUAGE plpgsql STABLE
    SET enable_seqscan TO 'off'
    SET enable_bitmapscan TO 'off'
    SET enable_sort TO 'off'
    AS $$
DECLARE
    next record;
    earliest timestamptz;
BEGIN
    FOR next IN
        SELECT next_attempt_at, lease_expires_at, is_claimable(delivery, moment) AS is_claimable
        FROM queue delivery
        WHERE delivery.endpoint_id = lane AND least(delivery.tries, 1) = part AND least(delivery.tries, 1) >= 0
            AND delivery.next_attempt_at >= start
        ORDER BY delivery.next_attempt_at, delivery.event_id LIMIT 100
    LOOP
        IF next.is_claimable THEN
            RETURN least(earliest, next.next_attempt_at);
        END IF;
        earliest := least(earliest, greatest(next.lease_expires_at, next.next_attempt_at));
    END LOOP;
    RETURN earliest;
END
$$;

CREATE FUNCTION public.notify_workers(is_fan_out boolean) RETURNS void
    LANGUAGE sql
    AS $$
    SELECT pg_notify(workers_channel(),
        CASE WHEN is_fan_out THEN 'fan-out' ELSE 'deliveries' END || ' 1 ' || pg_current_xact_id())
$$;

CREATE TABLE public.events (
    id bigint NOT NULL,
    type text NOT NULL,
    created_at timestamp(6) with time zone DEFAULT transaction_timestamp() NOT NULL,
    body text NOT NULL,
    is_test boolean DEFAULT false NOT NULL,
    fanned_out_at timestamp(3) with time zone
)
PARTITION BY RANGE (id);

CREATE FUNCTION public.publish_event(new_type text, data text, new_publisher text, new_key text, new_fingerprint bytea, OUT outcome text, OUT event public.events, OUT due_count integer) RETURNS record
    LANGUAGE plpgsql
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

CREATE FUNCTION public.queue_deliveries(new_event_id bigint, endpoint_ids integer[], due_at timestamp with time zone) RETURNS void
    LANGUAGE plpgsql
    SET enable_seqscan TO 'off'
    SET enable_bitmapscan TO 'off'
    SET enable_hashjoin TO 'off'
    SET enable_mergejoin TO 'off'
    AS $$
DECLARE
    most_noted CONSTANT integer := 1000;
    note text[] := string_to_array(current_setting('hookgate.named_lanes', true), ' ');
    transaction_id text := pg_current_xact_id()::text;
    named integer[] := CASE WHEN note[1] = transaction_id THEN note[2]::integer[] ELSE '{}' END;
    added integer[];
BEGIN
    INSERT INTO queue (event_id, endpoint_id, next_attempt_at)
    SELECT new_event_id, id, due_at FROM unnest(endpoint_ids) AS id;

    WITH awake AS MATERIALIZED (
        SELECT lane.endpoint_id FROM lanes lane
        WHERE lane.endpoint_id = ANY (endpoint_ids) AND lane.is_awake FOR KEY SHARE SKIP LOCKED
    ),
    new_wake AS (
        INSERT INTO lane_wakes (endpoint_id)
        SELECT id FROM unnest(endpoint_ids) AS id WHERE id NOT IN (SELECT endpoint_id FROM awake) AND id <> ALL (named)
        RETURNING endpoint_id
    )
    SELECT array_agg(endpoint_id) INTO added FROM new_wake;
    IF added IS NOT NULL AND cardinality(named) + cardinality(added) <= most_noted THEN
        PERFORM set_config('hookgate.named_lanes', transaction_id || ' ' || (named || added)::text, true);
    END IF;
END
$$;

CREATE FUNCTION public.record_attempts(recording_owner uuid, clock_offset_ms double precision, recording_shard integer, finished json) RETURNS TABLE(id text)
    LANGUAGE plpgsql
    SET enable_seqscan TO 'off'
    SET enable_bitmapscan TO 'off'
    SET plan_cache_mode TO 'force_generic_plan'
    AS $$
#variable_conflict use_column
DECLARE
    recorded_at timestamptz(3) := clock_timestamp() + make_interval(secs => clock_offset_ms / 1000);
    -- The first event ids of the partitions that hold events.
    partition_starts bigint[] := ARRAY(
        SELECT first_event_id FROM event_partitions WHERE emptied_at IS NULL ORDER BY first_event_id
    );
    recorded_ids text[];
    -- The deliveries that have ended.
    ended tid[];
    -- The deliveries that stay pending, and what becomes of each.
    kept tid[];
    numbers integer[];
    tries_used integer[];
    due_times timestamptz[];
    busy_times timestamptz[];
    rest_times timestamptz[];
BEGIN
    WITH attempt AS MATERIALIZED (
        SELECT *, recorded_at + make_interval(secs => "retryInMs" / 1000) AS due_at
        FROM json_to_recordset(finished) AS attempt(
            "sendId" uuid, "eventId" bigint, "endpointId" integer, "number" integer, "trigger" attempt_trigger, "resendCount" integer,
            "sentAt" timestamptz, "signatureHeader" text, "responseStatus" integer, "responseBody" text,
            "responseTruncated" boolean, "durationMs" integer, "error" attempt_error, "errorDetail" text, "outcome" text,
            "retryInMs" float8, "restMs" float8, "isGone" boolean)
        -- Older events have been removed, with their deliveries.
        WHERE "eventId" >= partition_starts[1]
    ),
    -- The deliveries that are still pending, locked in the order of their keys, each as it is under the lock. LATERAL with a lock is
    -- a barrier for the planner: each delivery is found by its key, never by reading the queue.
    found AS MATERIALIZED (
        SELECT attempt.*, delivery.*,
            delivery.resend_count = attempt."resendCount"
                AND (attempt."outcome" = 'delivered' OR attempt."outcome" = 'failed' AND delivery.is_held) AS is_ended,
            delivery.resend_count > attempt."resendCount" AS is_resent
        FROM attempt CROSS JOIN LATERAL (
            SELECT ctid AS address, resend_count, attempt_count, tries, busy_since,
                coalesce(lease_owner = recording_owner, false) AS is_held
            FROM queue WHERE event_id = attempt."eventId" AND endpoint_id = attempt."endpointId"
            FOR NO KEY UPDATE
        ) delivery
    ),
    archived AS (
        INSERT INTO ended_deliveries (event_id, endpoint_id, status, attempt_count, tries)
        SELECT "eventId", "endpointId", upper("outcome")::delivery_status, greatest(attempt_count, "number"), tries + 1
        FROM found WHERE is_ended
    ),
    recorded AS (
        INSERT INTO attempts (send_id, event_id, endpoint_id, number, trigger, outcome, created_at, sent_at, signature_header, response_status,
            response_body, response_truncated, duration_ms, error, error_detail, next_retry_at)
        SELECT "sendId", "eventId", "endpointId", "number", "trigger",
            CASE WHEN "error" = 'ABORTED' THEN 'ABORTED' WHEN "outcome" IN ('retry', 'failed') THEN 'FAILED'
                ELSE upper("outcome") END::attempt_outcome,
            recorded_at, "sentAt", "signatureHeader", "responseStatus",
            "responseBody", "responseTruncated", "durationMs", "error", "errorDetail", CASE WHEN NOT "isGone" THEN due_at END
        FROM attempt
        ON CONFLICT (event_id, endpoint_id, send_id) DO NOTHING
        RETURNING attempts.id, attempts.event_id, attempts.endpoint_id
    ),
    counted AS (
        INSERT INTO attempt_counts (endpoint_id, first_event_id, shard, count)
        SELECT recorded.endpoint_id, partition_starts[width_bucket(recorded.event_id, partition_starts)], recording_shard,
            count(*)
        FROM recorded GROUP BY 1, 2 ORDER BY 1, 2
        ON CONFLICT (endpoint_id, first_event_id, shard) DO UPDATE SET count = attempt_counts.count + excluded.count
    ),
    pending AS (
        SELECT address, greatest(attempt_count, "number") AS number,
            CASE WHEN is_resent THEN 0 WHEN "outcome" = 'retry' THEN tries + 1 ELSE tries END AS tries,
            CASE WHEN is_resent THEN recorded_at ELSE due_at END AS due_at,
            CASE WHEN is_resent THEN NULL WHEN "outcome" = 'busy' THEN coalesce(busy_since, recorded_at) ELSE busy_since END AS busy_since,
            recorded_at + make_interval(secs => "restMs" / 1000) AS resting_until
        FROM found WHERE is_held AND (is_resent OR "outcome" IN ('retry', 'busy', 'aborted'))
    )
    SELECT ARRAY(SELECT recorded.id::text FROM recorded), ARRAY(SELECT address FROM found WHERE is_ended),
        array_agg(address), array_agg(number), array_agg(tries), array_agg(due_at), array_agg(busy_since), array_agg(resting_until)
    INTO recorded_ids, ended, kept, numbers, tries_used, due_times, busy_times, rest_times
    FROM pending;

    DELETE FROM queue WHERE ctid = ANY (ended);

    IF kept IS NOT NULL THEN
        WITH changed AS (
            UPDATE queue
            SET attempt_count = kept_delivery.number, tries = kept_delivery.tries, next_attempt_at = kept_delivery.due_at,
                busy_since = kept_delivery.busy_since, lease_owner = NULL, lease_expires_at = NULL
            FROM unnest(kept, numbers, tries_used, due_times, busy_times, rest_times)
                AS kept_delivery(address, number, tries, due_at, busy_since, resting_until)
            WHERE queue.ctid = kept_delivery.address
            RETURNING queue.endpoint_id, queue.next_attempt_at, kept_delivery.resting_until
        )
        -- The lane must be looked into when the delivery is due, at the latest. Locks lanes in the order of endpoints.
        INSERT INTO lanes (endpoint_id, is_awake, due_at, resting_until)
        SELECT endpoint_id, false, min(next_attempt_at), max(resting_until) FROM changed GROUP BY endpoint_id ORDER BY endpoint_id
        ON CONFLICT (endpoint_id) DO UPDATE
        SET due_at = least(lanes.due_at, excluded.due_at),
            resting_until = greatest(lanes.resting_until, excluded.resting_until)
        WHERE NOT lanes.is_awake AND lanes.due_at > excluded.due_at
            OR excluded.resting_until > coalesce(lanes.resting_until, '-infinity');
    END IF;
    RETURN QUERY SELECT unnest(recorded_ids);
END
$$;

CREATE FUNCTION public.release_leases(releasing_owner uuid, clock_offset_ms double precision, event_ids bigint[], endpoint_ids integer[], delays_ms double precision[]) RETURNS void
    LANGUAGE plpgsql
    SET enable_seqscan TO 'off'
    SET enable_bitmapscan TO 'off'
    SET plan_cache_mode TO 'force_generic_plan'
    AS $$
DECLARE
    held tid[];
    delays float8[];
BEGIN
    SELECT array_agg(address), array_agg(delays_ms[nth]) INTO held, delays
    FROM lock_leased(releasing_owner, event_ids, endpoint_ids);

    WITH released AS (
        UPDATE queue
        SET lease_owner = NULL, lease_expires_at = NULL,
            next_attempt_at = clock_timestamp() + make_interval(secs => (clock_offset_ms + key.delay_ms) / 1000)
        FROM unnest(held, delays) AS key(address, delay_ms) WHERE queue.ctid = key.address
        RETURNING queue.endpoint_id
    )
    INSERT INTO lane_wakes (endpoint_id) SELECT DISTINCT endpoint_id FROM released;
END
$$;

CREATE FUNCTION public.remove_deleted_endpoints(most integer) RETURNS bigint
    LANGUAGE sql
    SET enable_seqscan TO 'off'
    SET enable_bitmapscan TO 'off'
    SET enable_hashjoin TO 'off'
    SET enable_mergejoin TO 'off'
    AS $$
    WITH unused AS MATERIALIZED (
        SELECT id FROM endpoints
        WHERE deleted_at < (
                SELECT opened_at FROM event_partitions WHERE emptied_at IS NULL ORDER BY first_event_id LIMIT 1
            )
            AND (
                SELECT event_id FROM queue WHERE queue.endpoint_id = endpoints.id AND least(queue.tries, 1) >= 0
                ORDER BY queue.endpoint_id, least(queue.tries, 1), queue.next_attempt_at LIMIT 1
            ) IS NULL
        ORDER BY deleted_at LIMIT most FOR UPDATE SKIP LOCKED
    ),
    removed AS (
        DELETE FROM endpoints USING unused WHERE endpoints.id = unused.id RETURNING endpoints.id
    )
    SELECT count(*) FROM removed
$$;

CREATE FUNCTION public.remove_expired_keys(expired_from timestamp with time zone, moment timestamp with time zone, most integer) RETURNS timestamp with time zone
    LANGUAGE sql
    SET enable_seqscan TO 'off'
    SET enable_bitmapscan TO 'off'
    SET enable_hashjoin TO 'off'
    SET enable_mergejoin TO 'off'
    AS $$
    WITH expired AS MATERIALIZED (
        SELECT publisher, key, expires_at FROM idempotency_keys
        WHERE expires_at >= expired_from AND expires_at < moment
        ORDER BY expires_at LIMIT most FOR UPDATE SKIP LOCKED
    ),
    removed AS (
        DELETE FROM idempotency_keys USING expired
        WHERE idempotency_keys.publisher = expired.publisher AND idempotency_keys.key = expired.key
    )
    SELECT max(expires_at) FROM expired
$$;

CREATE FUNCTION public.remove_old_deliveries(after_event_id bigint, after_endpoint_id integer, before_event_id bigint, most integer, OUT last_event_id bigint, OUT last_endpoint_id integer) RETURNS record
    LANGUAGE sql
    SET enable_seqscan TO 'off'
    SET enable_bitmapscan TO 'off'
    SET enable_hashjoin TO 'off'
    SET enable_mergejoin TO 'off'
    AS $$
    WITH chosen AS MATERIALIZED (
        SELECT event_id, endpoint_id FROM queue
        WHERE (event_id, endpoint_id) > (after_event_id, after_endpoint_id) AND event_id < before_event_id
        ORDER BY event_id, endpoint_id LIMIT most FOR UPDATE SKIP LOCKED
    ),
    removed AS (
        DELETE FROM queue USING chosen
        WHERE queue.event_id = chosen.event_id AND queue.endpoint_id = chosen.endpoint_id
    )
    SELECT event_id, endpoint_id FROM chosen ORDER BY event_id DESC, endpoint_id DESC LIMIT 1
$$;

CREATE FUNCTION public.renew_leases(renewing_owner uuid, clock_offset_ms double precision, lease_ms double precision, event_ids bigint[], endpoint_ids integer[]) RETURNS void
    LANGUAGE plpgsql
    SET enable_seqscan TO 'off'
    SET enable_bitmapscan TO 'off'
    SET plan_cache_mode TO 'force_generic_plan'
    AS $$
DECLARE
    held tid[] := ARRAY(SELECT address FROM lock_leased(renewing_owner, event_ids, endpoint_ids));
BEGIN
    UPDATE queue SET lease_expires_at = clock_timestamp() + make_interval(secs => (lease_ms + clock_offset_ms) / 1000)
    WHERE ctid = ANY (held);
END
$$;

CREATE FUNCTION public.resend_deliveries(to_endpoint integer, event_ids bigint[]) RETURNS void
    LANGUAGE plpgsql
    SET enable_seqscan TO 'off'
    SET enable_bitmapscan TO 'off'
    SET enable_hashjoin TO 'off'
    SET enable_mergejoin TO 'off'
    AS $$
DECLARE
    resent_at timestamptz := clock_timestamp();
BEGIN
    -- Again, for events that were published after the caller did so.
    PERFORM lock_resend(to_endpoint, event_ids);
    PERFORM FROM queue WHERE endpoint_id = to_endpoint AND event_id = ANY (event_ids) ORDER BY event_id FOR NO KEY UPDATE;

    WITH reopened AS (
        DELETE FROM ended_deliveries WHERE endpoint_id = to_endpoint AND event_id = ANY (event_ids)
        RETURNING event_id, attempt_count
    )
    INSERT INTO queue (event_id, endpoint_id, attempt_count, next_attempt_at, resend_count)
    SELECT id, to_endpoint, coalesce(reopened.attempt_count, 0), resent_at, 1
    FROM unnest(event_ids) AS id LEFT JOIN reopened ON reopened.event_id = id
    ORDER BY id
    ON CONFLICT (event_id, endpoint_id) DO UPDATE
    SET tries = 0, resend_count = queue.resend_count + 1, next_attempt_at = excluded.next_attempt_at, busy_since = NULL;

    -- Somebody wants them sent now, also to an endpoint that asked to be left alone.
    UPDATE lanes SET resting_until = NULL WHERE endpoint_id = to_endpoint AND resting_until > resent_at;
    INSERT INTO lane_wakes (endpoint_id) VALUES (to_endpoint);
END
$$;

CREATE FUNCTION public.rotate_event_partitions(span interval) RETURNS boolean
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
DECLARE
    -- Taken before the sequence is read: no event of a partition that is still unused is older.
    looked_at timestamptz := clock_timestamp();
    next_id bigint;
    used event_partitions;
    next_first_id bigint;
BEGIN
    IF NOT lock_event_partitions() THEN
        RETURN false;
    END IF;
    SELECT last_value + is_called::integer::bigint INTO next_id FROM events_id_seq;
    SELECT * INTO used FROM event_partitions
    WHERE first_event_id <= next_id AND end_event_id > next_id AND opened_at <= looked_at - span;
    IF NOT FOUND THEN
        RETURN false;
    END IF;
    IF next_id <= greatest(used.first_event_id, 1::bigint) THEN
        UPDATE event_partitions SET opened_at = looked_at WHERE first_event_id = used.first_event_id;
        RETURN false;
    END IF;

    next_first_id := (SELECT min(first_event_id) FROM event_partitions WHERE first_event_id >= used.end_event_id);
    SELECT last_value + is_called::integer::bigint, setval('events_id_seq'::regclass, next_first_id, false)
    INTO next_id, next_first_id
    FROM events_id_seq WHERE last_value < (used.first_event_id + used.end_event_id) / 2::bigint;
    IF next_first_id IS NULL THEN
        RETURN false;
    END IF;
    UPDATE event_partitions SET closed_at = clock_timestamp(), taken = next_id - first_event_id
    WHERE first_event_id = used.first_event_id;
    UPDATE event_partitions SET opened_at = looked_at WHERE first_event_id = next_first_id;
    RETURN true;
END
$$;

CREATE TABLE public.attempts (
    id bigint NOT NULL,
    event_id bigint NOT NULL,
    endpoint_id integer NOT NULL,
    send_id uuid DEFAULT gen_random_uuid() NOT NULL,
    number integer NOT NULL,
    trigger public.attempt_trigger DEFAULT 'SCHEDULE'::public.attempt_trigger NOT NULL,
    outcome public.attempt_outcome NOT NULL,
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
)
PARTITION BY RANGE (event_id);

CREATE FUNCTION public.scan_attempts(of_event bigint, of_endpoint integer, before_time timestamp with time zone, before_id bigint, since timestamp with time zone, most integer) RETURNS SETOF public.attempts
    LANGUAGE plpgsql STABLE ROWS 100
    SET enable_seqscan TO 'off'
    SET enable_bitmapscan TO 'off'
    SET enable_sort TO 'off'
    SET plan_cache_mode TO 'force_generic_plan'
    AS $$
DECLARE
    latest_time timestamptz := coalesce(before_time, 'infinity');
    latest_id bigint := coalesce(before_id, 9223372036854775807);
    earliest timestamptz := coalesce(since, '-infinity');
    -- An event with more attempts is searched for among those of all events.
    sorted_most CONSTANT integer := 1000;
BEGIN
    IF of_event IS NOT NULL AND of_endpoint IS NOT NULL THEN
        -- OFFSET keeps the order from choosing the index: few attempts are sorted.
        RETURN QUERY SELECT * FROM (SELECT * FROM attempts WHERE event_id = of_event AND endpoint_id = of_endpoint OFFSET 0) own
            WHERE (created_at, id) < (latest_time, latest_id) AND created_at >= earliest
            ORDER BY created_at DESC, id DESC LIMIT most;
    ELSIF of_event IS NOT NULL THEN
        IF (SELECT count(*) FROM (SELECT FROM attempts WHERE event_id = of_event LIMIT sorted_most + 1) counted) <= sorted_most THEN
            RETURN QUERY SELECT * FROM (SELECT * FROM attempts WHERE event_id = of_event OFFSET 0) own
                WHERE (created_at, id) < (latest_time, latest_id) AND created_at >= earliest
                ORDER BY created_at DESC, id DESC LIMIT most;
        ELSE
            RETURN QUERY SELECT * FROM scan_attempts(NULL, NULL, before_time, before_id,
                greatest(since, (SELECT events.created_at FROM events WHERE events.id = of_event)), most);
        END IF;
    ELSIF of_endpoint IS NOT NULL THEN
        RETURN QUERY SELECT * FROM attempts
            WHERE endpoint_id = of_endpoint AND (created_at, id) < (latest_time, latest_id) AND created_at >= earliest
            ORDER BY created_at DESC, id DESC LIMIT most;
    ELSE
        RETURN QUERY SELECT * FROM attempts
            WHERE (created_at, id) < (latest_time, latest_id) AND created_at >= earliest
            ORDER BY created_at DESC, id DESC LIMIT most;
    END IF;
END
$$;

CREATE TABLE public.ended_deliveries (
    event_id bigint NOT NULL,
    endpoint_id integer NOT NULL,
    status public.delivery_status NOT NULL,
    attempt_count integer NOT NULL,
    tries smallint DEFAULT 0 NOT NULL,
    CONSTRAINT ended_deliveries_status_check CHECK ((status <> 'PENDING'::public.delivery_status))
)
PARTITION BY RANGE (event_id);

CREATE VIEW public.deliveries AS
 SELECT queue.event_id,
    queue.endpoint_id,
    'PENDING'::public.delivery_status AS status,
    queue.attempt_count,
    queue.tries,
    queue.next_attempt_at,
    queue.lease_owner,
    queue.lease_expires_at,
    queue.resend_count
   FROM public.queue
UNION ALL
 SELECT ended_deliveries.event_id,
    ended_deliveries.endpoint_id,
    ended_deliveries.status,
    ended_deliveries.attempt_count,
    (ended_deliveries.tries)::integer AS tries,
    NULL::timestamp with time zone AS next_attempt_at,
    NULL::uuid AS lease_owner,
    NULL::timestamp with time zone AS lease_expires_at,
    0 AS resend_count
   FROM public.ended_deliveries;

CREATE FUNCTION public.scan_deliveries(of_event bigint, of_endpoint integer, before_event bigint, before_endpoint integer, first_event bigint, with_pending boolean, with_ended boolean, most integer) RETURNS SETOF public.deliveries
    LANGUAGE plpgsql STABLE ROWS 100
    SET enable_seqscan TO 'off'
    SET enable_bitmapscan TO 'off'
    SET plan_cache_mode TO 'force_generic_plan'
    AS $$
DECLARE
    last_event bigint := least(of_event, before_event);
    earliest bigint := greatest(of_event, first_event, 0);
    latest bigint := coalesce(last_event, 9223372036854775807);
    latest_endpoint integer := CASE WHEN last_event = before_event THEN coalesce(before_endpoint, 0) ELSE 2147483647 END;
    most_pending integer := CASE WHEN with_pending THEN most ELSE 0 END;
    most_ended integer := CASE WHEN with_ended THEN most ELSE 0 END;
BEGIN
    IF of_event IS NOT NULL AND of_endpoint IS NOT NULL THEN
        RETURN QUERY SELECT * FROM deliveries
            WHERE event_id = of_event AND endpoint_id = of_endpoint AND event_id BETWEEN earliest AND latest
                AND (event_id < latest OR endpoint_id < latest_endpoint)
                AND CASE WHEN status = 'PENDING' THEN with_pending ELSE with_ended END;
    ELSIF of_endpoint IS NOT NULL THEN
        RETURN QUERY SELECT * FROM (
            (SELECT event_id, endpoint_id, 'PENDING'::delivery_status, attempt_count, tries, next_attempt_at, lease_owner,
                lease_expires_at, resend_count
            FROM queue WHERE endpoint_id = of_endpoint AND event_id BETWEEN earliest AND latest
                AND (event_id < latest OR endpoint_id < latest_endpoint)
            ORDER BY event_id DESC LIMIT most_pending)
            UNION ALL
            (SELECT event_id, endpoint_id, status, attempt_count, tries::integer, NULL, NULL, NULL, 0
            FROM ended_deliveries WHERE endpoint_id = of_endpoint AND event_id BETWEEN earliest AND latest
                AND (event_id < latest OR endpoint_id < latest_endpoint)
            ORDER BY event_id DESC LIMIT most_ended)
        ) delivery ORDER BY delivery.event_id DESC LIMIT most;
    ELSE
        RETURN QUERY SELECT * FROM (
            (SELECT event_id, endpoint_id, 'PENDING'::delivery_status, attempt_count, tries, next_attempt_at, lease_owner,
                lease_expires_at, resend_count
            FROM queue WHERE event_id BETWEEN earliest AND latest AND (event_id, endpoint_id) < (latest, latest_endpoint)
            ORDER BY event_id DESC, endpoint_id DESC LIMIT most_pending)
            UNION ALL
            (SELECT event_id, endpoint_id, status, attempt_count, tries::integer, NULL, NULL, NULL, 0
            FROM ended_deliveries WHERE event_id BETWEEN earliest AND latest AND (event_id, endpoint_id) < (latest, latest_endpoint)
            ORDER BY event_id DESC, endpoint_id DESC LIMIT most_ended)
        ) delivery ORDER BY delivery.event_id DESC, delivery.endpoint_id DESC LIMIT most;
    END IF;
END
$$;

CREATE FUNCTION public.scan_events(before_time timestamp with time zone, before_id bigint, since timestamp with time zone, most integer) RETURNS TABLE(id bigint, type text, created_at timestamp with time zone, is_test boolean, fanned_out_at timestamp with time zone)
    LANGUAGE plpgsql STABLE ROWS 100
    SET enable_seqscan TO 'off'
    SET enable_bitmapscan TO 'off'
    SET enable_sort TO 'off'
    SET plan_cache_mode TO 'force_generic_plan'
    AS $$
#variable_conflict use_column
DECLARE
    latest_time timestamptz := coalesce(before_time, 'infinity');
    latest_id bigint := coalesce(before_id, 9223372036854775807);
    earliest timestamptz := coalesce(since, '-infinity');
BEGIN
    RETURN QUERY SELECT id, type, created_at, is_test, fanned_out_at FROM events
        WHERE (created_at, id) < (latest_time, latest_id) AND created_at >= earliest
        ORDER BY created_at DESC, id DESC LIMIT most;
END
$$;

CREATE FUNCTION public.settle_lanes(lane_ids integer[], moment timestamp with time zone, most integer) RETURNS void
    LANGUAGE plpgsql
    SET enable_seqscan TO 'off'
    SET enable_bitmapscan TO 'off'
    SET enable_hashjoin TO 'off'
    SET enable_mergejoin TO 'off'
    AS $$
DECLARE
    held integer[];
    deleted integer[];
BEGIN
    SELECT array_agg(endpoint_id) INTO held FROM (
        SELECT endpoint_id FROM lanes WHERE endpoint_id = ANY (lane_ids) AND is_awake FOR UPDATE SKIP LOCKED
    ) locked;
    IF held IS NULL THEN
        RETURN;
    END IF;

    SELECT array_agg(id) INTO deleted FROM endpoints WHERE id = ANY (held) AND deleted_at IS NOT NULL;
    IF deleted IS NOT NULL THEN
        PERFORM cancel_deliveries(id, moment, most) FROM unnest(deleted) AS id;
    END IF;

    WITH lane AS MATERIALIZED (
        SELECT lanes.endpoint_id, coalesce(endpoint.is_active OR endpoint.deleted_at IS NOT NULL, false) AS is_served,
            lanes.resting_until, next.due_at
        FROM unnest(held) AS id
        JOIN lanes ON lanes.endpoint_id = id
        LEFT JOIN endpoints endpoint ON endpoint.id = lanes.endpoint_id
        CROSS JOIN LATERAL (
            SELECT min(next_look(lanes.endpoint_id, part, moment, '-infinity')) AS due_at FROM unnest('{0,1}'::integer[]) AS part
        ) next
    ),
    settled AS MATERIALIZED (
        SELECT endpoint_id,
            CASE WHEN resting_until > moment THEN greatest(resting_until, CASE WHEN is_served THEN due_at END)
                WHEN is_served THEN due_at END AS due_at
        FROM lane
    ),
    removed AS (
        DELETE FROM lanes USING settled WHERE lanes.endpoint_id = settled.endpoint_id AND settled.due_at IS NULL
    )
    UPDATE lanes SET is_awake = false, due_at = settled.due_at
    FROM settled WHERE lanes.endpoint_id = settled.endpoint_id AND settled.due_at > moment;
END
$$;

CREATE FUNCTION public.update_endpoint(endpoint_id integer, change jsonb) RETURNS json
    LANGUAGE plpgsql
    AS $$
#variable_conflict use_column
DECLARE
    stored endpoints;
    merged endpoints;
    was endpoints;
    -- null = keep
    event_types text[];
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

    -- Event types
    IF change ? 'eventTypes' THEN
        event_types := ARRAY(SELECT jsonb_array_elements_text(change->'eventTypes'));
    ELSIF change ?| '{addTypes,removeTypes}' THEN
        event_types := ARRAY(
            SELECT type FROM endpoint_events WHERE endpoint_id = stored.id
            UNION SELECT jsonb_array_elements_text(change->'addTypes')
            EXCEPT SELECT jsonb_array_elements_text(change->'removeTypes')
        );
    END IF;

    IF event_types = '{}' THEN
        outcome := 'emptied';
    -- Version: a comparison with null is not true, so a missing version accepts any.
    ELSIF (change->>'expectedVersion')::integer <> stored.version THEN
        outcome := 'conflict';
    ELSE
        -- The database's clock, never behind the stored time: the clock may have been set back.
        changed_at := greatest(clock_timestamp(), stored.updated_at);

        -- Merge. Event types are rows of their own: write only those that differ.
        merged := jsonb_populate_record(stored, coalesce(change->'patch', '{}'));
        IF merged.is_active THEN
            merged.disabled_reason := NULL;
            merged.disabled_at := NULL;
        END IF;
        IF event_types IS NOT NULL THEN
            DELETE FROM endpoint_events
            WHERE endpoint_id = stored.id AND type <> ALL (event_types);
            event_types_changed := FOUND;
            INSERT INTO endpoint_events (endpoint_id, type, added_at, is_on)
            SELECT stored.id, event_type, changed_at, stored.is_active FROM unnest(event_types) AS event_type
            ON CONFLICT DO NOTHING;
            event_types_changed := event_types_changed OR FOUND;
        END IF;

        -- No-op: the patch changes neither a column nor the set of event types.
        IF NOT event_types_changed AND merged IS NOT DISTINCT FROM stored THEN
            outcome := 'unchanged';
        ELSE
            -- Write
            was := stored;
            UPDATE endpoints
            SET target = merged.target,
                description = merged.description,
                is_active = merged.is_active,
                ssl_cert_verification = merged.ssl_cert_verification,
                disabled_reason = merged.disabled_reason,
                disabled_at = merged.disabled_at,
                updated_at = changed_at,
                version = version + 1
            WHERE id = stored.id
            RETURNING * INTO stored;
            outcome := 'changed';
            -- Pending deliveries may be due now. Another receiver has not asked to be left alone.
            IF merged.is_active AND (NOT was.is_active OR merged.target <> was.target) THEN
                UPDATE lanes SET resting_until = NULL WHERE lanes.endpoint_id = stored.id AND resting_until IS NOT NULL;
                INSERT INTO lane_wakes (endpoint_id) VALUES (stored.id);
            END IF;
        END IF;
    END IF;

    RETURN json_build_object('outcome', outcome, 'endpoint', endpoint_json(stored));
END
$$;

CREATE FUNCTION public.update_endpoints(changes jsonb) RETURNS SETOF json
    LANGUAGE plpgsql
    AS $$
DECLARE
    change jsonb;
    endpoint_id integer;
    place integer;
    results json[] := array_fill(NULL::json, ARRAY[jsonb_array_length(changes)]);
BEGIN
    FOR change, endpoint_id, place IN
        SELECT value, (value->>'endpointId')::integer AS id, ordinality::integer AS nth
        FROM jsonb_array_elements(changes) WITH ORDINALITY ORDER BY id, nth
    LOOP
        -- The lock is the one that the change needs: is_active is part of a key.
        IF change->'patch' ? 'is_active' THEN
            PERFORM FROM endpoints WHERE id = endpoint_id FOR UPDATE SKIP LOCKED;
        ELSE
            PERFORM FROM endpoints WHERE id = endpoint_id FOR NO KEY UPDATE SKIP LOCKED;
        END IF;
        IF FOUND THEN
            results[place] := update_endpoint(endpoint_id, change);
        END IF;
    END LOOP;
    RETURN QUERY SELECT unnest(results);
END
$$;

CREATE FUNCTION public.wake_lanes(moment timestamp with time zone, most integer) RETURNS void
    LANGUAGE plpgsql
    SET enable_seqscan TO 'off'
    SET enable_bitmapscan TO 'off'
    SET enable_hashjoin TO 'off'
    SET enable_mergejoin TO 'off'
    AS $$
DECLARE
    called integer[];
BEGIN
    WITH taken AS (
        DELETE FROM lane_wakes WHERE id = ANY (ARRAY(
            SELECT id FROM lane_wakes ORDER BY id LIMIT most FOR UPDATE SKIP LOCKED
        ))
        RETURNING endpoint_id
    )
    SELECT array_agg(DISTINCT endpoint_id) INTO called FROM taken;

    IF called IS NOT NULL THEN
        PERFORM call_lanes(called, moment);
    END IF;

    UPDATE lanes SET is_awake = true
    WHERE endpoint_id = ANY (ARRAY(
        SELECT endpoint_id FROM lanes WHERE NOT is_awake AND due_at <= moment
        ORDER BY due_at LIMIT most FOR NO KEY UPDATE SKIP LOCKED
    ));
END
$$;

CREATE FUNCTION public.workers_channel() RETURNS text
    LANGUAGE sql STABLE
    AS $$
    SELECT 'hookgate_workers_' || oid FROM pg_namespace WHERE nspname = current_schema()
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
    first_event_id bigint NOT NULL,
    shard smallint NOT NULL,
    count bigint NOT NULL
)
PARTITION BY RANGE (first_event_id);

CREATE SEQUENCE public.attempts_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;

ALTER SEQUENCE public.attempts_id_seq OWNED BY public.attempts.id;

CREATE TABLE public.endpoint_events (
    endpoint_id integer NOT NULL,
    type text NOT NULL COLLATE pg_catalog."C",
    added_at timestamp(3) with time zone DEFAULT transaction_timestamp() NOT NULL,
    is_on boolean NOT NULL
);

CREATE SEQUENCE public.endpoints_id_seq
    AS integer
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;

ALTER SEQUENCE public.endpoints_id_seq OWNED BY public.endpoints.id;

CREATE TABLE public.event_partitions (
    first_event_id bigint NOT NULL,
    end_event_id bigint NOT NULL,
    opened_at timestamp(3) with time zone,
    closed_at timestamp(3) with time zone,
    taken bigint,
    emptied_at timestamp(3) with time zone
);

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

CREATE TABLE public.fan_outs (
    event_id bigint NOT NULL,
    type text NOT NULL COLLATE pg_catalog."C",
    after_endpoint_id integer DEFAULT 0 NOT NULL
);

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

CREATE TABLE public.lane_wakes (
    id bigint NOT NULL,
    endpoint_id integer NOT NULL
);

CREATE SEQUENCE public.lane_wakes_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;

ALTER SEQUENCE public.lane_wakes_id_seq OWNED BY public.lane_wakes.id;

CREATE TABLE public.lanes (
    endpoint_id integer NOT NULL,
    is_awake boolean NOT NULL,
    due_at timestamp(3) with time zone NOT NULL,
    resting_until timestamp(3) with time zone
);

ALTER TABLE ONLY public.attempts ALTER COLUMN id SET DEFAULT nextval('public.attempts_id_seq'::regclass);

ALTER TABLE ONLY public.endpoints ALTER COLUMN id SET DEFAULT nextval('public.endpoints_id_seq'::regclass);

ALTER TABLE ONLY public.events ALTER COLUMN id SET DEFAULT nextval('public.events_id_seq'::regclass);

ALTER TABLE ONLY public.lane_wakes ALTER COLUMN id SET DEFAULT nextval('public.lane_wakes_id_seq'::regclass);

ALTER TABLE ONLY public._prisma_migrations
    ADD CONSTRAINT _prisma_migrations_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.attempt_counts
    ADD CONSTRAINT attempt_counts_pkey PRIMARY KEY (endpoint_id, first_event_id, shard);

ALTER TABLE ONLY public.attempts
    ADD CONSTRAINT attempts_pkey PRIMARY KEY (id, event_id);

ALTER TABLE ONLY public.ended_deliveries
    ADD CONSTRAINT ended_deliveries_pkey PRIMARY KEY (event_id, endpoint_id);

ALTER TABLE ONLY public.endpoint_events
    ADD CONSTRAINT endpoint_events_pkey PRIMARY KEY (endpoint_id, type);

ALTER TABLE ONLY public.endpoints
    ADD CONSTRAINT endpoints_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.event_partitions
    ADD CONSTRAINT event_partitions_pkey PRIMARY KEY (first_event_id);

ALTER TABLE ONLY public.event_types
    ADD CONSTRAINT event_types_pkey PRIMARY KEY (type);

ALTER TABLE ONLY public.events
    ADD CONSTRAINT events_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.fan_outs
    ADD CONSTRAINT fan_outs_pkey PRIMARY KEY (event_id);

ALTER TABLE ONLY public.idempotency_keys
    ADD CONSTRAINT idempotency_keys_pkey PRIMARY KEY (publisher, key);

ALTER TABLE ONLY public.installed_functions
    ADD CONSTRAINT installed_functions_pkey PRIMARY KEY (name);

ALTER TABLE ONLY public.lane_wakes
    ADD CONSTRAINT lane_wakes_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.lanes
    ADD CONSTRAINT lanes_pkey PRIMARY KEY (endpoint_id);

ALTER TABLE ONLY public.queue
    ADD CONSTRAINT queue_pkey PRIMARY KEY (event_id, endpoint_id);

ALTER TABLE ONLY public.signing_secrets
    ADD CONSTRAINT signing_secrets_pkey PRIMARY KEY (id);

CREATE INDEX attempts_created_at_id_idx ON ONLY public.attempts USING btree (created_at, id);

CREATE INDEX attempts_endpoint_id_created_at_id_idx ON ONLY public.attempts USING btree (endpoint_id, created_at, id);

CREATE INDEX attempts_endpoint_id_sent_at_id_idx ON ONLY public.attempts USING btree (endpoint_id, sent_at, id);

CREATE UNIQUE INDEX attempts_event_id_endpoint_id_send_id_key ON ONLY public.attempts USING btree (event_id, endpoint_id, send_id);

CREATE INDEX attempts_next_retry ON ONLY public.attempts USING btree (endpoint_id, next_retry_at, id) WHERE (next_retry_at IS NOT NULL);

CREATE INDEX ended_deliveries_endpoint_id_event_id_idx ON ONLY public.ended_deliveries USING btree (endpoint_id, event_id);

CREATE INDEX endpoint_events_type_is_on_endpoint_id_idx ON public.endpoint_events USING btree (type, is_on, endpoint_id);

CREATE INDEX endpoints_created_at_id_idx ON public.endpoints USING btree (created_at, id);

CREATE INDEX endpoints_deleted ON public.endpoints USING btree (deleted_at) WHERE (deleted_at IS NOT NULL);

CREATE UNIQUE INDEX endpoints_is_active_id_key ON public.endpoints USING btree (is_active, id);

CREATE INDEX endpoints_target_idx ON public.endpoints USING gin (target public.gin_trgm_ops);

CREATE INDEX endpoints_updated_at_id_idx ON public.endpoints USING btree (updated_at, id);

CREATE INDEX events_created_at_id_idx ON ONLY public.events USING btree (created_at, id);

CREATE INDEX idempotency_keys_expires_at_idx ON public.idempotency_keys USING btree (expires_at);

CREATE INDEX lanes_asleep ON public.lanes USING btree (due_at) WHERE (NOT is_awake);

CREATE INDEX lanes_awake ON public.lanes USING btree (endpoint_id) WHERE is_awake;

CREATE INDEX queue_endpoint_id_event_id_idx ON public.queue USING btree (endpoint_id, event_id);

CREATE INDEX queue_lane ON public.queue USING btree (endpoint_id, LEAST(tries, 1), next_attempt_at, event_id) WHERE (LEAST(tries, 1) >= 0);

CREATE INDEX signing_secrets_endpoint_id_created_at_idx ON public.signing_secrets USING btree (endpoint_id, created_at);

ALTER TABLE ONLY public.endpoint_events
    ADD CONSTRAINT endpoint_events_endpoint_id_is_on_fkey FOREIGN KEY (endpoint_id, is_on) REFERENCES public.endpoints(id, is_active) ON UPDATE CASCADE ON DELETE CASCADE;

ALTER TABLE ONLY public.endpoint_events
    ADD CONSTRAINT endpoint_events_type_fkey FOREIGN KEY (type) REFERENCES public.event_types(type) ON UPDATE CASCADE ON DELETE RESTRICT;

ALTER TABLE ONLY public.signing_secrets
    ADD CONSTRAINT signing_secrets_endpoint_id_fkey FOREIGN KEY (endpoint_id) REFERENCES public.endpoints(id) ON UPDATE CASCADE ON DELETE CASCADE;
