-- An endpoint with its event types, as one JSON object; event types sorted.
--
-- readEndpoints, update_endpoint and deleteEndpoint return this object. createEndpoint, listEndpoints and readReceivers (which
-- reads deleted endpoints too) read the same fields by Prisma.
--
-- PL/pgSQL keeps the plan of the subquery from call to call. A function in plain SQL that holds a subquery is planned at each call,
-- which costs more than the read itself.
CREATE OR REPLACE FUNCTION endpoint_json(endpoint endpoints) RETURNS json
LANGUAGE plpgsql STABLE
AS $$
BEGIN
    RETURN json_build_object(
        'id', endpoint.id,
        'createdAt', endpoint.created_at,
        'updatedAt', endpoint.updated_at,
        'version', endpoint.version,
        'isActive', endpoint.is_active,
        'target', endpoint.target,
        'description', endpoint.description,
        'sslCertVerification', endpoint.ssl_cert_verification,
        'disabledReason', endpoint.disabled_reason,
        'disabledAt', endpoint.disabled_at,
        'events', (
            SELECT coalesce(json_agg(json_build_object('type', listened.type, 'addedAt', listened.added_at) ORDER BY listened.type), '[]')
            FROM endpoint_events listened WHERE listened.endpoint_id = endpoint.id
        )
    );
END
$$;
