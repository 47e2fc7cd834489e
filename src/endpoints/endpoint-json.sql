-- An endpoint with its event types, as one JSON object; event types sorted. No row for an unknown or a deleted endpoint.
--
-- readEndpoints, update_endpoint and deleteEndpoint read this object. createEndpoint, listEndpoints and readReceivers (which reads
-- deleted endpoints too) read the same fields by Prisma.
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
            SELECT coalesce(json_agg(json_build_object('type', listened.type, 'addedAt', listened.added_at) ORDER BY listened.type), '[]')
            FROM endpoint_events listened WHERE listened.endpoint_id = endpoint.id
        )
    )
    FROM endpoints endpoint
    WHERE endpoint.id = endpoint_json.endpoint_id AND endpoint.deleted_at IS NULL
$$;
