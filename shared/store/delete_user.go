package store

import (
	"context"
	"time"
)

// DeleteUser deletes a user with their sessions, accounts and profile, which go by their foreign keys. One that is gone
// already is no error.
func (s *Store) DeleteUser(ctx context.Context, id string) error {
	_, err := s.exec(ctx, `DELETE FROM "user" WHERE id = $1::uuid`, id)
	return err
}

// DeleteUserByVerification redeems a value that permits the deletion of a user and, if it names id, deletes them as
// DeleteUser does, in one transaction. ErrNotFound if the value is unknown, spent, expired or another user's; another
// user's is spent all the same.
func (s *Store) DeleteUserByVerification(ctx context.Context, identifier, id string, now time.Time) error {
	_, err := write(ctx, s, scalar[string], redeem+`
		DELETE FROM "user" u USING taken
		WHERE taken.good AND taken.value = $3 AND u.id = $3::text::uuid
		RETURNING u.id`, identifier, now, id)
	return err
}
