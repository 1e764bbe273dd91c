package profile_test

import (
	"os"
	"path/filepath"
	"regexp"
	"testing"

	"github.com/jackc/pgx/v5"
)

// docs/verify-tokens.md has SQL with which other servers check a session as this package does. The test runs it with
// the role that the page creates.
func TestResourceServerPageChecksSessionAsProfileDoes(t *testing.T) {
	t.Parallel()
	page, err := os.ReadFile(filepath.Join("..", "..", "docs", "verify-tokens.md"))
	if err != nil {
		t.Fatal(err)
	}
	blocks := regexp.MustCompile("(?s)```sql\n(.*?)```").FindAllSubmatch(page, -1)
	if len(blocks) != 2 {
		t.Fatalf("docs/verify-tokens.md has %d blocks of SQL, want two: the check and the role", len(blocks))
	}
	check, role := string(blocks[0][1]), string(blocks[1][1])
	for name, sql := range map[string]string{
		"live":         `SELECT $1::uuid`,
		"ban is over":  `UPDATE "user" SET banned = true, "banExpires" = now() - interval '1 second' WHERE id = $1`,
		"signed out":   `DELETE FROM session WHERE "userId" = $1`,
		"expired":      `UPDATE session SET "expiresAt" = now() - interval '1 second' WHERE "userId" = $1`,
		"banned":       `UPDATE "user" SET banned = true WHERE id = $1`,
		"banned until": `UPDATE "user" SET banned = true, "banExpires" = now() + interval '1 hour' WHERE id = $1`,
		"deleted":      `DELETE FROM "user" WHERE id = $1`,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newServer(t)
			id, token := s.newUser()
			s.exec(sql, id)
			want := s.do("GET", token, "").Code != 401
			if got := s.isAcceptedByResourceServer(role, check, id, s.sessions[id]); got != want {
				t.Errorf("the SQL of docs/verify-tokens.md accepts the session: %v, /api/profile accepts it: %v; "+
					"want the same", got, want)
			}
		})
	}
}

// isAcceptedByResourceServer runs role, which creates a role, and then with this role check, which accepts or rejects
// the session of the user. It rolls everything back.
func (s *server) isAcceptedByResourceServer(role, check, userID, sessionID string) (accepted bool) {
	s.t.Helper()
	ctx := s.t.Context()
	conn, err := pgx.Connect(ctx, s.url)
	if err != nil {
		s.t.Fatal(err)
	}
	defer conn.Close(ctx)
	tx, err := conn.Begin(ctx)
	if err != nil {
		s.t.Fatal(err)
	}
	defer tx.Rollback(ctx)
	if _, err := tx.Exec(ctx, role+`; SET LOCAL ROLE resource_server`); err != nil {
		s.t.Fatal(err)
	}
	if err := tx.QueryRow(ctx, check, userID, sessionID).Scan(&accepted); err != nil {
		s.t.Fatal(err)
	}
	return accepted
}
