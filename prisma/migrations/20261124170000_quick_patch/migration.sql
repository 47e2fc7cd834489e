-- How an endpoint is answered, by the statements that read it and by the functions that change it. PostgreSQL puts this
-- function's text in the place of its calls, which it does for none that holds a query: so the events are handed in.
DROP FUNCTION endpoint_document(endpoints);
CREATE FUNCTION endpoint_document(endpoint endpoints, events json) RETURNS json
LANGUAGE sql STABLE
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
    'events', coalesce(events, '[]')
);

-- Changes an endpoint: a null argument keeps what is stored, new_event_types replaces the whole set of events.
-- Answers null when the endpoint does not exist, else {"outcome": ..., "endpoint": ...} with the outcome
-- 'changed', 'unchanged' or 'conflict' (expected_version is not the stored one; nothing is written).
--
-- Invariant: of two calls at once the second sees what the first wrote. Where events are given, the row lock comes
-- first, and each statement of a VOLATILE function takes a fresh snapshot (READ COMMITTED). Where none are, the one
-- UPDATE is enough: it judges, and changes, the newest version of the row.
DROP FUNCTION update_endpoint(integer, integer, text, text, boolean, boolean, text[]);
CREATE FUNCTION update_endpoint(
    endpoint_id_to_change integer,
    expected_version integer,
    new_target text,
    new_description text,
    new_is_active boolean,
    new_ssl_cert_verification boolean,
    new_event_types text[]
) RETURNS json
LANGUAGE plpgsql VOLATILE
AS $$
DECLARE
    stored endpoints;
    events_changed boolean := false;
    changed_at timestamptz(3);
    outcome text := 'changed';
BEGIN
    IF new_event_types IS NOT NULL THEN
        SELECT * INTO stored FROM endpoints WHERE id = endpoint_id_to_change AND deleted_at IS NULL FOR NO KEY UPDATE;
        IF expected_version IS NULL OR expected_version = stored.version THEN
            changed_at := greatest(clock_timestamp(), stored.updated_at);
            DELETE FROM endpoint_events
            WHERE endpoint_id = stored.id AND type <> ALL (new_event_types);
            events_changed := FOUND;
            INSERT INTO endpoint_events (endpoint_id, type, added_at)
            SELECT stored.id, new_type, changed_at FROM unnest(new_event_types) AS new_type
            WHERE stored.id IS NOT NULL
            ON CONFLICT DO NOTHING;
            events_changed := events_changed OR FOUND;
        END IF;
    END IF;

    -- The clock of the database, never behind what is stored: transactions that waited for the lock began earlier.
    UPDATE endpoints
    SET target = coalesce(new_target, target),
        description = coalesce(new_description, description),
        is_active = coalesce(new_is_active, is_active),
        ssl_cert_verification = coalesce(new_ssl_cert_verification, ssl_cert_verification),
        disabled_reason = CASE WHEN new_is_active THEN NULL ELSE disabled_reason END,
        updated_at = coalesce(changed_at, greatest(clock_timestamp(), updated_at)),
        version = version + 1
    WHERE id = endpoint_id_to_change AND deleted_at IS NULL
        AND (expected_version IS NULL OR expected_version = version)
        AND (events_changed
            OR new_target <> target
            OR new_description <> description
            OR new_is_active <> is_active
            OR new_ssl_cert_verification <> ssl_cert_verification)
    RETURNING * INTO stored;

    IF NOT FOUND THEN
        SELECT * INTO stored FROM endpoints WHERE id = endpoint_id_to_change AND deleted_at IS NULL;
        IF NOT FOUND THEN
            RETURN NULL;
        END IF;
        outcome := CASE WHEN expected_version <> stored.version THEN 'conflict' ELSE 'unchanged' END;
    END IF;
    RETURN json_build_object('outcome', outcome, 'endpoint', endpoint_document(
        stored,
        (SELECT json_agg(json_build_object('type', type, 'addedAt', added_at) ORDER BY type)
         FROM endpoint_events WHERE endpoint_id = stored.id)));
END
$$;

-- Deleting an endpoint hides it and its lane at once. Its secrets go with it; its deliveries stay on record, the
-- pending ones cancelled (a thousand here, the rest in batches by the workers).
-- Answers like update_endpoint; the outcome of a deletion is 'deleted'.
DROP FUNCTION delete_endpoint(integer, integer);
CREATE FUNCTION delete_endpoint(endpoint_id_to_delete integer, expected_version integer) RETURNS json
LANGUAGE plpgsql VOLATILE
AS $$
DECLARE
    stored endpoints;
    document json;
BEGIN
    SELECT * INTO stored FROM endpoints WHERE id = endpoint_id_to_delete AND deleted_at IS NULL FOR UPDATE;
    IF NOT FOUND THEN
        RETURN NULL;
    END IF;
    document := endpoint_document(
        stored,
        (SELECT json_agg(json_build_object('type', type, 'addedAt', added_at) ORDER BY type)
         FROM endpoint_events WHERE endpoint_id = stored.id));
    IF expected_version <> stored.version THEN
        RETURN json_build_object('outcome', 'conflict', 'endpoint', document);
    END IF;
    UPDATE endpoints SET deleted_at = clock_timestamp() WHERE id = endpoint_id_to_delete;
    DELETE FROM signing_secrets WHERE endpoint_id = endpoint_id_to_delete;
    PERFORM cancel_deliveries(endpoint_id_to_delete, 1000);
    RETURN json_build_object('outcome', 'deleted', 'endpoint', document);
END
$$;
