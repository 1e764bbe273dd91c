package keys

import (
	"bytes"
	"encoding/json"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/xenon-auth/xenon/shared/secrets"
)

// Token returns the last token of a session if the token is younger than tokenReuseTime and has the same claims and
// key.
func TestTokenIsReused(t *testing.T) {
	t.Parallel()
	renamed, foreign, other := testClaims, testClaims, testClaims
	renamed.User = json.RawMessage(`{"email":"zoe@example.com","name":"Zoë"}`)
	foreign.Subject = "another-user"
	other.SessionID = "another-session"
	equal := testClaims
	equal.User = bytes.Clone(testClaims.User)
	const tenth = 10 * time.Second
	tests := map[string]struct {
		lifetime time.Duration
		after    time.Duration
		then     Claims
		rotate   bool
		reused   bool
	}{
		"immediately":                     {then: testClaims, reused: true},
		"equal claims":                    {then: equal, reused: true},
		"just before a minute has passed": {after: time.Minute - 1, then: testClaims, reused: true},
		"after a minute":                  {after: time.Minute, then: testClaims},
		"before a tenth of the lifetime":  {lifetime: 10 * tenth, after: tenth - 1, then: testClaims, reused: true},
		"after a tenth of the lifetime":   {lifetime: 10 * tenth, after: tenth, then: testClaims},
		"clock set back":                  {after: -time.Second, then: testClaims},
		"the user changed":                {then: renamed},
		"another user":                    {then: foreign},
		"another session":                 {then: other},
		"the key was replaced":            {then: testClaims, rotate: true},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := newDeployment(t)
			if test.lifetime > 0 {
				d.cfg.JWTExpiresIn = test.lifetime
				d.keys = New(secrets.New(d.cfg, d.Now), d.cfg, d.Now)
			}
			first, err := d.keys.Token(t.Context(), testClaims)
			if err != nil {
				t.Fatal(err)
			}
			d.Advance(test.after)
			if test.rotate {
				d.saveKeys(t, keySets().foreign)
			}
			second, err := d.keys.Token(t.Context(), test.then)
			if err != nil {
				t.Fatal(err)
			}
			if got := first == second; got != test.reused {
				t.Errorf("the second call returned the token of the first: %v, want %v", got, test.reused)
			}
		})
	}
}

// A caller may use the memory of its claims again.
func TestTokenKeepsACopyOfTheClaims(t *testing.T) {
	t.Parallel()
	d := newDeployment(t)
	claims := testClaims
	claims.User = json.RawMessage(`{"name":"Ada"}`)
	first, err := d.keys.Token(t.Context(), claims)
	if err != nil {
		t.Fatal(err)
	}
	copy(claims.User, `{"name":"Bob"}`)
	if second, err := d.keys.Token(t.Context(), claims); err != nil || second == first {
		t.Errorf("token after the claims were overwritten: got error %v, or the first token; want a new one", err)
	}
}

func TestTokenIsSafeForConcurrentUse(t *testing.T) {
	t.Parallel()
	d := newDeployment(t)
	var wg sync.WaitGroup
	for worker := range 8 {
		wg.Go(func() {
			c := testClaims
			for i := range 20 {
				c.SessionID = strconv.Itoa((worker + i) % 4)
				token, err := d.keys.Token(t.Context(), c)
				if err != nil {
					t.Errorf("Token: %v", err)
					return
				}
				who, err := d.verifier.Verify(t.Context(), token)
				if err != nil || who.SessionID != c.SessionID {
					t.Errorf("Verify = %+v, %v, want session %s", who, err, c.SessionID)
				}
			}
		})
	}
	wg.Wait()
}
