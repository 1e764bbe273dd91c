CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'not this one'; END $$;
CREATE TRIGGER refuse BEFORE INSERT ON user_profile
  FOR EACH ROW WHEN (NEW.user_id = '08ffecb3-ab06-472f-9ea4-c5b19c53b99b') EXECUTE FUNCTION refuse();
