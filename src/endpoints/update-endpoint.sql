-- Changes the fields of an endpoint that `patch` names and no other.
--
-- patch: new values by column, {"target": ..., "is_active": ...}; event_types: the new set of events, null = keep.
-- Returns null for an unknown endpoint, else {"outcome", "endpoint"}:
--   changed    the endpoint as it is stored now
--   unchanged  the patch equals the stored endpoint; nothing was written
--   conflict   another version than expected_version is stored; nothing was written
--
-- Invariant: no change is lost, and each effective change raises the version by one. The row lock comes first, so of two
-- calls at once the second waits, and merges its patch into what the first has written. Each statement of a VOLATILE
-- function reads everything that was committed before the statement started (READ COMMITTED), events included.
CREATE OR REPLACE FUNCTION update_endpoint(
    endpoint_id integer,
    expected_version integer,
    patch jsonb,
    event_types text[]
) RETURNS json
LANGUAGE plpgsql VOLATILE
AS $$
#variable_conflict use_column
DECLARE
    stored endpoints;
    merged endpoints;
    outcome text := 'unchanged';
    changed_at timestamptz(3);
BEGIN
    -- Lock
    SELECT * INTO stored FROM endpoints
    WHERE id = update_endpoint.endpoint_id AND deleted_at IS NULL FOR NO KEY UPDATE;
    IF NOT FOUND THEN
        RETURN NULL;
    END IF;

    -- Version
    IF expected_version <> stored.version THEN
        outcome := 'conflict';
    ELSE
        -- The database's clock, never behind the stored time: the clock may have been set back.
        changed_at := greatest(clock_timestamp(), stored.updated_at);

        -- Merge
        merged := jsonb_populate_record(stored, patch);
        IF merged.is_active THEN
            merged.disabled_reason := NULL;
        END IF;
        IF event_types IS NOT NULL THEN
            DELETE FROM endpoint_events
            WHERE endpoint_id = stored.id AND type <> ALL (event_types);
            IF FOUND THEN
                outcome := 'changed';
            END IF;
            INSERT INTO endpoint_events (endpoint_id, type, added_at)
            SELECT stored.id, new_type, changed_at FROM unnest(event_types) AS new_type
            ON CONFLICT DO NOTHING;
            IF FOUND THEN
                outcome := 'changed';
            END IF;
        END IF;

        -- No-op: merged equals stored, and no event was added or removed.
        IF merged IS DISTINCT FROM stored THEN
            outcome := 'changed';
        END IF;
        IF outcome = 'changed' THEN
            UPDATE endpoints
            SET target = merged.target,
                description = merged.description,
                is_active = merged.is_active,
                ssl_cert_verification = merged.ssl_cert_verification,
                disabled_reason = merged.disabled_reason,
                updated_at = changed_at,
                version = version + 1
            WHERE id = stored.id;
        END IF;
    END IF;

    RETURN (
        SELECT json_build_object('outcome', outcome, 'endpoint', endpoint)
        FROM endpoint_json(stored.id) AS endpoint);
END
$$;
