-- One row for each account of a provider. Better Auth has no such index: two sign-ins at the same time can store an
-- account twice, and then every further sign-in with it fails. Look-ups of accounts also use the index. It leaves out
-- password accounts. docs/tables.md explains what to do with accounts that are stored twice; xenon schema up looks for
-- them before it applies anything.

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
