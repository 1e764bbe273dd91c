-- Tables that another version of Better Auth made. Version 1.6 has no alg, crv or "expiresAt" in jwks; later versions
-- add these columns in the same way. Versions 1.7.0 to 1.7.2 have account.issuer, NOT NULL. The default is the value of
-- password accounts; migration 7 sets the value of provider accounts.

-- +goose Up

ALTER TABLE jwks
  ADD COLUMN IF NOT EXISTS "expiresAt" timestamptz,
  ADD COLUMN IF NOT EXISTS alg text,
  ADD COLUMN IF NOT EXISTS crv text;

-- +goose StatementBegin
DO $$
BEGIN
  IF EXISTS (SELECT FROM pg_attribute WHERE attrelid = 'account'::regclass AND attname = 'issuer' AND NOT attisdropped) THEN
    ALTER TABLE account ALTER COLUMN issuer SET DEFAULT 'local:credential';
  END IF;
END $$;
-- +goose StatementEnd
