-- An endpoint with its events, as the core reads it: one JSON object, events sorted by type; no row for an unknown or a
-- deleted endpoint. Every read and every change of an endpoint returns this object.
--
-- The function returns a set, because PostgreSQL puts the text of such a function in the place of its call (inlining). It
-- inlines no function that returns a single value and holds a subquery; such a call costs more than the read itself.
CREATE OR REPLACE FUNCTION endpoint_json(endpoint_id integer) RETURNS SETOF json
LANGUAGE sql STABLE
AS $$
    SELECT json_build_object(
        'id', endpoint.id,
        'createdAt', endpoint.created_at,
        'updatedAt', endpoint.updated_at,
        'version', endpoint.version,
        'isActive', endpoint.is_active,
        'target', endpoint.target,
        'description', endpoint.description,
        'sslCertVerification', endpoint.ssl_cert_verification,
        'disabledReason', endpoint.disabled_reason,
        'events', (
            SELECT coalesce(json_agg(json_build_object('type', event.type, 'addedAt', event.added_at) ORDER BY event.type), '[]')
            FROM endpoint_events event WHERE event.endpoint_id = endpoint.id
        )
    )
    FROM endpoints endpoint
    WHERE endpoint.id = endpoint_json.endpoint_id AND endpoint.deleted_at IS NULL
$$;
