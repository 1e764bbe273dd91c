-- Columns for the metadata of users from Supabase: raw_user_meta_data and raw_app_meta_data of auth.users. The command
-- `xenon schema up --metadata` runs this file; an installation that does not need the columns does not get them. Better
-- Auth ignores both columns. A role with privileges on the table "user" has them on these columns, too.
--
-- If the columns exist, the file changes nothing and takes no lock. Otherwise Postgres locks the table "user" until the
-- transaction ends, but does not rewrite it.

DO $$
DECLARE
  found int;
  wrong text;
BEGIN
  SELECT count(*),
    min(format('%s is %s', attname, format_type(atttypid, NULL))) FILTER (WHERE atttypid <> 'jsonb'::regtype)
  INTO found, wrong
  FROM pg_attribute
  WHERE attrelid = '"user"'::regclass AND attname IN ('userMetadata', 'appMetadata') AND NOT attisdropped;
  IF wrong IS NOT NULL THEN
    RAISE EXCEPTION 'the table "user" has such a column of another type: %, not jsonb', wrong
      USING HINT = 'Rename the column of your application, or change its type to jsonb.';
  END IF;
  IF found < 2 THEN
    ALTER TABLE "user"
      ADD COLUMN IF NOT EXISTS "userMetadata" jsonb,
      ADD COLUMN IF NOT EXISTS "appMetadata" jsonb;
  END IF;
END $$;
