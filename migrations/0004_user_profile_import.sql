-- The import from Supabase updates profiles in place, so that rows of other tables that refer to a profile stay valid.
-- It writes Supabase's updated_at. For this it sets xenon.keep_updated_at, which no request sets.

-- +goose Up

-- +goose StatementBegin
CREATE OR REPLACE FUNCTION user_profile_touch() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF current_setting('xenon.keep_updated_at', true) = 'on' THEN
    RETURN NEW;
  END IF;
  NEW.updated_at := greatest(clock_timestamp(), OLD.updated_at + interval '1 microsecond');
  RETURN NEW;
END $$;
-- +goose StatementEnd
