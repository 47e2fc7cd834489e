-- True when the endpoint still wants an event: it listens to the event's type, or the event was resent to it.
CREATE OR REPLACE FUNCTION is_wanted(resend_count integer, event_type text, listened_types text[]) RETURNS boolean
LANGUAGE sql IMMUTABLE
AS $$
    SELECT resend_count > 0 OR event_type = ANY (listened_types)
$$;
