package store

import "context"

// Ready reports whether the database answers and has our schema.
func (s *Store) Ready(ctx context.Context) error {
	_, err := read(ctx, s, scalar[bool], `
		SELECT NOT EXISTS (SELECT "emailVerified" FROM "user" WHERE false)
		   AND NOT EXISTS (SELECT "updated_at" FROM user_profile WHERE false)`)
	return err
}
