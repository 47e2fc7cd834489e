-- Removes idempotency keys that expired from `expired_from` until `moment`, at most `most` of them, the earliest first. Returns the
-- last expiry: the next call starts with it. Null = no key has expired.
CREATE OR REPLACE FUNCTION remove_expired_keys(expired_from timestamptz, moment timestamptz, most integer) RETURNS timestamptz
LANGUAGE sql VOLATILE
SET enable_seqscan = off SET enable_bitmapscan = off SET enable_hashjoin = off SET enable_mergejoin = off
AS $$
    WITH expired AS MATERIALIZED (
        SELECT publisher, key, expires_at FROM idempotency_keys
        WHERE expires_at >= expired_from AND expires_at < moment
        ORDER BY expires_at LIMIT most FOR UPDATE SKIP LOCKED
    ),
    removed AS (
        DELETE FROM idempotency_keys USING expired
        WHERE idempotency_keys.publisher = expired.publisher AND idempotency_keys.key = expired.key
    )
    SELECT max(expires_at) FROM expired
$$;
