-- Why the data of an event cannot be kept and sent exactly as it is, in words; null = it can. The same limits and reasons as
-- validate-data.ts, for data that does not pass through a gateway. `data` is the text of a value of the type json.
--
-- Each check that takes a while comes behind one that tells most texts from those that need it.
CREATE OR REPLACE FUNCTION data_problem(data text) RETURNS text
LANGUAGE plpgsql IMMUTABLE
AS $$
DECLARE
    max_bytes CONSTANT integer := 262144;
    max_depth CONSTANT integer := 500;
    nesting text;
    escapes text;
BEGIN
    IF octet_length(data) > max_bytes THEN
        RETURN format('The data has more than %s bytes of JSON.', max_bytes);
    END IF;

    IF length(data) - length(replace(replace(data, '[', ''), '{', '')) > max_depth THEN
        -- Only brackets outside of strings. Each step removes the innermost pairs: one level.
        nesting := translate(regexp_replace(data, '"(?:[^"\\]|\\.)*"|[^][{}"]+', '', 'g'), '{}', '[]');
        FOR level IN 1 .. max_depth LOOP
            EXIT WHEN nesting = '';
            nesting := replace(nesting, '[]', '');
        END LOOP;
        IF nesting <> '' THEN
            RETURN format('The data has more than %s nested lists or objects.', max_depth);
        END IF;
    END IF;

    IF strpos(data, '\u') > 0 THEN
        -- Without escaped backslashes, each backslash starts an escape. Without whole pairs, each escape of a surrogate is half of one.
        escapes := replace(data, '\\', '.');
        escapes := regexp_replace(escapes, '\\ud[89ab][0-9a-f]{2}\\ud[c-f][0-9a-f]{2}', '.', 'gi');
        IF escapes ~* '\\ud[89a-f]' THEN
            RETURN 'The data must not contain half of a surrogate pair.';
        END IF;
    END IF;
    RETURN NULL;
END
$$;
