-- The lanes without a free slot.
CREATE OR REPLACE FUNCTION full_lanes(known_lanes integer[], free_slots integer[]) RETURNS integer[]
LANGUAGE sql IMMUTABLE
AS $$
    SELECT ARRAY(SELECT id FROM unnest(known_lanes, free_slots) AS known(id, free) WHERE free <= 0)
$$;
