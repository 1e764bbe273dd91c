package keys

import (
	"context"
	"crypto/rand"
	"crypto/rsa"
	"encoding/json"
	"errors"
	"maps"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/xenon-auth/xenon/shared/config"
)

func TestP25_OneFetchThenNone(t *testing.T) {
	t.Parallel()
	d := deploy(t)
	if got := d.asked.Load(); got != 0 {
		t.Fatalf("%d fetches by NewVerifier, want 0", got)
	}
	token := d.token(t)
	var wg sync.WaitGroup
	for range 50 {
		wg.Go(func() { d.accepted(t, token) })
	}
	wg.Wait()
	for range 200 {
		d.accepted(t, token)
	}
	if got := d.asked.Load(); got != 1 {
		t.Errorf("%d fetches for 250 tokens, want 1", got)
	}
	d.advance(MaxAge)
	d.accepted(t, token)
	if got := d.asked.Load(); got != 2 {
		t.Errorf("%d fetches after %v, want 2", got, MaxAge)
	}
}

// Forged kids neither flood the JWKS URL nor hold up real tokens, and a kid that is new is found.
func TestP25_UnknownKid(t *testing.T) {
	t.Parallel()
	d := deploy(t)
	good := d.token(t)
	d.accepted(t, good)
	forged := d.forge(t, map[string]any{"alg": "RS256", "kid": "forged"}, d.goodClaims())
	flood := func() {
		var wg sync.WaitGroup
		for range 50 {
			wg.Go(func() { d.refused(t, forged) })
			wg.Go(func() { d.accepted(t, good) })
		}
		wg.Wait()
	}
	for n := range int64(4) {
		flood()
		if got := d.asked.Load(); got != n+1 {
			t.Fatalf("%d fetches after flood %d, want %d", got, n, n+1)
		}
		d.advance(10 * time.Second)
	}

	// Another signer appears, whose key is in the JWKS from now on.
	key := sets().foreign.Current
	entries := []JWK{newJWK(key.ID, &key.private.PublicKey), newJWK(sets().third.Current.ID, &sets().third.Current.private.PublicKey)}
	text, err := json.Marshal(map[string]any{"keys": entries})
	if err != nil {
		t.Fatal(err)
	}
	d.serve(http.StatusOK, string(text))
	d.accepted(t, forgeWith(t, key.private, map[string]any{"alg": "RS256", "kid": key.ID}, d.goodClaims()))
}

// R38, FR-019: the JWKS may be away for a day.
func TestR38_JWKSAway(t *testing.T) {
	t.Parallel()
	tests := map[string]func(*deployment){
		"connection dropped":  (*deployment).down,
		"server error":        func(d *deployment) { d.serve(http.StatusInternalServerError, "") },
		"not found":           func(d *deployment) { d.serve(http.StatusNotFound, `{"keys":[]}`) },
		"a page instead":      func(d *deployment) { d.serve(http.StatusOK, "<!doctype html>") },
		"an empty set":        func(d *deployment) { d.serve(http.StatusOK, `{"keys":[]}`) },
		"some other document": func(d *deployment) { d.serve(http.StatusOK, `{"version":1}`) },
		"far too long":        func(d *deployment) { d.serve(http.StatusOK, `{"keys":[`+strings.Repeat(" ", maxJWKS)+`]}`) },
	}
	for name, away := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := deploy(t)
			token := d.token(t)
			d.accepted(t, token)
			away(d)
			d.advance(time.Hour)
			d.accepted(t, token)
			d.refused(t, d.forge(t, map[string]any{"alg": "RS256", "kid": "forged"}, d.goodClaims()))
			d.advance(23 * time.Hour)
			d.accepted(t, token)
			d.advance(10 * time.Second)
			d.unavailable(t, token)
			d.up()
			d.advance(time.Second)
			d.accepted(t, token)
		})
	}
}

// unavailable checks the answer when the keys are too old or were never had.
func (d *deployment) unavailable(t *testing.T, token string) {
	t.Helper()
	_, err := d.verifier.Verify(t.Context(), token)
	var u interface{ Unavailable() bool }
	if !errors.Is(err, ErrUnavailable) || errors.Is(err, ErrInvalidToken) || !errors.As(err, &u) || !u.Unavailable() {
		t.Errorf("Verify: %v, want ErrUnavailable", err)
	}
}

