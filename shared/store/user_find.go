package store

import (
	"context"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
)

// likePattern escapes the characters that have a meaning in a pattern of LIKE.
var likePattern = strings.NewReplacer(`\`, `\\`, `%`, `\%`, `_`, `\_`)

// FindUsers returns the users whose email or name contains text, oldest first. It ignores case. The list has at most
// limit users.
func (s *Store) FindUsers(ctx context.Context, text string, limit int) ([]User, error) {
	return readRows(ctx, s, s.scanUser, `
		SELECT `+userColumns+`
		FROM "user" u
		WHERE u.email ILIKE $1::text OR u.name ILIKE $1::text
		ORDER BY u."createdAt", u.id
		LIMIT $2`, "%"+likePattern.Replace(text)+"%", limit)
}

// isAdministratorSQL is true for a row u of "user" if the user is an administrator: the role contains "admin", or the
// id is in the array of the CTE listed. It is false or NULL for other users.
const isAdministratorSQL = `(u.role LIKE '%admin%' AND 'admin' = ANY (string_to_array(u.role, ','))
				OR u.id = ANY ((SELECT ids FROM listed)::uuid[]))`

// hasOtherAdministratorSQL is true if a user other than $1 is an administrator who is not banned at $2.
const hasOtherAdministratorSQL = `EXISTS (
				SELECT FROM "user" u
				WHERE u.id <> $1::uuid AND NOT ` + isUserBannedSQL + ` AND ` + isAdministratorSQL + `
			)`

// HasOtherAdministrator reports whether a user other than the one with the id is an administrator who is not banned at
// now: one whose role contains "admin", or one of those in listed, which has UUIDs.
func (s *Store) HasOtherAdministrator(
	ctx context.Context, id string, listed []string, now time.Time,
) (bool, error) {
	return readRow(ctx, s, pgx.RowTo[bool], `
		WITH listed AS (
			SELECT string_to_array($3::text, ',') AS ids
		)
		SELECT `+hasOtherAdministratorSQL, id, now, strings.Join(listed, ","))
}
