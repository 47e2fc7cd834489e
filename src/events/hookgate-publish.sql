-- Publishes an event in the transaction of the caller: the event is committed together with all other changes of the transaction, or
-- rolled back with them. Returns the event's id. Workers are notified at the commit.
--
-- This is the one function for other programs. A role needs only USAGE on the schema and EXECUTE on this function, which works with
-- the rights of its owner. So nobody may call it without a grant, and every name in it and in the functions that it calls is
-- looked for in the schema of the installation, before the caller's temporary tables (installScript sets search_path).
--
-- Parameters:
--   type             an event type of the catalogue
--   data             what receivers get, digit by digit: the type json keeps its text
--   idempotency_key  the same key of the same role within 24 hours is the same event; null = no key
-- Errors: HG001 unknown event type; HG002 data or key that is too large or cannot be kept; HG003 key used for other content.
--
-- The settings below hold for every session of a caller. Without `jit = off`, PostgreSQL would compile each small statement; without
-- standard strings, a backslash in them means something else.
CREATE OR REPLACE FUNCTION hookgate_publish(type text, data json, idempotency_key text DEFAULT NULL) RETURNS bigint
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path FROM CURRENT
SET jit = off
SET standard_conforming_strings = on
AS $$
DECLARE
    key_max_length CONSTANT integer := 255;
    -- White space around the data is not part of it.
    content text := btrim(data::text, E' \t\n\r');
    problem text;
    -- Inside of this function, current_user is its owner. `role` is what SET ROLE has set.
    caller text := CASE current_setting('role') WHEN 'none' THEN session_user::text ELSE current_setting('role') END;
    fingerprint bytea;
    published record;
BEGIN
    IF NOT EXISTS (
        SELECT FROM event_types known
        WHERE known.type = hookgate_publish.type AND known.retired_at IS NULL AND known."group" <> 'gateway'
    ) OR type IS NULL THEN
        RAISE EXCEPTION USING ERRCODE = 'HG001', MESSAGE = CASE
            WHEN type IS NULL THEN 'The event type must not be null.'
            ELSE format('There is no event type %s.', to_json(left(type, 100)))
        END;
    END IF;

    problem := CASE
        WHEN content IS NULL THEN 'The data must not be the SQL null. The JSON null is ''null''::json.'
        WHEN idempotency_key = '' THEN 'The idempotency key must not be empty.'
        WHEN char_length(idempotency_key) > key_max_length
            THEN format('The idempotency key must have at most %s characters.', key_max_length)
        ELSE data_problem(content)
    END;
    IF problem IS NOT NULL THEN
        RAISE EXCEPTION USING ERRCODE = 'HG002', MESSAGE = problem;
    END IF;

    IF idempotency_key IS NOT NULL THEN
        -- Equal for equal texts, without the white space between tokens.
        fingerprint := sha256(convert_to(
            to_json(type)::text || regexp_replace(content, '("(?:[^"\\]|\\.)*")|[ \t\n\r]+', '\1', 'g'), 'UTF8'));
    END IF;
    SELECT * INTO published FROM publish_event(type, content, 'role:' || caller, idempotency_key, fingerprint);
    IF published.outcome = 'conflict' THEN
        RAISE EXCEPTION USING ERRCODE = 'HG003',
            MESSAGE = 'The idempotency key was used for another event within the last 24 hours.';
    END IF;
    IF published.outcome = 'published' AND published.due_count > 0 THEN
        PERFORM notify_workers((published.event).fanned_out_at IS NULL);
    END IF;
    RETURN (published.event).id;
END
$$;

REVOKE ALL ON FUNCTION hookgate_publish(text, json, text) FROM PUBLIC;
