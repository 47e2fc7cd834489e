-- When a claim may find something: at once where lane_wakes names a lane, or where more lanes are awake than this function looks
-- into; else at the time of the first sleeping lane, or of the first delivery in a lane that is awake. Null = nothing is pending.
-- Of the lanes that are awake, those in `passed_over` do not count, nor do empty ones: a claim puts those to sleep. If `only_lanes` is
-- not null, only the lanes in it count. Of a lane in `started_lanes`, first attempts that fell due before its entry in `starts` do not
-- count.
CREATE OR REPLACE FUNCTION next_due(
    passed_over integer[],
    only_lanes integer[],
    moment timestamptz,
    started_lanes integer[],
    starts float8[]
) RETURNS timestamptz
LANGUAGE sql STABLE
SET enable_seqscan = off SET enable_bitmapscan = off
AS $$
    SELECT least(
        (SELECT moment FROM lane_wakes LIMIT 1),
        (SELECT due_at FROM lanes WHERE NOT is_awake ORDER BY due_at LIMIT 1),
        (SELECT CASE WHEN count(*) > 100 THEN moment
                ELSE min(least(next_look(endpoint_id, 0, moment, coalesce(to_timestamp(start / 1000), '-infinity')),
                    next_look(endpoint_id, 1, moment, '-infinity'))) END
            FROM (
                (SELECT endpoint_id FROM lanes WHERE only_lanes IS NULL AND is_awake AND endpoint_id <> ALL (passed_over)
                    ORDER BY endpoint_id LIMIT 101)
                UNION ALL
                (SELECT endpoint_id FROM unnest(only_lanes) AS id JOIN lanes ON endpoint_id = id
                    WHERE is_awake AND endpoint_id <> ALL (passed_over) LIMIT 101)
            ) awake
            LEFT JOIN unnest(started_lanes, starts) AS started(lane, start) ON lane = endpoint_id))
$$;
