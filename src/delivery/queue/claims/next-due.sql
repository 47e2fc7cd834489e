-- When a claim may find something, as far as lanes tell: at the time of the first sleeping lane, or of the first delivery in a
-- lane that is awake. Null = nothing is pending. Lanes in `passed_over` do not count. Looks into at most 100 lanes that are awake:
-- a claim puts those to sleep in which it finds nothing, unless a transaction is adding to them.
CREATE OR REPLACE FUNCTION next_due(passed_over integer[], moment timestamptz) RETURNS timestamptz
LANGUAGE sql STABLE
SET enable_seqscan = off
AS $$
    SELECT least(
        (SELECT due_at FROM lanes WHERE NOT is_awake ORDER BY due_at LIMIT 1),
        (SELECT min(next_look(endpoint_id, part, moment))
            FROM (SELECT endpoint_id FROM lanes WHERE is_awake AND endpoint_id <> ALL (passed_over)
                ORDER BY endpoint_id LIMIT 100) awake
            CROSS JOIN unnest('{0,1}'::integer[]) AS part))
$$;
