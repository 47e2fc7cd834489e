-- Removes endpoints that were deleted before the oldest stored event was published, at most `most` of them, and returns their
-- number: no delivery and no attempt of such an endpoint is on record. Its secrets and event types go with it (ON DELETE CASCADE).
-- An endpoint whose pending deliveries are still being cancelled stays for now. Reads nothing but the rows that it removes.
CREATE OR REPLACE FUNCTION remove_deleted_endpoints(most integer) RETURNS bigint
LANGUAGE sql VOLATILE
SET enable_seqscan = off SET enable_bitmapscan = off SET enable_hashjoin = off SET enable_mergejoin = off
AS $$
    WITH unused AS MATERIALIZED (
        SELECT id FROM endpoints
        WHERE deleted_at < (
                SELECT opened_at FROM event_partitions WHERE emptied_at IS NULL ORDER BY first_event_id LIMIT 1
            )
            AND (
                SELECT event_id FROM queue WHERE queue.endpoint_id = endpoints.id AND least(queue.tries, 1) >= 0
                ORDER BY queue.endpoint_id, least(queue.tries, 1), queue.next_attempt_at LIMIT 1
            ) IS NULL
        ORDER BY deleted_at LIMIT most FOR UPDATE SKIP LOCKED
    ),
    removed AS (
        DELETE FROM endpoints USING unused WHERE endpoints.id = unused.id RETURNING endpoints.id
    )
    SELECT count(*) FROM removed
$$;
