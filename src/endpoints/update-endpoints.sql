-- Changes several endpoints in one statement, each as update_endpoint does.
--
-- `changes` is an array of changes as update_endpoint takes them, each with its "endpointId".
-- Returns what update_endpoint returns, in the order of the changes; null also for an endpoint that another transaction has locked:
-- the caller then calls update_endpoint.
--
-- Invariant: this function waits for nobody's endpoint, so that a locked one keeps no other change waiting, and two statements
-- never deadlock.
CREATE OR REPLACE FUNCTION update_endpoints(changes jsonb) RETURNS SETOF json
LANGUAGE plpgsql VOLATILE
AS $$
DECLARE
    change jsonb;
BEGIN
    FOR change IN SELECT value FROM jsonb_array_elements(changes) LOOP
        PERFORM FROM endpoints WHERE id = (change->>'endpointId')::integer FOR NO KEY UPDATE SKIP LOCKED;
        IF FOUND THEN
            RETURN NEXT update_endpoint((change->>'endpointId')::integer, change);
        ELSE
            RETURN NEXT NULL;
        END IF;
    END LOOP;
END
$$;
