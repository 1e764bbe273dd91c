package store

import (
	"context"
	"time"
)

// DeleteUser deletes a user with their sessions, accounts and profile, which go by their foreign keys, and their mailed
// links. One that is gone already is no error.
func (s *Store) DeleteUser(ctx context.Context, id string) error {
	_, err := s.exec(ctx, `
		WITH `+locksUser+`, links AS (
			DELETE FROM verification v USING u WHERE `+isLink+`
		)
		DELETE FROM "user" USING u WHERE "user".id = u.id`, id)
	return err
}

// DeleteUserByVerification redeems a value that permits the deletion of a user and, if it names id, deletes them as
// DeleteUser does, in one transaction. ErrNotFound if the value is unknown, spent, expired or another user's; another
// user's is spent all the same.
func (s *Store) DeleteUserByVerification(ctx context.Context, identifier, id string, now time.Time) error {
	_, err := write(ctx, s, scalar[string], redeem+`, links AS (
			DELETE FROM verification v USING u WHERE u.id = $3::text::uuid AND v.identifier <> $1 AND `+isLink+`
		)
		DELETE FROM "user" USING u
		WHERE "user".id = u.id AND u.id = $3::text::uuid
		RETURNING "user".id`, identifier, now, id)
	return err
}
