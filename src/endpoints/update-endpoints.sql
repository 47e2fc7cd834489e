-- Changes several endpoints in one statement, each as update_endpoint does.
--
-- `changes` is an array of changes as update_endpoint takes them, each with its "endpointId".
-- Returns what update_endpoint returns, in the order of the changes; null also for an endpoint that another transaction has locked:
-- the caller then calls update_endpoint.
--
-- Invariant: this function waits for nobody's endpoint, so that a locked one keeps no other change waiting. Endpoints, and the lanes
-- that update_endpoint changes, are locked in the order of their ids, as by record_attempts, so that the two never deadlock.
CREATE OR REPLACE FUNCTION update_endpoints(changes jsonb) RETURNS SETOF json
LANGUAGE plpgsql VOLATILE
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
