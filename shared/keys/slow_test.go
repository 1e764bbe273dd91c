package keys

import (
	"context"
	"encoding/json"
	"errors"
	"net"
	"net/http"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/xenon-auth/xenon/shared/config"
)

// What secrets.Remote allows one fetch, while there are no keys, and while there are older ones.
const (
	firstFetch = 5 * time.Second
	laterFetch = 2 * time.Second
)

// slow is what a server can do to whoever waits for its answer.
var slow = map[string]http.HandlerFunc{
	"hangs": func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() },
	"hangs after the headers": func(w http.ResponseWriter, r *http.Request) {
		w.WriteHeader(http.StatusOK)
		_ = http.NewResponseController(w).Flush()
		<-r.Context().Done()
	},
	"hangs before the last byte": func(w http.ResponseWriter, r *http.Request) {
		text := jwksText()
		_, _ = w.Write(text[:len(text)-1])
		_ = http.NewResponseController(w).Flush()
		<-r.Context().Done()
	},
	"drips": func(w http.ResponseWriter, r *http.Request) {
		for _, b := range jwksText() {
			if _, err := w.Write([]byte{b}); err != nil || http.NewResponseController(w).Flush() != nil || r.Context().Err() != nil {
				return
			}
			time.Sleep(100 * time.Millisecond)
		}
	},
	"answers too late": func(w http.ResponseWriter, _ *http.Request) {
		time.Sleep(firstFetch + time.Millisecond)
		_, _ = w.Write(jwksText())
	},
}

// jwksText is a JWKS with the current key of the third set.
func jwksText() []byte {
	current := sets().third.Current
	text, err := json.Marshal(map[string]any{"keys": []JWK{newJWK(current.ID, &current.private.PublicKey)}})
	if err != nil {
		panic(err)
	}
	return text
}

// publisher is a JWKS URL and a Verifier that reads there, by HTTP over pipes in the time of a synctest bubble, so that how
// long something takes is exact.
type publisher struct {
	verifier *Verifier
	asked    atomic.Int64
	answer   atomic.Value // of http.HandlerFunc
}

func publish(t *testing.T) *publisher {
	p := &publisher{}
	p.up()
	l := make(pipes)
	server := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		p.asked.Add(1)
		p.answer.Load().(http.HandlerFunc)(w, r)
	})}
	go func() { _ = server.Serve(l) }()
	t.Cleanup(func() { _ = server.Close() })
	began := time.Now()
	now := func() time.Time { return newClock().now().Add(time.Since(began)) }
	cfg := config.Config{JWTIssuer: origin, JWTAudience: origin, JWKSURL: "http://jwks.example"}
	p.verifier = NewVerifier(cfg, now)
	p.verifier.published.client.Transport.(*http.Transport).DialContext = l.dial
	return p
}

func (p *publisher) up() {
	p.answer.Store(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write(jwksText()) }))
}

// verify says how it ended, and when.
func (p *publisher) verify(ctx context.Context, token string) verdict {
	began := time.Now()
	_, err := p.verifier.Verify(ctx, token)
	v := verdict{"accepted", time.Since(began)}
	switch {
	case errors.Is(err, ErrUnavailable):
		v.is = "unavailable"
	case errors.Is(err, ErrInvalidToken):
		v.is = "refused"
	case err != nil:
		v.is = err.Error()
	}
	return v
}

type verdict struct {
	is   string
	took time.Duration
}

// crowd verifies a token fifty times at once, and counts the verdicts.
func (p *publisher) crowd(ctx context.Context, token string) map[verdict]int {
	var mu sync.Mutex
	var group sync.WaitGroup
	got := map[verdict]int{}
	for range 50 {
		group.Go(func() {
			v := p.verify(ctx, token)
			mu.Lock()
			defer mu.Unlock()
			got[v]++
		})
	}
	group.Wait()
	return got
}

func (p *publisher) wants(t *testing.T, what string, got map[verdict]int, want verdict, fetches int64) {
	t.Helper()
	if len(got) != 1 || got[want] == 0 {
		t.Errorf("%s: got %v, want only %v", what, got, want)
	}
	if n := p.asked.Load(); n != fetches {
		t.Errorf("%s: %d fetches so far, want %d", what, n, fetches)
	}
}

// pipes is a net.Listener whose connections are pipes.
type pipes chan net.Conn

func (l pipes) dial(context.Context, string, string) (net.Conn, error) {
	here, there := net.Pipe()
	l <- there
	return here, nil
}

func (l pipes) Accept() (net.Conn, error) {
	if c, ok := <-l; ok {
		return c, nil
	}
	return nil, net.ErrClosed
}
func (l pipes) Close() error   { close(l); return nil }
func (l pipes) Addr() net.Addr { return &net.UnixAddr{Name: "pipe", Net: "pipe"} }

// twoTokens are a good one, and one whose kid no JWKS has.
func twoTokens(t *testing.T) (good, forged string) {
	d := deploy(t)
	return d.forge(t, goodHeader(), d.goodClaims()), d.forge(t, map[string]any{"alg": "RS256", "kid": "forged"}, d.goodClaims())
}

// While a refresh hangs, known keys verify at once; only the one that refreshes waits, for two seconds, and whoever has a
// key nobody knows.
func TestR38_SlowJWKS(t *testing.T) {
	t.Parallel()
	good, forged := twoTokens(t)
	for name, answer := range slow {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				p := publish(t)
				p.wants(t, "the first fifty", p.crowd(t.Context(), good), verdict{"accepted", 0}, 1)

				time.Sleep(MaxAge)
				p.answer.Store(answer)
				var refresh, unknown verdict
				var group sync.WaitGroup
				group.Go(func() { refresh = p.verify(t.Context(), good) })
				synctest.Wait()
				group.Go(func() { unknown = p.verify(t.Context(), forged) })
				synctest.Wait()
				p.wants(t, "while a refresh hangs", p.crowd(t.Context(), good), verdict{"accepted", 0}, 2)
				group.Wait()
				if want := (verdict{"accepted", laterFetch}); refresh != want {
					t.Errorf("the one that refreshes: got %v, want %v", refresh, want)
				}
				if want := (verdict{"refused", laterFetch}); unknown != want {
					t.Errorf("a key nobody knows: got %v, want %v", unknown, want)
				}
				p.wants(t, "after it", p.crowd(t.Context(), good), verdict{"accepted", 0}, 2)
				p.wants(t, "unknown keys after it", p.crowd(t.Context(), forged), verdict{"refused", 0}, 2)

				p.up()
				time.Sleep(10 * time.Second)
				p.wants(t, "when it is back", p.crowd(t.Context(), good), verdict{"accepted", 0}, 3)
			})
		})
	}
}

// Without any keys yet it is a 503, when the caller's time is up, or after five seconds, and fifty callers are one fetch.
func TestR38_SlowJWKSAtTheStart(t *testing.T) {
	t.Parallel()
	good, _ := twoTokens(t)
	for name, answer := range slow {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				p := publish(t)
				p.answer.Store(answer)
				hasty, cancel := context.WithTimeout(t.Context(), time.Second)
				defer cancel()
				p.wants(t, "callers with a second", p.crowd(hasty, good), verdict{"unavailable", time.Second}, 1)
				time.Sleep(time.Second)
				p.wants(t, "patient callers", p.crowd(t.Context(), good), verdict{"unavailable", firstFetch}, 2)
				p.up()
				time.Sleep(time.Second)
				p.wants(t, "when it is back", p.crowd(t.Context(), good), verdict{"accepted", 0}, 3)
			})
		})
	}
}
