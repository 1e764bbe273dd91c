package bench

import (
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/xenon-auth/xenon/internal/testkit/dbtest"
	"github.com/xenon-auth/xenon/migrations"
	"github.com/xenon-auth/xenon/shared/store"
)

// BenchmarkEventTriggers measures the statements of a sign-up and of a sign-in, of a refreshed session and of a changed
// name, without and with the triggers that write events. It runs them in turn and reports the ratio of the medians, so
// that other work of the machine affects both. docs/adr/0016-triggers-write-events.md has the ratios.
func BenchmarkEventTriggers(b *testing.B) {
	b.Run("sign-up", func(b *testing.B) { compare(b, signUpStatement) })
	for name, sql := range map[string]string{
		"sign-in": `INSERT INTO session (token, "userId", "expiresAt", "createdAt", "updatedAt", "ipAddress", "userAgent")
			SELECT gen_random_uuid(), id, now() + interval '7 days', now(), now(), '192.0.2.1', 'Mozilla/5.0' FROM "user"`,
		"refresh": `UPDATE session SET "expiresAt" = now() + interval '7 days', "updatedAt" = now()`,
		"name":    `UPDATE "user" SET name = gen_random_uuid(), "updatedAt" = now()`,
	} {
		b.Run(name, func(b *testing.B) {
			compare(b, func(b *testing.B, url string) func() error { return repeatedStatement(b, url, sql) })
		})
	}
}

// compare measures the function that prepare returns for a database without triggers and for one with them.
func compare(b *testing.B, prepare func(b *testing.B, url string) func() error) {
	b.Helper()
	var run [2]func() error // without and with triggers
	var took [2][]time.Duration
	for i := range run {
		url := dbtest.New(b)
		if _, err := migrations.SwitchEvents(b.Context(), url, "public", i == 1); err != nil {
			b.Fatal(err)
		}
		run[i] = prepare(b, url)
	}
	for b.Loop() {
		for i := range run {
			start := time.Now()
			if err := run[i](); err != nil {
				b.Fatal(err)
			}
			took[i] = append(took[i], time.Since(start))
		}
	}
	without, with := median(took[0]), median(took[1])
	b.ReportMetric(float64(without.Microseconds()), "µs-without")
	b.ReportMetric(float64(with.Microseconds()), "µs-with")
	b.ReportMetric(float64(with)/float64(without), "ratio")
}

func median(all []time.Duration) time.Duration {
	slices.Sort(all)
	return all[len(all)/2]
}

// signUpStatement returns a function that stores a user, their account and their session, as a sign-up does.
func signUpStatement(b *testing.B, url string) func() error {
	b.Helper()
	db := store.Open(dbtest.FixedURL(url), 1)
	b.Cleanup(db.Close)
	ip, agent := "192.0.2.1", "Mozilla/5.0"
	n := 0
	return func() error {
		n++
		at := time.Now()
		session := store.Session{
			Token: strconv.Itoa(n), ExpiresAt: store.Time{Time: at.AddDate(0, 0, 7)}, IPAddress: &ip, UserAgent: &agent,
		}
		user := store.NewUser{Name: "Ada", Email: strconv.Itoa(n) + "@example.com", Hash: "a hash", At: at}
		_, err := db.SignUp(b.Context(), user, &session)
		return err
	}
}

// repeatedStatement returns a function that runs a statement in a database with one user who has one session.
func repeatedStatement(b *testing.B, url, sql string) func() error {
	b.Helper()
	conn, err := pgx.Connect(b.Context(), url)
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = conn.Close(b.Context()) })
	for _, insert := range []string{
		`INSERT INTO "user" (name, email, "emailVerified") VALUES ('Ada', 'ada@example.com', true)`,
		`INSERT INTO session (token, "userId", "expiresAt", "updatedAt") SELECT 'token', id, now(), now() FROM "user"`,
	} {
		if _, err := conn.Exec(b.Context(), insert); err != nil {
			b.Fatal(err)
		}
	}
	return func() error {
		_, err := conn.Exec(b.Context(), sql)
		return err
	}
}
