-- The channel on which workers get notifications: one for each schema, because gateways in different schemas share nothing.
-- The name has the schema's number, because the schema's name may be too long.
CREATE OR REPLACE FUNCTION workers_channel() RETURNS text
LANGUAGE sql STABLE
AS $$
    SELECT 'hookgate_workers_' || oid FROM pg_namespace WHERE nspname = current_schema()
$$;
