package attack

import (
	"cmp"
	"fmt"
	"math"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"slices"
	"sync"
	"testing"
	"time"
)

// pairs are the requests of R19: the first of a person, the second of nobody. Each comes from an address of its own, and is
// about people that had no mail yet, or what is counted would be timed instead.
var pairs = []struct{ name, path, known, unknown string }{
	{"reset", "/api/auth/request-password-reset", `{"email":"known%d@example.com"}`, `{"email":"nobody%d@example.com"}`},
	{"resend", "/api/auth/send-verification-email", `{"email":"known%d@example.com"}`, `{"email":"nobody%d@example.com"}`},
	{"sign-up", "/api/auth/sign-up/email", `{"name":"x","email":"known%d@example.com","password":"correct horse"}`, `{"name":"x","email":"nobody%d@example.com","password":"correct horse"}`},
}

// BenchmarkR19_Timing: over HTTP, with the mails going to a queue, can a request about somebody be told from one about
// nobody by its time? It sends a thousand of each kind, mixed, eight at a time, and reports the medians and the p of the
// Mann-Whitney test: below 0.01 they can be told apart. bench/ does the same for R18.
func BenchmarkR19_Timing(b *testing.B) {
	const rounds, workers = 1000, 8 // most of the time is waited, where there is a floor
	for _, c := range pairs {
		b.Run(c.name, func(b *testing.B) {
			queue := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte("{}")) }))
			defer queue.Close()
			s := newSite(b)
			e := s.cold(b, 4, time.Now, "MAIL=queue", "REQUIRE_EMAIL_VERIFICATION=on", "MAIL_QUEUE_URL=https://sqs.eu-central-1.amazonaws.com/1/mails",
				"AWS_ENDPOINT_URL_SQS="+queue.URL, "AWS_REGION=eu-central-1", "AWS_ACCESS_KEY_ID=x", "AWS_SECRET_ACCESS_KEY=x")
			s.people(b, rounds)
			server := httptest.NewServer(e.mux)
			defer server.Close()
			var times [2][]float64
			var mu sync.Mutex
			var group sync.WaitGroup
			next := make(chan int)
			for range workers {
				group.Go(func() {
					for i := range next {
						for _, kind := range rand.Perm(2) {
							took := ask(b, server.URL, c.path, fmt.Sprintf([]string{c.known, c.unknown}[kind], i))
							mu.Lock()
							times[kind] = append(times[kind], took)
							mu.Unlock()
						}
					}
				})
			}
			for i := range rounds {
				next <- i
			}
			close(next)
			group.Wait()
			p := mannWhitney(times[0], times[1])
			slices.Sort(times[0])
			slices.Sort(times[1])
			b.ReportMetric(times[0][rounds/2], "known-µs")
			b.ReportMetric(times[1][rounds/2], "unknown-µs")
			b.ReportMetric(p, "p")
			b.ReportMetric(0, "ns/op")
		})
	}
}

// ask returns how long the answer took, in microseconds.
func ask(b *testing.B, url, path, body string) float64 {
	start := time.Now()
	a, err := (&site{url: url}).send(request{method: "POST", target: path, headers: []string{"Content-Type: application/json"}, body: body})
	took := float64(time.Since(start).Microseconds())
	if err != nil || a.status != http.StatusOK {
		b.Errorf("%s: got %d %s, %v", body, a.status, a.body, err)
	}
	return took
}

// mannWhitney is the two-sided p of the rank-sum test, by its normal approximation.
func mannWhitney(x, y []float64) float64 {
	type value struct{ v, x float64 }
	var all []value
	for _, v := range x {
		all = append(all, value{v, 1})
	}
	for _, v := range y {
		all = append(all, value{v, 0})
	}
	slices.SortFunc(all, func(a, b value) int { return cmp.Compare(a.v, b.v) })
	ranks := 0.0
	for i, v := range all {
		ranks += float64(i+1) * v.x
	}
	n, m := float64(len(x)), float64(len(y))
	z := (ranks - n*(n+1)/2 - n*m/2) / math.Sqrt(n*m*(n+m+1)/12)
	return math.Erfc(math.Abs(z) / math.Sqrt2)
}
