-- Indexes for the lists of users that the page for administrators filters: administrators, banned users, and users
-- without a verified email, each sorted by time. The conditions are those of list-users with the role that contains
-- "admin", with banned true and with emailVerified false; Postgres compares them with the statement literally. Creating
-- the indexes blocks writes to "user", for about a second per million rows.

-- +goose Up

CREATE INDEX IF NOT EXISTS user_admins_idx ON "user" ("createdAt") WHERE role LIKE '%admin%';
CREATE INDEX IF NOT EXISTS user_banned_idx ON "user" ("createdAt") WHERE banned;
CREATE INDEX IF NOT EXISTS user_unverified_idx ON "user" ("createdAt") WHERE NOT "emailVerified";
