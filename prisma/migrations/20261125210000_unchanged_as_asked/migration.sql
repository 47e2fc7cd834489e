-- Changes an endpoint: a null argument keeps what is stored, new_event_types replaces the whole set of events.
-- Answers null when the endpoint does not exist, else {"outcome": ..., "endpoint": ...} with the outcome
-- 'changed', 'unchanged' or 'conflict' (expected_version is not the stored one; nothing is written).
--
-- Invariant: of two calls at once the second sees what the first wrote. Where events are given, the row lock comes
-- first, and each statement of a VOLATILE function takes a fresh snapshot (READ COMMITTED). Where none are, the one
-- UPDATE is enough: it judges, and changes, the newest version of the row. What is answered without having been locked
-- is read in one statement, row and events of one moment; should another change have come between the two, so that there
-- is something to change after all, it is tried again. An answer always says what was asked for.
CREATE OR REPLACE FUNCTION update_endpoint(
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
    answer json;
    is_settled boolean;
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

    LOOP
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
        IF FOUND THEN
            RETURN json_build_object('outcome', 'changed', 'endpoint', endpoint_document(
                stored,
                (SELECT json_agg(json_build_object('type', type, 'addedAt', added_at) ORDER BY type)
                 FROM endpoint_events WHERE endpoint_id = stored.id)));
        END IF;

        SELECT
            json_build_object(
                'outcome', CASE WHEN expected_version <> endpoint.version THEN 'conflict' ELSE 'unchanged' END,
                'endpoint', endpoint_document(
                    endpoint,
                    (SELECT json_agg(json_build_object('type', type, 'addedAt', added_at) ORDER BY type)
                     FROM endpoint_events WHERE endpoint_id = endpoint.id))),
            coalesce(expected_version <> endpoint.version, false)
                OR (new_target <> target
                    OR new_description <> description
                    OR new_is_active <> is_active
                    OR new_ssl_cert_verification <> ssl_cert_verification) IS NOT TRUE
        INTO answer, is_settled
        FROM endpoints endpoint WHERE id = endpoint_id_to_change AND deleted_at IS NULL;
        IF is_settled IS NOT FALSE THEN
            RETURN answer;
        END IF;
    END LOOP;
END
$$;
