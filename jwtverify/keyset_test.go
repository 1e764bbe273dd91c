package jwtverify

import (
	"context"
	"crypto/rand"
	"crypto/rsa"
	"errors"
	"maps"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/xenon-auth/xenon/shared/jwks"
)

func TestKeysAreFetchedOncePerMaxAge(t *testing.T) {
	t.Parallel()
	d := newDeployment(t)
	if got := d.Requests.Load(); got != 0 {
		t.Fatalf("%d fetches by New, want 0", got)
	}
	token := d.newToken(t)
	var wg sync.WaitGroup
	for range 50 {
		wg.Go(func() { d.checkAccepted(t, token) })
	}
	wg.Wait()
	for range 200 {
		d.checkAccepted(t, token)
	}
	if got := d.Requests.Load(); got != 1 {
		t.Errorf("%d fetches for 250 tokens, want 1", got)
	}
	d.Advance(jwks.MaxCacheAge)
	d.checkAccepted(t, token)
	if got := d.Requests.Load(); got != 2 {
		t.Errorf("%d fetches after %v, want 2", got, jwks.MaxCacheAge)
	}
}

// Tokens with a forged kid cause at most one fetch in ten seconds. Meanwhile valid tokens are accepted. Later a new key
// is found.
func TestUnknownKidIsFetchedEveryTenSeconds(t *testing.T) {
	t.Parallel()
	d := newDeployment(t)
	good := d.newToken(t)
	d.checkAccepted(t, good)
	forged := signToken(t, map[string]any{"alg": "RS256", "kid": "forged"}, d.goodClaims())
	flood := func() {
		var wg sync.WaitGroup
		for range 50 {
			wg.Go(func() { d.checkRejected(t, forged) })
			wg.Go(func() { d.checkAccepted(t, good) })
		}
		wg.Wait()
	}
	for n := range int64(4) {
		flood()
		if got := d.Requests.Load(); got != n+1 {
			t.Fatalf("%d fetches in all after %d times 50 forged tokens, want %d", got, n+1, n+1)
		}
		d.Advance(10 * time.Second)
	}

	// From now on the JWKS has a new key.
	key := keySets().foreign.current
	d.SetResponse(http.StatusOK, jwksOf(key.jwk(), keySets().third.current.jwk()))
	d.checkAccepted(t, signWithKey(t, key.private, map[string]any{"alg": "RS256", "kid": key.id}, d.goodClaims()))
}

func TestR38_KnownKeysVerifyForADayWithoutTheJWKS(t *testing.T) {
	t.Parallel()
	tests := map[string]func(*deployment){
		"connection dropped": (*deployment).CloseConnections,
		"server error":       func(d *deployment) { d.SetResponse(http.StatusInternalServerError, "") },
		"not found":          func(d *deployment) { d.SetResponse(http.StatusNotFound, `{"keys":[]}`) },
		"an HTML page":       func(d *deployment) { d.SetResponse(http.StatusOK, "<!doctype html>") },
		"an empty set":       func(d *deployment) { d.SetResponse(http.StatusOK, `{"keys":[]}`) },
		"another document":   func(d *deployment) { d.SetResponse(http.StatusOK, `{"version":1}`) },
		"too long": func(d *deployment) {
			d.SetResponse(http.StatusOK, `{"keys":[`+strings.Repeat(" ", maxBytes)+`]}`)
		},
	}
	for name, breakJWKS := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := newDeployment(t)
			token := d.newToken(t)
			d.checkAccepted(t, token)
			breakJWKS(d)
			d.Advance(time.Hour)
			d.checkAccepted(t, token)
			d.checkRejected(t, signToken(t, map[string]any{"alg": "RS256", "kid": "forged"}, d.goodClaims()))
			d.Advance(23 * time.Hour)
			d.checkAccepted(t, token)
			d.Advance(10 * time.Second)
			d.checkUnavailable(t, token)
			d.PublishKeys()
			d.Advance(time.Second)
			d.checkAccepted(t, token)
		})
	}
}

