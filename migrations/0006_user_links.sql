-- A new password, a change of email address, a revocation of sessions and a deletion delete every mailed link of the user in
-- the same statement. The value of such a row of verification begins with the id of the user. Values of other features can be
-- several kilobytes long, more than an index entry may be, so only the first 36 characters are indexed.

-- +goose Up

CREATE INDEX IF NOT EXISTS verification_user_idx ON verification (left(value, 36));
