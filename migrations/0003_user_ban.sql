-- Bans, with reason and expiry. The columns are those of Better Auth's admin plugin (conformance/schema_node_test.go
-- compares them): a Better Auth server with this plugin writes bans here too, and an import copies them. Better Auth
-- without the plugin ignores them. The columns may exist already. NULL in banned means "not banned"; a ban without
-- "banExpires" does not end.

-- +goose Up

ALTER TABLE "user"
  ADD COLUMN IF NOT EXISTS banned boolean,
  ADD COLUMN IF NOT EXISTS "banReason" text,
  ADD COLUMN IF NOT EXISTS "banExpires" timestamptz;
