<<<<<<< HEAD
-- When a claim may find something, as far as lanes tell: at the time of the first sleeping lane, or of the first delivery in a
-- lane that is awake. Null = nothing is pending. Of the lanes that are awake, those in `passed_over` do not count, and if `only_lanes`
-- is not null, only those in it. Looks into at most 100 lanes that are awake: a claim puts those to sleep in which it finds nothing,
-- unless a transaction is adding to them.
CREATE OR REPLACE FUNCTION next_due(passed_over integer[], only_lanes integer[], moment timestamptz) RETURNS timestamptz
=======
-- When a claim may find something: at once where lane_wakes names a lane, or where more lanes are awake than this function looks
-- into; else at the time of the first sleeping lane, or of the first delivery in a lane that is awake. Null = nothing is pending.
-- Lanes in `passed_over` do not count, nor do lanes that are awake and empty: a claim puts those to sleep.
CREATE OR REPLACE FUNCTION next_due(passed_over integer[], moment timestamptz) RETURNS timestamptz
>>>>>>> main
LANGUAGE sql STABLE
SET enable_seqscan = off
AS $$
    SELECT least(
        (SELECT moment FROM lane_wakes LIMIT 1),
        (SELECT due_at FROM lanes WHERE NOT is_awake ORDER BY due_at LIMIT 1),
<<<<<<< HEAD
        (SELECT min(next_look(endpoint_id, part, moment))
            FROM (
                (SELECT endpoint_id FROM lanes WHERE only_lanes IS NULL AND is_awake AND endpoint_id <> ALL (passed_over)
                    ORDER BY endpoint_id LIMIT 100)
                UNION ALL
                (SELECT endpoint_id FROM unnest(only_lanes) AS id JOIN lanes ON endpoint_id = id
                    WHERE is_awake AND endpoint_id <> ALL (passed_over) LIMIT 100)
            ) awake
            CROSS JOIN unnest('{0,1}'::integer[]) AS part))
=======
        (SELECT CASE WHEN count(*) > 100 THEN moment ELSE min(least(next_look(endpoint_id, 0, moment), next_look(endpoint_id, 1, moment))) END
            FROM (SELECT endpoint_id FROM lanes WHERE is_awake AND endpoint_id <> ALL (passed_over)
                ORDER BY endpoint_id LIMIT 101) awake))
>>>>>>> main
$$;
