-- Notes of users. Row-level security decides which rows a request sees, by the claims of its token.

-- The role of requests. It owns no table and has no BYPASSRLS, so the policies apply to it. Grant it to the role with
-- which the API connects. Roles belong to the whole server, so it may exist already.
DO $$ BEGIN CREATE ROLE notes_api NOLOGIN; EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL; END $$;

CREATE SCHEMA notes;
GRANT USAGE ON SCHEMA notes TO notes_api;

-- The user of the transaction: sub of the token. NULL outside of a request, so no row is visible then.
CREATE FUNCTION notes.user_id() RETURNS uuid
LANGUAGE sql STABLE
AS $$
  SELECT (nullif(current_setting('request.jwt.claims', true), '')::jsonb ->> 'sub')::uuid
$$;

CREATE TABLE notes.note (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  owner uuid NOT NULL DEFAULT notes.user_id(),
  text text NOT NULL CHECK (length(text) <= 10000),
  created timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX ON notes.note (owner);
GRANT SELECT, INSERT (text), UPDATE (text), DELETE ON notes.note TO notes_api;

ALTER TABLE notes.note ENABLE ROW LEVEL SECURITY;

-- (SELECT …): Postgres evaluates the function once for a statement, not once for a row.
CREATE POLICY own_notes ON notes.note FOR ALL TO notes_api
  USING (owner = (SELECT notes.user_id()))
  WITH CHECK (owner = (SELECT notes.user_id()));
