-- The text that is signed and sent to receivers. `created` is Unix seconds with microseconds. `data` is JSON text and goes in
-- as it is: PostgreSQL never parses the payload, so receivers get the bytes that were published.
CREATE OR REPLACE FUNCTION event_body(id bigint, type text, created timestamptz, data text) RETURNS text
LANGUAGE sql STABLE
AS $$
    SELECT '{"event_id": ' || id || ', "type": ' || to_json(type)::text
        || ', "created": ' || trim_scale(extract(epoch FROM created)::numeric)::text || ', "data": ' || data || '}'
$$;
