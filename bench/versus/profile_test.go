package versus

import (
	"cmp"
	"io"
	"log/slog"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/xenon-auth/xenon/shared/auth"
	"github.com/xenon-auth/xenon/shared/config"
	"github.com/xenon-auth/xenon/shared/keys"
	"github.com/xenon-auth/xenon/shared/secrets"
	"github.com/xenon-auth/xenon/shared/store"
)

// BenchmarkProfile sends get-session over 64 connections to a server in this process, so that -cpuprofile and
// -memprofile show the server. It reports the processor time of this process and of Postgres, because on a busy machine
// processor times vary less than the rate. With RATE_LIMIT=on the server counts each request, as a deployment does.
func BenchmarkProfile(b *testing.B) {
	for _, limits := range []string{"off", "on"} {
		b.Run("RATE_LIMIT="+limits, func(b *testing.B) { runProfile(b, limits) })
	}
}

func runProfile(b *testing.B, limits string) {
	log := slog.NewJSONHandler(io.Discard, nil) //nolint:sloglint // writing the record is a part of a request
	slog.SetDefault(slog.New(log))
	database := newDatabaseWithUsers(b, activeCount, config.Argon2id)
	env := map[string]string{
		"DATABASE_URL": database, "BETTER_AUTH_SECRET": cookieSecret,
		"SIGNING_KEYS_FILE": filepath.Join(b.TempDir(), "keys.json"),
		"RATE_LIMIT":        limits, "MAIL": "none", "CLIENT_IP": "xff:1",
	}
	cfg, err := config.LoadAPI(func(name string) string { return env[name] })
	if err != nil {
		b.Fatal(err)
	}
	set, err := keys.Generate(time.Now(), config.RS256)
	if err := cmp.Or(err, keys.SaveFile(cfg.SigningKeysFile, set)); err != nil {
		b.Fatal(err)
	}
	secretStore := secrets.New(cfg, time.Now)
	db := store.Open(secretStore, poolSize)
	b.Cleanup(db.Close)
	handler := httptest.NewServer(auth.New(cfg, db, secretStore, time.Now).SessionRoutes().Mux(cfg))
	b.Cleanup(handler.Close)
	s := server{address: strings.TrimPrefix(handler.URL, "http://")}
	next := callsOfActiveUsers(activeCount,
		func(i int) httpCall { // each with a different IP address, because the rate limit is 100 in ten seconds
			c := getSessionCalls(s)(i)
			c.send = append(
				c.send[:len(c.send)-2:len(c.send)-2],
				"X-Forwarded-For: 203.0.113."+formatNumber(float64(i))+"\r\n\r\n"...)
			return c
		})
	workload := s.httpWorkload("get-session", [3]int{}, next)
	workload.pid = os.Getpid()
	got, err := workload.measure(b.Context(), postmasterID(b, database), activeCount, b.N)
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	b.ReportMetric(got.perSecond, "requests/s")
	b.ReportMetric(got.server, "cpu-µs/request")
	b.ReportMetric(got.postgres, "postgres-µs/request")
}
