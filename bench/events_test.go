package bench

import (
	"strconv"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/xenon-auth/xenon/internal/testkit/dbtest"
	"github.com/xenon-auth/xenon/migrations"
	"github.com/xenon-auth/xenon/shared/store"
)

// BenchmarkEventTriggers measures the statements of a sign-up and of a sign-in, of a refreshed session and of a changed
// name, without and with the triggers that write events. docs/adr/0016-triggers-write-events.md has the ratios.
func BenchmarkEventTriggers(b *testing.B) {
	for _, on := range []bool{false, true, false, true} { // twice, so that the results show how much they vary
		name := "events=" + strconv.FormatBool(on)
		b.Run("sign-up/"+name, func(b *testing.B) { benchmarkSignUpStatement(b, on) })
		b.Run("sign-in/"+name, func(b *testing.B) {
			benchmarkStatement(b, on, `INSERT INTO session (token, "userId", "expiresAt", "createdAt", "updatedAt", "ipAddress",
				"userAgent") SELECT gen_random_uuid(), id, now() + interval '7 days', now(), now(), '192.0.2.1', 'Mozilla/5.0'
				FROM "user"`)
		})
		b.Run("refresh/"+name, func(b *testing.B) {
			benchmarkStatement(b, on, `UPDATE session SET "expiresAt" = now() + interval '7 days', "updatedAt" = now()`)
		})
		b.Run("name/"+name, func(b *testing.B) {
			benchmarkStatement(b, on, `UPDATE "user" SET name = gen_random_uuid(), "updatedAt" = now()`)
		})
	}
}

// newDatabaseForEvents returns the URL of a database with or without the triggers.
func newDatabaseForEvents(b *testing.B, on bool) string {
	b.Helper()
	url := dbtest.New(b)
	if _, err := migrations.SwitchEvents(b.Context(), url, "public", on); err != nil {
		b.Fatal(err)
	}
	return url
}

func benchmarkSignUpStatement(b *testing.B, on bool) {
	db := store.Open(dbtest.FixedURL(newDatabaseForEvents(b, on)), 1)
	b.Cleanup(db.Close)
	ip, agent := "192.0.2.1", "Mozilla/5.0"
	n := 0
	for b.Loop() {
		n++
		at := time.Now()
		session := store.Session{
			Token: strconv.Itoa(n), ExpiresAt: store.Time{Time: at.AddDate(0, 0, 7)}, IPAddress: &ip, UserAgent: &agent,
		}
		user := store.NewUser{Name: "Ada", Email: strconv.Itoa(n) + "@example.com", Hash: "a hash", At: at}
		if _, err := db.SignUp(b.Context(), user, &session); err != nil {
			b.Fatal(err)
		}
	}
}

// benchmarkStatement measures a prepared statement, in a database with one user who has one session.
func benchmarkStatement(b *testing.B, on bool, sql string) {
	conn, err := pgx.Connect(b.Context(), newDatabaseForEvents(b, on))
	if err != nil {
		b.Fatal(err)
	}
	defer conn.Close(b.Context())
	for _, insert := range []string{
		`INSERT INTO "user" (name, email, "emailVerified") VALUES ('Ada', 'ada@example.com', true)`,
		`INSERT INTO session (token, "userId", "expiresAt", "updatedAt") SELECT 'token', id, now(), now() FROM "user"`,
	} {
		if _, err := conn.Exec(b.Context(), insert); err != nil {
			b.Fatal(err)
		}
	}
	for b.Loop() {
		if _, err := conn.Exec(b.Context(), sql); err != nil {
			b.Fatal(err)
		}
	}
}
