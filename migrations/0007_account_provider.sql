-- A unique index: one row for each account of a provider. Better Auth has no such index: two sign-ins at the same time
-- can store an account twice, and then every further sign-in with it fails. Look-ups of accounts also use the index. It
-- leaves out password accounts. docs/tables.md explains what to do with accounts that are stored twice; xenon schema up
-- looks for them before it applies anything.

-- +goose Up

-- +goose StatementBegin
DO $$
BEGIN
  IF EXISTS (
    SELECT FROM account WHERE "providerId" <> 'credential'
    GROUP BY "providerId", "accountId" HAVING count(*) > 1
  ) THEN
    RAISE EXCEPTION 'the table account has several rows with the same "providerId" and "accountId"'
      USING HINT = 'xenon schema status prints the SQL that sets the surplus rows aside.';
  END IF;
END $$;
-- +goose StatementEnd

CREATE UNIQUE INDEX IF NOT EXISTS account_provider_idx ON account ("providerId", "accountId")
  WHERE "providerId" <> 'credential';

-- Versions 1.7.0 to 1.7.2 of Better Auth have account.issuer, NOT NULL. The default that migration 5 sets is the value
-- of password accounts. This trigger sets the value of provider accounts, as these versions write it.
-- +goose StatementBegin
DO $$
BEGIN
  IF NOT EXISTS (
    SELECT FROM pg_attribute WHERE attrelid = 'account'::regclass AND attname = 'issuer' AND NOT attisdropped
  ) THEN
    RETURN;
  END IF;
  CREATE OR REPLACE FUNCTION account_issuer() RETURNS trigger LANGUAGE plpgsql AS $f$
  BEGIN
    NEW.issuer := CASE NEW."providerId"
      WHEN 'google' THEN 'https://accounts.google.com'
      WHEN 'apple' THEN 'https://appleid.apple.com'
      WHEN 'facebook' THEN 'https://www.facebook.com'
      ELSE 'local:oauth:' || NEW."providerId" END;
    RETURN NEW;
  END $f$;
  CREATE TRIGGER account_issuer BEFORE INSERT ON account
    FOR EACH ROW WHEN (NEW."providerId" <> 'credential' AND NEW.issuer = 'local:credential')
    EXECUTE FUNCTION account_issuer();
END $$;
-- +goose StatementEnd
