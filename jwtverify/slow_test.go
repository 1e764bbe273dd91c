package jwtverify

import (
	"context"
	"errors"
	"net"
	"net/http"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/xenon-auth/xenon/shared/jwks"
)

// The timeouts of a fetch in package remote: firstFetchTimeout without any keys, laterFetchTimeout with older ones.
const (
	firstFetchTimeout = 5 * time.Second
	laterFetchTimeout = 2 * time.Second
)

// slowAnswers are handlers that answer late, slowly or not at all.
var slowAnswers = map[string]http.HandlerFunc{
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
	"sends one byte at a time": func(w http.ResponseWriter, r *http.Request) {
		for _, b := range jwksText() {
			_, err := w.Write([]byte{b})
			if err != nil || http.NewResponseController(w).Flush() != nil || r.Context().Err() != nil {
				return
			}
			time.Sleep(100 * time.Millisecond)
		}
	},
	"answers too late": func(w http.ResponseWriter, _ *http.Request) {
		time.Sleep(firstFetchTimeout + time.Millisecond)
		_, _ = w.Write(jwksText())
	},
}

// jwksText returns a JWKS with the current key of keySets().third.
func jwksText() []byte { return []byte(jwksOf(keySets().third.current.jwk())) }

// verifierWithServer is a server of a JWKS and a Verifier that fetches it. They use HTTP over pipes, so that they can
// run inside a synctest bubble, in which durations are exact.
type verifierWithServer struct {
	verifier *Verifier
	asked    atomic.Int64
	answer   atomic.Value // an http.HandlerFunc
}

func newVerifierWithServer(t *testing.T) *verifierWithServer {
	p := &verifierWithServer{}
	p.publishKeys()
	l := make(pipeListener)
	server := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		p.asked.Add(1)
		p.answer.Load().(http.HandlerFunc)(w, r)
	})}
	go func() { _ = server.Serve(l) }()
	t.Cleanup(func() { _ = server.Close() })
	began := time.Now()
	now := func() time.Time { return newClock().Now().Add(time.Since(began)) }
	p.verifier = MustNew(Options{JWKSURL: "http://jwks.example", Issuer: origin, Audience: origin, Now: now})
	p.verifier.keySet.client.Transport.(*http.Transport).DialContext = l.dial
	return p
}

func (p *verifierWithServer) publishKeys() {
	p.answer.Store(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write(jwksText()) }))
}

// timeVerify returns the result of Verify and how long it took.
func (p *verifierWithServer) timeVerify(ctx context.Context, token string) timedOutcome {
	began := time.Now()
	_, err := p.verifier.Verify(ctx, token)
	o := timedOutcome{"accepted", time.Since(began)}
	switch {
	case errors.Is(err, ErrUnavailable):
		o.result = "unavailable"
	case errors.Is(err, ErrInvalidToken):
		o.result = "rejected"
	case err != nil:
		o.result = err.Error()
	}
	return o
}

type timedOutcome struct {
	result   string
	duration time.Duration
}

// verifyByFifty verifies a token in fifty goroutines at the same time, and counts the outcomes.
func (p *verifierWithServer) verifyByFifty(ctx context.Context, token string) map[timedOutcome]int {
	var mu sync.Mutex
	var group sync.WaitGroup
	got := map[timedOutcome]int{}
	for range 50 {
		group.Go(func() {
			o := p.timeVerify(ctx, token)
			mu.Lock()
			defer mu.Unlock()
			got[o]++
		})
	}
	group.Wait()
	return got
}

// checkOutcomes fails the test unless every outcome is want and the number of fetches so far is fetches.
func (p *verifierWithServer) checkOutcomes(
	t *testing.T,
	what string,
	got map[timedOutcome]int,
	want timedOutcome,
	fetches int64,
) {
	t.Helper()
	if len(got) != 1 || got[want] == 0 {
		t.Errorf("%s: got %v, want only %v", what, got, want)
	}
	if n := p.asked.Load(); n != fetches {
		t.Errorf("%s: %d fetches so far, want %d", what, n, fetches)
	}
}

