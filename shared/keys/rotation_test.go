package keys

import (
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"slices"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/xenon-auth/xenon/shared/config"
	"github.com/xenon-auth/xenon/shared/jwks"
	"github.com/xenon-auth/xenon/shared/secrets"
)

// cachingProxy caches the answer of the JWKS endpoint for MaxAge, as a CDN may.
type cachingProxy struct {
	d      *deployment
	mu     sync.Mutex
	from   time.Time // the time at which the answer in the field cached was fetched
	cached *httptest.ResponseRecorder
}

func (c *cachingProxy) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.cached == nil || c.d.Now().Sub(c.from) >= jwks.MaxCacheAge {
		c.cached, c.from = httptest.NewRecorder(), c.d.Now()
		c.d.Publish(c.cached, r)
	}
	w.Write(c.cached.Body.Bytes())
}

// expiringToken is a token with the time at which it expires.
type expiringToken struct {
	token string
	until time.Time
}

// R37: the key set is rotated twice while four goroutines sign and verify, also with a change of the algorithm. Every
// cache keeps its copy as long as it may: the signer's key set, the CDN, and the verifier's keys. The verifier accepts
// every valid token and rejects every expired token and every token of a key that is not published any more.
func TestR37_RotateTwiceUnderLoad(t *testing.T) {
	t.Parallel()
	for _, alg := range jwks.Algorithms {
		t.Run("to "+alg, func(t *testing.T) {
			t.Parallel()
			rotateTwiceUnderLoad(t, alg)
		})
	}
}

func rotateTwiceUnderLoad(t *testing.T, alg string) {
	t.Helper()
	const (
		step     = jwks.MaxCacheAge - time.Second // so that every cache still has its copy
		lifetime = time.Hour
		steps    = 40
	)
	d := newDeployment(t)
	d.cfg.JWTExpiresIn = lifetime
	d.saveKeys(t, keySets().third)
	d.SetHandler(&cachingProxy{d: d})

	signerOf := func(s Set) *Keys {
		cfg := d.cfg
		cfg.SigningKeysFile = filepath.Join(t.TempDir(), "stale.json")
		if err := SaveFile(cfg.SigningKeysFile, s); err != nil {
			t.Fatal(err)
		}
		return New(secrets.New(cfg, d.Now), cfg, d.Now)
	}
	d.keys = New(secrets.New(d.cfg, d.Now), d.cfg, d.Now)
	set, first := keySets().third, keySets().third
	stale := d.keys

	var mu sync.Mutex
	var valid, expired []expiringToken
	signAndVerify := func(worker int) {
		for i, signer := range []*Keys{d.keys, stale} {
			c := testClaims
			c.SessionID = strconv.Itoa(worker*2 + i)
			token, err := signer.Sign(t.Context(), c)
			if err != nil {
				t.Errorf("Sign: %v", err)
				return
			}
			if _, err := d.verifier.Verify(t.Context(), token); err != nil {
				t.Errorf("a new token is rejected: %v", err)
			}
			mu.Lock()
			valid = append(valid, expiringToken{token, d.Now().Add(lifetime)})
			mu.Unlock()
		}
	}
	for n := range steps {
		var wg sync.WaitGroup
		for worker := range 4 {
			wg.Go(func() { signAndVerify(worker) })
		}
		wg.Wait()
		for _, s := range valid {
			if _, err := d.verifier.Verify(t.Context(), s.token); d.Now().Before(s.until) && err != nil {
				t.Fatalf("step %d: a valid token is rejected: %v", n, err)
			}
		}
		for _, s := range expired {
			d.checkRejected(t, s.token)
		}
		valid, expired = splitByExpiry(valid, d.Now().Add(step))
		d.Advance(step)

		stale = d.keys
		if n == 5 || n == 15 {
			stale = signerOf(set)
			var err error
			if set, err = set.Rotate(d.Now(), lifetime, alg); err != nil {
				t.Fatal(err)
			}
			d.saveKeys(t, set)
		}
	}
	if set.Current.ID == first.Current.ID || set.Current.ID == first.Next.ID {
		t.Fatal("the test did not rotate twice")
	}
	got := []string{set.Retired[0].Algorithm(), set.Current.Algorithm()}
	if !slices.Equal(got, []string{config.RS256, alg}) {
		t.Errorf("algorithms of the retired and the current key: got %v, want RS256 and %s", got, alg)
	}

	// A stolen copy of the first key is useless now, even for an otherwise valid token.
	forged, err := signerOf(first).Sign(t.Context(), testClaims)
	if err != nil {
		t.Fatal(err)
	}
	d.checkRejected(t, forged)
	d.checkAccepted(t, d.newToken(t))
}

// splitByExpiry returns the tokens that are valid at the time now and those that are not.
func splitByExpiry(tokens []expiringToken, now time.Time) (valid, expired []expiringToken) {
	for _, s := range tokens {
		if now.Before(s.until) {
			valid = append(valid, s)
		} else {
			expired = append(expired, s)
		}
	}
	return valid, expired
}
