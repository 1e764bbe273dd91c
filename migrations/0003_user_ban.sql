-- Who is kept out, why and until when: column by column as the library's admin plugin makes them
-- (conformance/schema_node_test.go compares), because a TypeScript server with that plugin writes bans here too and an
-- import brings them along. Without that plugin the library does not look at them. They may be there already. NULL is "not
-- banned"; banned without "banExpires" is for ever.

-- +goose Up

ALTER TABLE "user"
  ADD COLUMN IF NOT EXISTS banned boolean,
  ADD COLUMN IF NOT EXISTS "banReason" text,
  ADD COLUMN IF NOT EXISTS "banExpires" timestamptz;