// pipeListener is a net.Listener whose connections are pipes.
type pipeListener chan net.Conn

func (l pipeListener) dial(context.Context, string, string) (net.Conn, error) {
	client, server := net.Pipe()
	l <- server
	return client, nil
}

func (l pipeListener) Accept() (net.Conn, error) {
	if c, ok := <-l; ok {
		return c, nil
	}
	return nil, net.ErrClosed
}
func (l pipeListener) Close() error   { close(l); return nil }
func (l pipeListener) Addr() net.Addr { return &net.UnixAddr{Name: "pipe", Net: "pipe"} }

// twoTokens returns a valid token and one whose kid is in no JWKS.
func twoTokens(t *testing.T) (good, forged string) {
	d := newDeployment(t)
	unknownKid := map[string]any{"alg": "RS256", "kid": "forged"}
	return signToken(t, goodHeader(), d.goodClaims()), signToken(t, unknownKid, d.goodClaims())
}

// While a refresh hangs, tokens with known keys are verified immediately. Only the call that refreshes and calls with
// an unknown key wait, for two seconds.
func TestR38_SlowJWKSDelaysOnlyRefreshAndUnknownKeys(t *testing.T) {
	t.Parallel()
	good, forged := twoTokens(t)
	for name, answer := range slowAnswers {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				p := newVerifierWithServer(t)
				p.checkOutcomes(t, "the first fifty calls", p.verifyByFifty(t.Context(), good), timedOutcome{"accepted", 0}, 1)

				time.Sleep(jwks.MaxCacheAge)
				p.answer.Store(answer)
				var refresh, unknown timedOutcome
				var group sync.WaitGroup
				group.Go(func() { refresh = p.timeVerify(t.Context(), good) })
				synctest.Wait()
				group.Go(func() { unknown = p.timeVerify(t.Context(), forged) })
				synctest.Wait()
				p.checkOutcomes(t, "while a refresh hangs", p.verifyByFifty(t.Context(), good), timedOutcome{"accepted", 0}, 2)
				group.Wait()
				if want := (timedOutcome{"accepted", laterFetchTimeout}); refresh != want {
					t.Errorf("the call that refreshes: got %v, want %v", refresh, want)
				}
				if want := (timedOutcome{"rejected", laterFetchTimeout}); unknown != want {
					t.Errorf("a token with an unknown kid: got %v, want %v", unknown, want)
				}
				p.checkOutcomes(t, "after the refresh", p.verifyByFifty(t.Context(), good), timedOutcome{"accepted", 0}, 2)
				p.checkOutcomes(
					t,
					"unknown keys after the refresh",
					p.verifyByFifty(t.Context(), forged),
					timedOutcome{"rejected", 0},
					2,
				)

				p.publishKeys()
				time.Sleep(10 * time.Second)
				p.checkOutcomes(t, "when the URL answers again", p.verifyByFifty(t.Context(), good), timedOutcome{"accepted", 0}, 3)
			})
		})
	}
}

// Without any keys, Verify returns ErrUnavailable when the caller's context ends or after five seconds. Fifty
// concurrent calls make one fetch.
func TestR38_SlowJWKSAtTheStartMakesVerifyUnavailable(t *testing.T) {
	t.Parallel()
	good, _ := twoTokens(t)
	for name, answer := range slowAnswers {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				p := newVerifierWithServer(t)
				p.answer.Store(answer)
				short, cancel := context.WithTimeout(t.Context(), time.Second)
				defer cancel()
				p.checkOutcomes(t, "callers with a timeout of a second", p.verifyByFifty(short, good),
					timedOutcome{"unavailable", time.Second}, 1)
				time.Sleep(time.Second)
				p.checkOutcomes(
					t,
					"callers without a deadline",
					p.verifyByFifty(t.Context(), good),
					timedOutcome{"unavailable", firstFetchTimeout},
					2,
				)
				p.publishKeys()
				time.Sleep(time.Second)
				p.checkOutcomes(t, "when the URL answers again", p.verifyByFifty(t.Context(), good), timedOutcome{"accepted", 0}, 3)
			})
		})
	}
}
