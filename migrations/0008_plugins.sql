-- The columns and the table of Better Auth's plugins twoFactor and admin, as Better Auth creates them: every column
-- that a plugin adds to another table accepts NULL and has no default. Better Auth and Xenon write the defaults of a
-- plugin into new rows when the plugin is on. The columns for bans exist since migration 3.

-- +goose Up

ALTER TABLE "user"
  ADD COLUMN IF NOT EXISTS "twoFactorEnabled" boolean,
  ADD COLUMN IF NOT EXISTS role text;

ALTER TABLE session ADD COLUMN IF NOT EXISTS "impersonatedBy" text;

CREATE TABLE IF NOT EXISTS "twoFactor" (
  id uuid DEFAULT gen_random_uuid() NOT NULL,
  secret text NOT NULL,
  "backupCodes" text NOT NULL,
  "userId" uuid NOT NULL,
  verified boolean,
  "failedVerificationCount" integer,
  "lockedUntil" timestamptz,
  CONSTRAINT "twoFactor_pkey" PRIMARY KEY (id),
  CONSTRAINT "twoFactor_userId_fkey" FOREIGN KEY ("userId") REFERENCES "user" (id) ON DELETE CASCADE
);

CREATE INDEX IF NOT EXISTS "twoFactor_secret_idx" ON "twoFactor" (secret);
CREATE INDEX IF NOT EXISTS "twoFactor_userId_idx" ON "twoFactor" ("userId");
