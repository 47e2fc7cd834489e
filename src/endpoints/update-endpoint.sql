-- Changes the fields of an endpoint that `patch` names and no other.
--
-- Parameters:
--   expected_version  the version that must be stored; null = any version
--   patch             new values by column, {"target": ..., "is_active": ...}
--   event_types       the new set of event types; null = keep
-- Returns null for an unknown or deleted endpoint, else {"outcome", "endpoint"}:
--   changed    the endpoint as it is stored now
--   unchanged  the patch changes nothing; nothing was written
--   conflict   another version than expected_version is stored; nothing was written
--
-- Steps, in this order: lock, version, merge (event types that differ are written here), no-op, write.
--
-- Invariant: no change is lost, and each effective change raises the version by one. Of two calls at once, the later one waits
-- at its lock until the earlier one is committed, and then reads the row that the earlier one has written. The lock is the first
-- statement. Each later statement sees everything that was committed before that statement started (READ COMMITTED), so the
-- later call merges into the event types that the earlier one has written, too.
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
    was endpoints;
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
