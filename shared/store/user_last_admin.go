package store

import (
	"context"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
)

// The methods of this file change a user unless no other administrator would be left. listed has the ids of users who
// are administrators whatever their role is.
//
// A statement alone could not check this: two of them at the same time, for the last two administrators, would each see
// the other one. So another statement locks all administrators first, always in the same order. Then the second of two
// transactions waits, and sees what the first has changed.

func lockAdministrators(listed []string) signInLock {
	return signInLock{`
		WITH listed AS (
			SELECT string_to_array($1::text, ',') AS ids
		)
		SELECT u.id FROM "user" u
		WHERE ` + isAdministratorSQL + `
		ORDER BY u.id
		FOR NO KEY UPDATE OF u`, strings.Join(listed, ",")}
}

// lockUnlessLastAdministratorSQL is lockUserSQL, but the CTE u is empty if the user is the last administrator.
const lockUnlessLastAdministratorSQL = `u AS (
			SELECT u.id FROM "user" u
			WHERE u.id = $1::uuid AND (` + isAdministratorSQL + ` IS NOT TRUE OR ` + hasOtherAdministratorSQL + `)
			FOR NO KEY UPDATE OF u
		)`

// ChangeUserUnlessLastAdministrator is ChangeUser, but also returns ErrNotFound if the user is the last administrator
// who is not banned at the time at.
func (s *Store) ChangeUserUnlessLastAdministrator(
	ctx context.Context, id string, c AdminChange, listed []string, at time.Time,
) (User, error) {
	return writeRowAfterSignIns(ctx, s, lockAdministrators(listed), s.scanUser, `
		WITH listed AS (
			SELECT string_to_array($24::text, ',') AS ids
		), `+lockUnlessLastAdministratorSQL+changeUserSQL, append(c.arguments(id, at), strings.Join(listed, ","))...)
}

// DeleteUserUnlessLastAdministrator is DeleteUser, but returns ErrNotFound if there is no such user, or if the user is
// the last administrator who is not banned at now.
func (s *Store) DeleteUserUnlessLastAdministrator(
	ctx context.Context, id string, listed []string, now time.Time,
) error {
	_, err := writeRowAfterSignIns(ctx, s, lockAdministrators(listed), pgx.RowTo[string], `
		WITH listed AS (
			SELECT string_to_array($3::text, ',') AS ids
		), `+lockUnlessLastAdministratorSQL+`, `+deleteLinksOfUserSQL+`
		DELETE FROM "user" USING u
		WHERE "user".id = u.id
		RETURNING "user".id::text`, id, now, strings.Join(listed, ","))
	return err
}
