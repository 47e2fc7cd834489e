-- Reads events, newest first, without their bodies.
--
-- Parameters:
--   before_time, before_id  the place after which the scan starts; null = at the newest
--   since                   where the scan ends; null = at the oldest
--   most                    how many events are read at most
--
-- Invariant: the scan reads about `most` rows, however many there are: it follows an index.
CREATE OR REPLACE FUNCTION scan_events(before_time timestamptz, before_id bigint, since timestamptz, most integer)
RETURNS TABLE (id bigint, type text, created_at timestamptz, is_test boolean, fanned_out_at timestamptz)
LANGUAGE plpgsql STABLE ROWS 100
SET enable_seqscan = off SET enable_bitmapscan = off SET enable_sort = off SET plan_cache_mode = force_generic_plan
AS $$
#variable_conflict use_column
DECLARE
    latest_time timestamptz := coalesce(before_time, 'infinity');
    latest_id bigint := coalesce(before_id, 9223372036854775807);
    earliest timestamptz := coalesce(since, '-infinity');
BEGIN
    RETURN QUERY SELECT id, type, created_at, is_test, fanned_out_at FROM events
        WHERE (created_at, id) < (latest_time, latest_id) AND created_at >= earliest
        ORDER BY created_at DESC, id DESC LIMIT most;
END
$$;
