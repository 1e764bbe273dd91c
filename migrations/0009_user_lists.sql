-- Indexes for the lists of users that administrators read: sorted by time, email or name, and searched by the beginning
-- of an email or name. LIKE needs an index with text_pattern_ops, unless the database has the collation C. The unique
-- index on email sorts by email. Only the first 256 characters of a name are indexed, because another server can store
-- names that are longer than an index entry may be. Creating the indexes blocks writes to "user", for a few seconds per
-- million rows.

-- +goose Up

CREATE INDEX IF NOT EXISTS "user_createdAt_idx" ON "user" ("createdAt");
CREATE INDEX IF NOT EXISTS user_name_idx ON "user" (left(name, 256));
CREATE INDEX IF NOT EXISTS user_email_pattern_idx ON "user" (email text_pattern_ops);
CREATE INDEX IF NOT EXISTS user_name_pattern_idx ON "user" (left(name, 256) text_pattern_ops);
