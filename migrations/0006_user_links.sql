-- A new password, a change of email, a revocation of sessions and the deletion of a user also delete all mailed links
-- of the user, in the same statement. The value of such a row of verification begins with the user's id. Only its first
-- 36 characters are indexed, because values of other features can be longer than an index entry may be.

-- +goose Up

CREATE INDEX IF NOT EXISTS verification_user_idx ON verification (left(value, 36));
