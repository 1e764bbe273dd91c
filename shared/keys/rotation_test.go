package keys

import (
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/xenon-auth/xenon/shared/secrets"
)

// cdn keeps what the JWKS endpoint said for MaxAge, as a CDN in front of it may.
type cdn struct {
	d    *deployment
	mu   sync.Mutex
	from time.Time
	kept *httptest.ResponseRecorder
}

func (c *cdn) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.kept == nil || c.d.now().Sub(c.from) >= MaxAge {
		c.kept, c.from = httptest.NewRecorder(), c.d.now()
		c.d.jwks(c.kept, r)
	}
	w.Write(c.kept.Body.Bytes())
}

// signed is a token and when it dies.
type signed struct {
	token string
	until time.Time
}

// R37: two rotations while four callers sign and verify. Every cache on the way is as old as it may be: a signer that
// still has the set from before the rotation, a CDN, and the verifier's own keys. No valid token is rejected, none is
// accepted after its end, and a key that is no longer published counts for nothing.
func TestR37_RotateTwiceUnderLoad(t *testing.T) {
	t.Parallel()
	const (
		step     = MaxAge - time.Second // just too short for any cache to notice
		lifetime = time.Hour
		steps    = 40
	)
	d := deploy(t)
	d.cfg.JWTExpiresIn = lifetime
	d.save(t, sets().third)
	var front http.Handler = &cdn{d: d}
	d.answer.Store(&front)

	signerOf := func(s Set) *Keys {
		cfg := d.cfg
		cfg.SigningKeysFile = filepath.Join(t.TempDir(), "stale.json")
		if err := SaveFile(cfg.SigningKeysFile, s); err != nil {
			t.Fatal(err)
		}
		return New(secrets.New(cfg, d.now), cfg, d.now)
	}
	d.keys = New(secrets.New(d.cfg, d.now), d.cfg, d.now)
	set, first := sets().third, sets().third
	stale := d.keys

	var mu sync.Mutex
	var live, dead []signed
	load := func(worker int) {
		for i, signer := range []*Keys{d.keys, stale} {
			c := someone
			c.SessionID = strconv.Itoa(worker*2 + i)
			token, err := signer.Sign(t.Context(), c)
			if err != nil {
				t.Error(err)
				return
			}
			if _, err := d.verifier.Verify(t.Context(), token); err != nil {
				t.Errorf("a new token is rejected: %v", err)
			}
			mu.Lock()
			live = append(live, signed{token, d.now().Add(lifetime)})
			mu.Unlock()
		}
	}
	for n := range steps {
		var wg sync.WaitGroup
		for worker := range 4 {
			wg.Go(func() { load(worker) })
		}
		wg.Wait()
		for _, s := range live {
			if _, err := d.verifier.Verify(t.Context(), s.token); d.now().Before(s.until) && err != nil {
				t.Fatalf("step %d: a live token is rejected: %v", n, err)
			}
		}
		for _, s := range dead {
			d.refused(t, s.token)
		}
		live, dead = split(live, d.now().Add(step))
		d.advance(step)

		stale = d.keys
		if n == 5 || n == 15 {
			stale = signerOf(set)
			var err error
			if set, err = set.Rotate(d.now(), lifetime); err != nil {
				t.Fatal(err)
			}
			d.save(t, set)
		}
	}
	if set.Current.ID == first.Current.ID || set.Current.ID == first.Next.ID {
		t.Fatal("the test did not rotate twice")
	}

	// Whoever stole the first key cannot use it any more, with a token that is otherwise good.
	thief, err := signerOf(first).Sign(t.Context(), someone)
	if err != nil {
		t.Fatal(err)
	}
	d.refused(t, thief)
	d.accepted(t, d.token(t))
}

// split parts the tokens that live at now from those that died on the way there.
func split(tokens []signed, now time.Time) (live, dead []signed) {
	for _, s := range tokens {
		if now.Before(s.until) {
			live = append(live, s)
		} else {
			dead = append(dead, s)
		}
	}
	return live, dead
}