func TestR38_VerifyWithoutAnyKeysIsUnavailable(t *testing.T) {
	t.Parallel()
	d := newDeployment(t)
	token := d.newToken(t)
	d.CloseConnections()
	for range 20 {
		d.checkUnavailable(t, token)
	}
	if got := d.Requests.Load(); got != 1 {
		t.Errorf("%d fetches within a second, want 1", got)
	}
	d.checkRejected(t, "not.a.token") // no key is needed to reject it
	d.PublishKeys()
	d.Advance(time.Second)
	d.checkAccepted(t, token)
}

func TestVerifyReturnsErrorOfCanceledContext(t *testing.T) {
	t.Parallel()
	d := newDeployment(t)
	canceled, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := d.verifier.Verify(canceled, d.newToken(t)); !errors.Is(err, context.Canceled) {
		t.Errorf("Verify: %v, want context canceled", err)
	}
	d.checkAccepted(t, d.newToken(t))
}

var p384Coordinate = strings.Repeat("A", 64)

// Verify skips keys of the JWKS that cannot verify tokens.
func TestR40_UnusableKeysInTheJWKSAreSkipped(t *testing.T) {
	t.Parallel()
	key := keySets().third.current
	entry := func(change map[string]any) map[string]any {
		m := key.jwk()
		delete(m, "use")
		maps.Copy(m, change)
		return m
	}
	unusable := map[string]any{
		"another algorithm": entry(map[string]any{"alg": "RS512"}),
		"for encryption":    entry(map[string]any{"use": "enc"}),
		"symmetric":         map[string]any{"kty": "oct", "alg": "HS256", "kid": key.id, "k": "AQAB"},
		"another type": map[string]any{
			"kty": "OKP", "alg": "EdDSA", "kid": key.id, "crv": "X25519", "x": "6AWTDbbskT1d1IkyBpNqkA0vjTr-LxTVJfvO8snMY_s",
		},
		"another curve": map[string]any{
			"kty": "EC", "alg": "ES384", "kid": key.id, "crv": "P-384", "x": p384Coordinate, "y": p384Coordinate,
		},
		"exponent 1":    entry(map[string]any{"e": "AQ"}),
		"no modulus":    entry(map[string]any{"n": ""}),
		"not base64":    entry(map[string]any{"n": "?"}),
		"no kid":        entry(map[string]any{"kid": ""}),
		"wrong type":    entry(map[string]any{"n": 1}),
		"not an object": "key",
	}
	spare := keySets().third.next.jwk()
	for name, bad := range unusable {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := newDeployment(t)
			serve := func(keys ...any) { d.SetResponse(http.StatusOK, jwksOf(keys...)) }
			token := d.newToken(t)
			serve(bad, spare)
			d.checkRejected(t, token)
			d.Advance(10 * time.Second)
			serve(bad, spare, entry(nil))
			d.checkAccepted(t, token)
		})
	}
}

func TestR40_ShortKeyInTheJWKSIsSkipped(t *testing.T) {
	t.Parallel()
	d := newDeployment(t)
	short, err := rsa.GenerateKey(rand.Reader, 1024)
	if err != nil {
		t.Fatal(err)
	}
	d.SetResponse(http.StatusOK, jwksOf(jwk("short", &short.PublicKey), keySets().third.next.jwk()))
	d.checkRejected(t, signWithKey(t, short, map[string]any{"alg": "RS256", "kid": "short"}, d.goodClaims()))
}

// The keys come from the JWKS URL, not from a URL that it redirects to.
func TestR35_RedirectIsNotFollowed(t *testing.T) {
	t.Parallel()
	d, elsewhere := newDeployment(t), newDeployment(t)
	d.SetHandler(http.RedirectHandler(elsewhere.cfg.JWKSURL, http.StatusFound))
	d.checkUnavailable(t, d.newToken(t))
	if got := elsewhere.Requests.Load(); got != 0 {
		t.Errorf("the verifier followed the redirect %d times, want 0", got)
	}
}
