-- Changes the fields of an endpoint that `patch` names and no other.
--
-- `change` is an object; each key may be missing:
--   patch            new values by column, {"target": ..., "is_active": ...}
--   eventTypes       the new set of event types
--   addTypes         event types to add to the set; those that are in it already change nothing
--   removeTypes      event types to take out of the set; others change nothing
--   expectedVersion  the version that must be stored
-- Returns null for an unknown or deleted endpoint, else {"outcome", "endpoint"}:
--   changed    the endpoint as it is stored now
--   unchanged  the patch changes nothing; nothing was written
--   emptied    no event type would be left; nothing was written
--   conflict   another version than expectedVersion is stored; nothing was written
--
-- Steps, in this order: lock, event types, version, merge (event types that differ are written here), no-op, write.
--
-- Invariant: no change is lost, and each effective change raises the version by one. Of two calls at once, the later one waits
-- at its lock until the earlier one is committed, and then reads the row that the earlier one has written. The lock is the first
-- statement. Each later statement sees everything that was committed before that statement started (READ COMMITTED), so the
-- later call merges into the event types that the earlier one has written, too.
CREATE OR REPLACE FUNCTION update_endpoint(
    endpoint_id integer,
    change jsonb
) RETURNS json
LANGUAGE plpgsql VOLATILE
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
