-- An index for the deletion of expired rows of verification: once a minute each process deletes them with a request
-- that stores a row. Without the index Postgres reads the whole table, mostly rows that have not expired. Creating the
-- index blocks writes to verification, for about half a second per million rows.

-- +goose Up

CREATE INDEX IF NOT EXISTS verification_expiry_idx ON verification ("expiresAt");
