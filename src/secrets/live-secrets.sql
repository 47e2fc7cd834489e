-- The signing secrets of an endpoint that sign at `moment`, newest first.
CREATE OR REPLACE FUNCTION live_secrets(endpoint_id integer, moment timestamptz) RETURNS SETOF signing_secrets
LANGUAGE sql STABLE
AS $$
    SELECT * FROM signing_secrets secret
    WHERE secret.endpoint_id = live_secrets.endpoint_id AND (secret.expires_at IS NULL OR secret.expires_at > moment)
    ORDER BY secret.created_at DESC, secret.id
$$;
