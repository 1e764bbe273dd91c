-- What row security, functions and views of a Supabase project use, and only Supabase has: the roles of its API, the
-- schema extensions, and the schema auth with the functions uid(), jwt(), role() and email() and the view users. The
-- functions read the claims of the request, which PostgREST and similar APIs set for each transaction. Policies of a
-- project also call the functions of the schema storage that split a path. Its tables are not here: files stay in
-- Supabase.
--
-- If the database has Neon's extension pg_session_jwt, its functions stay, and jwt() also returns the claims that the
-- extension has verified. The extension accepts keys of the kinds ES256 and Ed25519 (JWT_ALG).
--
-- {user} stands for the table "user" of Xenon. Executing this file again changes nothing but the view.

-- Roles belong to the whole server. Another database may create them at the same time.
DO $$
DECLARE
  name text;
BEGIN
  FOREACH name IN ARRAY ARRAY['anon', 'authenticated', 'service_role'] LOOP
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = name) THEN
      BEGIN
        EXECUTE format('CREATE ROLE %I NOLOGIN NOINHERIT', name);
      EXCEPTION WHEN duplicate_object OR unique_violation THEN
        NULL;
      END;
    END IF;
  END LOOP;
END $$;

-- service_role passes over row security, if the role of this migration may allow it.
DO $$
BEGIN
  IF NOT (SELECT rolbypassrls FROM pg_roles WHERE rolname = 'service_role') THEN
    ALTER ROLE service_role BYPASSRLS;
  END IF;
EXCEPTION WHEN insufficient_privilege OR internal_error THEN
  RAISE WARNING 'service_role does not pass over row security: ALTER ROLE service_role BYPASSRLS needs more privileges';
END $$;

CREATE SCHEMA IF NOT EXISTS extensions;
GRANT USAGE ON SCHEMA extensions TO anon, authenticated, service_role;

CREATE SCHEMA IF NOT EXISTS auth;
GRANT USAGE ON SCHEMA auth TO anon, authenticated, service_role;

DO $$
DECLARE
  -- The claims of the request as PostgREST sets them.
  request text := 'nullif(current_setting(''request.jwt.claims'', true), '''')::jsonb';
BEGIN
  IF to_regprocedure('auth.session()') IS NOT NULL THEN  -- pg_session_jwt
    request := 'coalesce(' || request || ', auth.session()::jsonb)';
  END IF;
  IF to_regprocedure('auth.jwt()') IS NULL THEN
    EXECUTE 'CREATE FUNCTION auth.jwt() RETURNS jsonb LANGUAGE sql STABLE AS $f$ SELECT ' || request || ' $f$';
    COMMENT ON FUNCTION auth.jwt() IS 'The claims of the JWT of this request (xenon)';
  END IF;
  IF to_regprocedure('auth.uid()') IS NULL THEN
    CREATE FUNCTION auth.uid() RETURNS uuid LANGUAGE sql STABLE AS
      $f$ SELECT coalesce(nullif(current_setting('request.jwt.claim.sub', true), ''), auth.jwt()->>'sub')::uuid $f$;
    COMMENT ON FUNCTION auth.uid() IS 'The id of the signed-in user, or NULL (xenon)';
  END IF;
  IF to_regprocedure('auth.role()') IS NULL THEN
    CREATE FUNCTION auth.role() RETURNS text LANGUAGE sql STABLE AS
      $f$ SELECT coalesce(nullif(current_setting('request.jwt.claim.role', true), ''), auth.jwt()->>'role') $f$;
    COMMENT ON FUNCTION auth.role() IS 'The role of the request: anon, authenticated or service_role (xenon)';
  END IF;
  IF to_regprocedure('auth.email()') IS NULL THEN
    CREATE FUNCTION auth.email() RETURNS text LANGUAGE sql STABLE AS
      $f$ SELECT coalesce(nullif(current_setting('request.jwt.claim.email', true), ''), auth.jwt()->>'email') $f$;
    COMMENT ON FUNCTION auth.email() IS 'The email of the signed-in user, or NULL (xenon)';
  END IF;
END $$;

CREATE SCHEMA IF NOT EXISTS storage;
GRANT USAGE ON SCHEMA storage TO anon, authenticated, service_role;

DO $$
BEGIN
  IF to_regprocedure('storage.foldername(text)') IS NULL THEN
    CREATE FUNCTION storage.foldername(name text) RETURNS text[] LANGUAGE sql IMMUTABLE AS
      $f$ SELECT (string_to_array(name, '/'))[1:array_length(string_to_array(name, '/'), 1) - 1] $f$;
    COMMENT ON FUNCTION storage.foldername(text) IS 'The folders of a path (xenon)';
  END IF;
  IF to_regprocedure('storage.filename(text)') IS NULL THEN
    CREATE FUNCTION storage.filename(name text) RETURNS text LANGUAGE sql IMMUTABLE AS
      $f$ SELECT split_part(name, '/', -1) $f$;
    COMMENT ON FUNCTION storage.filename(text) IS 'The last part of a path (xenon)';
  END IF;
  IF to_regprocedure('storage.extension(text)') IS NULL THEN
    CREATE FUNCTION storage.extension(name text) RETURNS text LANGUAGE sql IMMUTABLE AS
      $f$ SELECT split_part(split_part(name, '/', -1), '.', -1) $f$;
    COMMENT ON FUNCTION storage.extension(text) IS 'The part of a path after the last dot (xenon)';
  END IF;
END $$;

-- The users with Supabase's column names. Values that Xenon does not have are NULL. Only the owner may read it.
CREATE OR REPLACE VIEW auth.users AS
SELECT u.id,
  'authenticated'::varchar(255) AS aud,
  'authenticated'::varchar(255) AS role,
  u.email::varchar(255) AS email,
  CASE WHEN u."emailVerified" THEN u."createdAt" END AS email_confirmed_at,
  CASE WHEN u."emailVerified" THEN u."createdAt" END AS confirmed_at,
  NULL::timestamptz AS last_sign_in_at,
  {app_metadata} AS raw_app_meta_data,
  {user_metadata} AS raw_user_meta_data,
  NULL::boolean AS is_super_admin,
  u."createdAt" AS created_at,
  u."updatedAt" AS updated_at,
  NULL::text AS phone,
  NULL::timestamptz AS phone_confirmed_at,
  CASE WHEN u.banned THEN coalesce(u."banExpires", 'infinity') END AS banned_until,
  false AS is_sso_user,
  NULL::timestamptz AS deleted_at,
  false AS is_anonymous
FROM {user} u;
COMMENT ON VIEW auth.users IS 'Xenon''s users with the column names of Supabase (xenon)';
REVOKE ALL ON auth.users FROM PUBLIC, anon, authenticated;
