-- What PostgreSQL needs once: tables cannot name each other before both are there.
ALTER TABLE leg ADD CONSTRAINT leg_of_transfer {of_transfer};
CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN RAISE EXCEPTION '% is append-only', TG_TABLE_NAME; END
$$;