func TestR38_NeverHadKeys(t *testing.T) {
	t.Parallel()
	d := deploy(t)
	token := d.token(t)
	d.down()
	for range 20 {
		d.unavailable(t, token)
	}
	if got := d.asked.Load(); got != 1 {
		t.Errorf("%d fetches within a second, want 1", got)
	}
	d.refused(t, "not.a.token") // needs no key to say so
	d.up()
	d.advance(time.Second)
	d.accepted(t, token)
}

func TestVerify_CallerGone(t *testing.T) {
	t.Parallel()
	d := deploy(t)
	gone, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := d.verifier.Verify(gone, d.token(t)); !errors.Is(err, context.Canceled) {
		t.Errorf("Verify: %v, want context canceled", err)
	}
	d.accepted(t, d.token(t))
}

// Keys that cannot verify our tokens are skipped, wherever they stand in the set.
func TestR40_UnusableKeysInTheJWKS(t *testing.T) {
	t.Parallel()
	key := sets().third.Current
	n, e := members(&key.private.PublicKey)
	entry := func(change map[string]any) map[string]any {
		m := map[string]any{"kty": "RSA", "alg": "RS256", "kid": key.ID, "n": n, "e": e}
		maps.Copy(m, change)
		return m
	}
	unusable := map[string]any{
		"another algorithm": entry(map[string]any{"alg": "RS512"}),
		"for encryption":    entry(map[string]any{"use": "enc"}),
		"symmetric":         map[string]any{"kty": "oct", "alg": "HS256", "kid": key.ID, "k": "AQAB"},
		"another kind":      map[string]any{"kty": "OKP", "alg": "EdDSA", "kid": key.ID, "crv": "Ed25519", "x": "6AWTDbbskT1d1IkyBpNqkA0vjTr-LxTVJfvO8snMY_s"},
		"exponent 1":        entry(map[string]any{"e": "AQ"}),
		"no modulus":        entry(map[string]any{"n": ""}),
		"not base64":        entry(map[string]any{"n": "?"}),
		"no kid":            entry(map[string]any{"kid": ""}),
		"wrong type":        entry(map[string]any{"n": 1}),
		"not an object":     "key",
	}
	spare := newJWK(sets().third.Next.ID, &sets().third.Next.private.PublicKey)
	for name, bad := range unusable {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := deploy(t)
			serve := func(keys ...any) {
				text, err := json.Marshal(map[string]any{"keys": keys})
				if err != nil {
					t.Fatal(err)
				}
				d.serve(http.StatusOK, string(text))
			}
			token := d.token(t)
			serve(bad, spare)
			d.refused(t, token)
			d.advance(10 * time.Second)
			serve(bad, spare, entry(nil))
			d.accepted(t, token)
		})
	}
}

func TestVerify_BadURL(t *testing.T) {
	t.Parallel()
	d := deploy(t)
	d.verifier = NewVerifier(config.Config{JWKSURL: "http://[", JWTIssuer: origin, JWTAudience: origin}, d.now)
	d.unavailable(t, d.token(t))
}

func TestR40_ShortKeyInTheJWKS(t *testing.T) {
	t.Parallel()
	d := deploy(t)
	short, err := rsa.GenerateKey(rand.Reader, 1024)
	if err != nil {
		t.Fatal(err)
	}
	spare := newJWK(sets().third.Next.ID, &sets().third.Next.private.PublicKey)
	text, err := json.Marshal(map[string]any{"keys": []JWK{newJWK("short", &short.PublicKey), spare}})
	if err != nil {
		t.Fatal(err)
	}
	d.serve(http.StatusOK, string(text))
	d.refused(t, forgeWith(t, short, map[string]any{"alg": "RS256", "kid": "short"}, d.goodClaims()))
}

// The keys come from JWKS_URL and from nowhere it points to.
func TestR35_RedirectIsNotFollowed(t *testing.T) {
	t.Parallel()
	d, elsewhere := deploy(t), deploy(t)
	redirect := http.RedirectHandler(elsewhere.cfg.JWKSURL, http.StatusFound)
	d.answer.Store(&redirect)
	d.unavailable(t, d.token(t))
	if got := elsewhere.asked.Load(); got != 0 {
		t.Errorf("the verifier went elsewhere %d times, want 0", got)
	}
}
