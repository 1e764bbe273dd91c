package jwtverify

import (
	"net/http"
	"testing"
	"time"

	"github.com/xenon-auth/xenon/shared/jwks"
)

// A token in the cache is accepted only if it would still be accepted without the cache.
func TestR34_CachedTokenIsCheckedAgain(t *testing.T) {
	t.Parallel()
	type check = func(*deployment, *testing.T, string)
	accepted, rejected := (*deployment).checkAccepted, (*deployment).checkRejected
	unavailable := (*deployment).checkUnavailable
	tests := map[string]struct {
		after  time.Duration
		change func(*testing.T, *deployment) // called before the time passes
		want   check
	}{
		"immediately":             {want: accepted},
		"just before it expires":  {after: 7*24*time.Hour - 1, want: accepted},
		"when it expires":         {after: 7 * 24 * time.Hour, want: rejected},
		"the clock went back":     {after: -maxAhead, want: accepted},
		"the clock went far back": {after: -maxAhead - time.Second, want: rejected},
		"the JWKS is unavailable": {
			after:  jwks.MaxCacheAge,
			change: func(_ *testing.T, d *deployment) { d.CloseConnections() },
			want:   accepted,
		},
		"the JWKS is unavailable for a day": {
			after:  maxStale + 10*time.Second,
			change: func(_ *testing.T, d *deployment) { d.CloseConnections() },
			want:   unavailable,
		},
		"its key is not published": {
			after: jwks.MaxCacheAge, want: rejected,
			change: func(t *testing.T, d *deployment) { d.saveKeys(t, keySets().foreign) },
		},
		"its kid names another key": {after: jwks.MaxCacheAge, change: func(_ *testing.T, d *deployment) {
			other := jwk(keySets().third.current.id, &keySets().foreign.current.private.PublicKey)
			d.SetResponse(http.StatusOK, jwksOf(other))
		}, want: rejected},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := newDeployment(t)
			token := d.newToken(t)
			for range 2 {
				d.checkAccepted(t, token)
			}
			if test.change != nil {
				test.change(t, d)
			}
			d.Advance(test.after)
			test.want(d, t, token)
		})
	}
}

func TestR34_CacheHoldsAcceptedTokensOnly(t *testing.T) {
	t.Parallel()
	d := newDeployment(t)
	good := d.newToken(t)
	expired := d.goodClaims()
	expired["exp"] = d.Now().Unix()
	for _, bad := range []string{
		"", "not.a.token", good + "=", good[:len(good)-4] + "AAAA", signToken(t, goodHeader(), expired),
	} {
		d.checkRejected(t, bad)
	}
	if got := d.verifier.verified.Len(); got != 0 {
		t.Errorf("%d tokens in the cache, want none", got)
	}
	d.checkAccepted(t, good)
	if got := d.verifier.verified.Len(); got != 1 {
		t.Errorf("%d tokens in the cache, want the valid one", got)
	}
	d.checkRejected(t, good[:len(good)-4]+"AAAA")
}
