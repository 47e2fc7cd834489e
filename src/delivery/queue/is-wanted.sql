-- True when a delivery is still to be sent as far as its event type goes: the endpoint listens to the type, or somebody has
-- resent the event to the endpoint.
CREATE OR REPLACE FUNCTION is_wanted(resend_count integer, event_type text, listened_types text[]) RETURNS boolean
LANGUAGE sql IMMUTABLE
AS $$
    SELECT resend_count > 0 OR event_type = ANY (listened_types)
$$;
