-- The lanes with a pending delivery, by endpoint id. The function skips through the index deliveries_lane from one endpoint to
-- the next: it reads one entry per lane, however many deliveries are pending.
CREATE OR REPLACE FUNCTION pending_lanes() RETURNS SETOF integer
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
