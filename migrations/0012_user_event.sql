-- Events that are not sent yet (docs/events.md), one row each. Triggers write the rows in the transaction of the
-- change. There are no triggers until `xenon schema up --events on` makes them, so this file alone costs nothing.
--
-- "transaction" is the transaction that wrote the row. The relay sends a row when all transactions that began before
-- it have ended, so that no event overtakes an earlier event of the same user. user_id has no foreign key, because the
-- events of a deleted user are sent, too.

-- +goose Up

CREATE TABLE IF NOT EXISTS user_event (
  sequence bigint GENERATED ALWAYS AS IDENTITY,
  id uuid DEFAULT gen_random_uuid() NOT NULL,
  type text NOT NULL,
  user_id uuid NOT NULL,
  data jsonb NOT NULL,
  created_at timestamptz DEFAULT clock_timestamp() NOT NULL,
  transaction xid8 DEFAULT pg_current_xact_id() NOT NULL,
  CONSTRAINT user_event_pkey PRIMARY KEY (sequence)
);

-- The functions of the triggers. They run with the rights of their owner, so that a role of another program which may
-- change users need not know this table. Values of any length are shortened, so that an event always fits into a
-- message: a picture of more than 2,048 characters is left out.

-- +goose StatementBegin
CREATE OR REPLACE FUNCTION user_event_of_user() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS $$
DECLARE
  u record;
  types text[];
  changed text[];
  shown jsonb;
BEGIN
  IF TG_OP = 'DELETE' THEN
    u := OLD;
    types := '{user.deleted}';
  ELSE
    u := NEW;
    types := '{user.created}';
  END IF;
  IF TG_OP = 'UPDATE' THEN
    changed := array_remove(ARRAY[
      CASE WHEN NEW.name IS DISTINCT FROM OLD.name THEN 'name' END,
      CASE WHEN NEW.email IS DISTINCT FROM OLD.email THEN 'email' END,
      CASE WHEN NEW."emailVerified" IS DISTINCT FROM OLD."emailVerified" THEN 'emailVerified' END,
      CASE WHEN NEW.image IS DISTINCT FROM OLD.image THEN 'image' END,
      CASE WHEN NEW.role IS DISTINCT FROM OLD.role THEN 'role' END,
      CASE WHEN NEW.banned IS DISTINCT FROM OLD.banned THEN 'banned' END,
      CASE WHEN NEW."banReason" IS DISTINCT FROM OLD."banReason" THEN 'banReason' END,
      CASE WHEN NEW."banExpires" IS DISTINCT FROM OLD."banExpires" THEN 'banExpires' END,
      CASE WHEN NEW."twoFactorEnabled" IS DISTINCT FROM OLD."twoFactorEnabled" THEN 'twoFactorEnabled' END
    ], NULL);
    IF changed = '{}' THEN
      RETURN NULL;
    END IF;
    types := array_remove(ARRAY[
      'user.updated',
      CASE WHEN NEW."emailVerified" AND (NOT OLD."emailVerified" OR NEW.email <> OLD.email) THEN 'email.verified' END,
      CASE WHEN coalesce(NEW.banned, false) AND NOT coalesce(OLD.banned, false) THEN 'user.banned' END,
      CASE WHEN NOT coalesce(NEW.banned, false) AND coalesce(OLD.banned, false) THEN 'user.unbanned' END
    ], NULL);
  END IF;
  shown := jsonb_build_object(
    'id', u.id,
    'name', left(u.name, 256),
    'email', left(u.email, 320),
    'emailVerified', u."emailVerified",
    'image', CASE WHEN length(u.image) <= 2048 THEN u.image END,
    'role', left(u.role, 128),
    'banned', coalesce(u.banned, false),
    'banReason', left(u."banReason", 512),
    'banExpires', nullif(u."banExpires"::timestamptz, 'infinity'),
    'twoFactorEnabled', coalesce(u."twoFactorEnabled", false),
    'createdAt', u."createdAt"::timestamptz,
    'updatedAt', u."updatedAt"::timestamptz
  );
  INSERT INTO user_event (type, user_id, data)
  SELECT t.type, u.id, jsonb_build_object('userId', u.id, 'user', shown) ||
    CASE WHEN t.type = 'user.updated' THEN jsonb_build_object('changed', changed) ELSE '{}' END
  FROM unnest(types) WITH ORDINALITY t (type, n)
  ORDER BY t.n;
  RETURN NULL;
END $$;
-- +goose StatementEnd

-- When a user is deleted, Postgres also deletes the sessions and accounts. The event user.deleted stands for all of
-- them, so these rows write no events: their user is gone already.
-- +goose StatementBegin
CREATE OR REPLACE FUNCTION user_event_of_session() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS $$
DECLARE
  s record;
BEGIN
  IF TG_OP = 'INSERT' THEN
    s := NEW;
  ELSIF EXISTS (SELECT FROM "user" WHERE id = OLD."userId") THEN
    s := OLD;
  ELSE
    RETURN NULL;
  END IF;
  INSERT INTO user_event (type, user_id, data) VALUES (
    CASE TG_OP WHEN 'INSERT' THEN 'session.created' ELSE 'session.deleted' END,
    s."userId",
    jsonb_build_object('userId', s."userId", 'session', jsonb_build_object(
      'id', s.id,
      'createdAt', s."createdAt"::timestamptz,
      'expiresAt', s."expiresAt"::timestamptz,
      'ipAddress', left(s."ipAddress", 64),
      'userAgent', left(s."userAgent", 512),
      'impersonatedBy', left(s."impersonatedBy", 64)
    ))
  );
  RETURN NULL;
END $$;
-- +goose StatementEnd

-- +goose StatementBegin
CREATE OR REPLACE FUNCTION user_event_of_account() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS $$
DECLARE
  a record;
BEGIN
  IF TG_OP = 'UPDATE' AND NEW.password IS NOT DISTINCT FROM OLD.password THEN
    RETURN NULL;
  END IF;
  IF TG_OP <> 'DELETE' THEN
    a := NEW;
  ELSIF EXISTS (SELECT FROM "user" WHERE id = OLD."userId") THEN
    a := OLD;
  ELSE
    RETURN NULL;
  END IF;
  INSERT INTO user_event (type, user_id, data) VALUES (
    CASE TG_OP WHEN 'INSERT' THEN 'account.linked' WHEN 'UPDATE' THEN 'password.changed' ELSE 'account.unlinked' END,
    a."userId",
    jsonb_build_object('userId', a."userId", 'account', jsonb_build_object(
      'id', a.id,
      'providerId', left(a."providerId", 128),
      'accountId', left(a."accountId", 512)
    ))
  );
  RETURN NULL;
END $$;
-- +goose StatementEnd

-- The functions use the tables of this schema and write times in UTC, whatever the settings of a connection are.
-- +goose StatementBegin
DO $$
DECLARE
  name text;
BEGIN
  FOREACH name IN ARRAY ARRAY['user_event_of_user', 'user_event_of_session', 'user_event_of_account'] LOOP
    EXECUTE format('ALTER FUNCTION %1$I.%2$I() SET search_path = %1$I, pg_temp SET timezone = ''UTC''',
      current_schema(), name);
    EXECUTE format('REVOKE ALL ON FUNCTION %I.%I() FROM PUBLIC', current_schema(), name);
  END LOOP;
END $$;
-- +goose StatementEnd
