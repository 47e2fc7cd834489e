-- The live signing secrets of an endpoint as a send takes them, newest first: [{"id": ..., "sealed": base64}, ...]. One row.
--
-- SETOF, because PostgreSQL replaces a call in FROM by the text of a function that returns a set (inlining), and calls any other.
CREATE OR REPLACE FUNCTION live_secrets_json(endpoint_id integer, moment timestamptz) RETURNS SETOF json
LANGUAGE sql STABLE
AS $$
    SELECT coalesce(json_agg(json_build_object('id', secret.id, 'sealed', encode(secret.sealed, 'base64'))), '[]')
    FROM live_secrets(live_secrets_json.endpoint_id, moment) secret
$$;
