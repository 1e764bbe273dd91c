package bench

import (
	"cmp"
	"math"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
)

// The wrong password is sent to people with each stored format, and to an address nobody has.
var storedFormats = []struct{ name, stored string }{
	{"unknown", ""},
	{"argon2id", `$argon2id$v=19$m=19456,t=2,p=1$MDEyMzQ1Njc4OWFiY2RlZg$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA`},
	{"argon2id64", `$argon2id$v=19$m=65536,t=2,p=1$c29tZXNhbHQxMjM0NTY3OA$sEl/hUpDyCBpld8eedWXXljnbIIGiqgyyOu3ZudBzFc`},
	{"bcrypt10", `$2a$10$vl1gsT0SRpqM.fZkG1XQJeHR39/9mSLkHUkBvQ2B5YD9P1dD4Rkfm`},
	{"firebase", `$fbscrypt$v=1,n=14,r=8,p=1,ss=Cg==,sk=MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE=$dXNlcnNhbHQwMQ==$ZTWFiGPElEExObq3Vs3juLtoTB80q4t8CnVloK8T/YE=`},
	{"scrypt", `257a8ceeb0deb8c8d152e8d769ab57a9:3cf98fc56aa619744daec994f579de698be1ddf052eb130571a0aef9e3d919a0fea609b665fa6586cf10324fcd0e0b25fd7d27184db4bad4246e00abcfa98898`},
}

// BenchmarkRefusals is R18: over HTTP, can a refused sign-in be told from one for an unknown address by its time? It
// sends a thousand of each, mixed, six at a time, once, and reports the p of the Mann-Whitney test against "unknown" as
// seen: below 0.01 the format stands out.
func BenchmarkRefusals(b *testing.B) {
	const rounds, workers = 1000, 6
	s := newSite(b)
	conn, err := pgx.Connect(b.Context(), s.url)
	if err != nil {
		b.Fatal(err)
	}
	defer conn.Close(b.Context())
	for _, f := range storedFormats[1:] {
		if _, err := conn.Exec(b.Context(), `WITH u AS (INSERT INTO "user" (name, email, "emailVerified") VALUES ('Bo', $1, true) RETURNING id)
			INSERT INTO account ("accountId", "providerId", "userId", password, "updatedAt") SELECT id::text, 'credential', id, $2, now() FROM u`,
			f.name+"@example.com", f.stored); err != nil {
			b.Fatal(err)
		}
	}
	server := httptest.NewServer(s.mux)
	defer server.Close()
	var order []int
	for i := range storedFormats {
		order = append(order, slices.Repeat([]int{i}, rounds)...)
	}
	rand.Shuffle(len(order), func(i, j int) { order[i], order[j] = order[j], order[i] })
	times := make([][]float64, len(storedFormats))
	var mu sync.Mutex
	var group sync.WaitGroup
	for w := range workers {
		group.Go(func() {
			for i := w; i < len(order); i += workers {
				took := refuse(b, server.URL, storedFormats[order[i]].name)
				mu.Lock()
				times[order[i]] = append(times[order[i]], took.Seconds()*1000)
				mu.Unlock()
			}
		})
	}
	group.Wait()
	for i, f := range storedFormats {
		slices.Sort(times[i])
		b.ReportMetric(times[i][rounds/2], f.name+"-ms")
		if i > 0 {
			b.ReportMetric(mannWhitney(times[0], times[i]), f.name+"-p")
		}
	}
	b.ReportMetric(0, "ns/op")
}

func refuse(b *testing.B, origin, name string) time.Duration {
	start := time.Now()
	resp, err := http.Post(origin+"/api/auth/sign-in/email", "application/json",
		strings.NewReader(`{"email":"`+name+`@example.com","password":"not the password"}`))
	if err != nil {
		b.Error(err)
		return 0
	}
	took := time.Since(start)
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusUnauthorized {
		b.Errorf("%s: got %d", name, resp.StatusCode)
	}
	return took
}

// mannWhitney is the two-sided p of the rank-sum test, by its normal approximation, which is exact enough from 20 values.
func mannWhitney(x, y []float64) float64 {
	type value struct {
		v     float64
		fromX bool
	}
	var all []value
	for _, v := range x {
		all = append(all, value{v, true})
	}
	for _, v := range y {
		all = append(all, value{v, false})
	}
	slices.SortFunc(all, func(a, b value) int { return cmp.Compare(a.v, b.v) })
	ranks := 0.0
	for i, v := range all { // times in nanoseconds hardly tie
		if v.fromX {
			ranks += float64(i + 1)
		}
	}
	n, m := float64(len(x)), float64(len(y))
	u := ranks - n*(n+1)/2
	z := (u - n*m/2) / math.Sqrt(n*m*(n+m+1)/12)
	return math.Erfc(math.Abs(z) / math.Sqrt2)
}
