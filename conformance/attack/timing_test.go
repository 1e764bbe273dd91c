package attack

import (
	"flag"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/xenon-auth/xenon/shared/config"
	"github.com/xenon-auth/xenon/shared/password"
)

// requestsPerKind is how often a timing benchmark sends each request. It must be large, to find a difference that is
// much smaller than the variance of the times.
var requestsPerKind = flag.Int("requests", 1000, "the number of requests of each kind in the timing benchmarks")

// storedHashFormats are the stored hashes that a wrong password is compared with.
var storedHashFormats = []struct{ name, stored string }{
	{"argon2id", `$argon2id$v=19$m=19456,t=2,p=1$MDEyMzQ1Njc4OWFiY2RlZg$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA`},
	{"argon2id64", `$argon2id$v=19$m=65536,t=2,p=1$c29tZXNhbHQxMjM0NTY3OA$sEl/hUpDyCBpld8eedWXXljnbIIGiqgyyOu3ZudBzFc`},
	{"bcrypt10", `$2a$10$vl1gsT0SRpqM.fZkG1XQJeHR39/9mSLkHUkBvQ2B5YD9P1dD4Rkfm`},
	{
		"firebase", `$fbscrypt$v=1,n=14,r=8,p=1,ss=Cg==,sk=MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE=` +
			`$dXNlcnNhbHQwMQ==$ZTWFiGPElEExObq3Vs3juLtoTB80q4t8CnVloK8T/YE=`,
	},
	{
		"scrypt", `257a8ceeb0deb8c8d152e8d769ab57a9:3cf98fc56aa619744daec994f579de698be1ddf052eb130571a0aef9e3d919a0f` +
			`ea609b665fa6586cf10324fcd0e0b25fd7d27184db4bad4246e00abcfa98898`,
	},
}

// BenchmarkR18_Timing compares the response times of sign-ins with a wrong password, for users with a hash of each
// stored format, with the response times of sign-ins with an unknown email.
func BenchmarkR18_Timing(b *testing.B) {
	s := newTestServer(b)
	s.hasher = password.New(config.Argon2id)
	e := s.newEnvironment(b, 1, time.Now, "MAIL=none") // one connection, as in a function
	conn, err := pgx.Connect(b.Context(), s.db)
	if err != nil {
		b.Fatal(err)
	}
	defer conn.Close(b.Context())
	signIn := func(name string) timedRequest {
		body := `{"email":"` + name + `@example.com","password":"not the password"}`
		return timedRequest{"/api/auth/sign-in/email", body, http.StatusUnauthorized}
	}
	requests := []timedRequest{signIn("unknown")}
	for _, f := range storedHashFormats {
		if _, err := conn.Exec(b.Context(), `
			WITH u AS (INSERT INTO "user" (name, email, "emailVerified") VALUES ('Bo', $1, true) RETURNING id)
			INSERT INTO account ("accountId", "providerId", "userId", password, "updatedAt")
			SELECT id::text, 'credential', id, $2, now() FROM u`,
			f.name+"@example.com", f.stored); err != nil {
			b.Fatal(err)
		}
		requests = append(requests, signIn(f.name))
	}
	times := e.measureTimes(b, 6, requests)
	for i, f := range storedHashFormats {
		b.Run(f.name, func(b *testing.B) { reportComparison(b, times[i+1], times[0]) })
	}
}

// requestPairs are the requests of R19: each for existing users (known) and for unknown emails. measureTimes replaces
// %d by the number of the round, so that every request has a different email.
var requestPairs = []struct{ name, path, known, unknown string }{
	{"reset", "/api/auth/request-password-reset", `{"email":"known%d@example.com"}`, `{"email":"nobody%d@example.com"}`},
	{"resend", "/api/auth/send-verification-email", `{"email":"known%d@example.com"}`, `{"email":"nobody%d@example.com"}`},
	{
		"sign-up", "/api/auth/sign-up/email",
		`{"name":"x","email":"known%d@example.com","password":"correct horse"}`,
		`{"name":"x","email":"nobody%d@example.com","password":"correct horse"}`,
	},
}

// BenchmarkR19_Timing compares the response times of requests for existing users, which put mails into a queue, with
// those of the same requests for unknown emails.
func BenchmarkR19_Timing(b *testing.B) {
	for _, c := range requestPairs {
		b.Run(c.name, func(b *testing.B) {
			queue := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				_, _ = w.Write([]byte("{}"))
			}))
			defer queue.Close()
			s := newTestServer(b)
			s.hasher = password.New(config.Argon2id)
			e := s.newEnvironment(b, 4, time.Now, "MAIL=queue", "REQUIRE_EMAIL_VERIFICATION=on",
				"MAIL_QUEUE_URL=https://sqs.eu-central-1.amazonaws.com/1/mails", "AWS_ENDPOINT_URL_SQS="+queue.URL,
				"AWS_REGION=eu-central-1", "AWS_ACCESS_KEY_ID=x", "AWS_SECRET_ACCESS_KEY=x")
			s.insertUsers(b, *requestsPerKind)
			times := e.measureTimes(b, 8, []timedRequest{{c.path, c.known, http.StatusOK}, {c.path, c.unknown, http.StatusOK}})
			reportComparison(b, times[0], times[1])
		})
	}
}

// timedRequest is a POST request with its expected status. %d in the body is replaced by the number of the round.
type timedRequest struct {
	path, body string
	status     int
}

// measureTimes sends all requests in random order in each of *requestsPerKind rounds. It runs concurrency rounds at the
// same time, because responses with a minimum time mostly wait. It returns the times of each request in milliseconds.
func (e *environment) measureTimes(b *testing.B, concurrency int, requests []timedRequest) [][]float64 {
	b.Helper()
	server := httptest.NewServer(e.mux)
	defer server.Close()
	times := make([][]float64, len(requests))
	var mu sync.Mutex
	var group sync.WaitGroup
	rounds := make(chan int)
	for range concurrency {
		group.Go(func() {
			for round := range rounds {
				for _, i := range rand.Perm(len(requests)) {
					took := requests[i].timeRequest(b, server.URL, round)
					mu.Lock()
					times[i] = append(times[i], took)
					mu.Unlock()
				}
			}
		})
	}
	for round := range *requestsPerKind {
		rounds <- round
	}
	close(rounds)
	group.Wait()
	return times
}

// timeRequest sends the request and returns the time until the response in milliseconds.
func (q timedRequest) timeRequest(b *testing.B, url string, round int) float64 {
	body := strings.ReplaceAll(q.body, "%d", strconv.Itoa(round))
	start := time.Now()
	a, err := (&testServer{url: url}).sendRaw(rawRequest{
		method: "POST", target: q.path, headers: []string{"Content-Type: application/json"}, body: body,
	})
	took := time.Since(start).Seconds() * 1000
	if err != nil || a.status != q.status {
		b.Errorf("a request with the body %s: got %d %s and the error %v, want %d", body, a.status, a.body, err, q.status)
	}
	return took
}

// reportComparison reports the size of the samples, their medians, and the result of the Mann-Whitney test. If p is
// below 0.01, an attacker can distinguish the two kinds of requests.
func reportComparison(b *testing.B, known, unknown []float64) {
	r := mannWhitney(known, unknown)
	b.ReportMetric(float64(min(len(known), len(unknown))), "n")
	b.ReportMetric(median(known), "known-ms")
	b.ReportMetric(median(unknown), "unknown-ms")
	b.ReportMetric(r.u, "U")
	b.ReportMetric(r.z, "z")
	b.ReportMetric(r.p, "p")
	b.ReportMetric(0, "ns/op")
}
