package keys

import (
	"maps"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/xenon-auth/xenon/shared/secrets"
)

// P26: the last token of a session is handed out again, while nothing about it changed.
func TestP26_TokenIsReused(t *testing.T) {
	t.Parallel()
	renamed, foreign, other := someone, someone, someone
	renamed.User = map[string]any{"name": "Zoë", "email": "zoe@example.com"}
	foreign.Subject = "another-user"
	other.SessionID = "another-session"
	equal := someone
	equal.User = maps.Clone(someone.User.(map[string]any))
	tests := map[string]struct {
		lifetime time.Duration
		after    time.Duration
		then     Claims
		rotate   bool
		reused   bool
	}{
		"at once":                    {then: someone, reused: true},
		"equal claims":               {then: equal, reused: true},
		"just within a minute":       {after: time.Minute - 1, then: someone, reused: true},
		"after a minute":             {after: time.Minute, then: someone},
		"within a tenth of its life": {lifetime: 100 * time.Second, after: 10*time.Second - 1, then: someone, reused: true},
		"after a tenth of its life":  {lifetime: 100 * time.Second, after: 10 * time.Second, then: someone},
		"the clock went back":        {after: -time.Second, then: someone},
		"the user changed":           {then: renamed},
		"another user":               {then: foreign},
		"another session":            {then: other},
		"the key was replaced":       {then: someone, rotate: true},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := deploy(t)
			if test.lifetime > 0 {
				d.cfg.JWTExpiresIn = test.lifetime
				d.keys = New(secrets.New(d.cfg, d.now), d.cfg, d.now)
			}
			first, err := d.keys.Token(t.Context(), someone)
			if err != nil {
				t.Fatal(err)
			}
			d.advance(test.after)
			if test.rotate {
				d.save(t, sets().foreign)
			}
			second, err := d.keys.Token(t.Context(), test.then)
			if err != nil {
				t.Fatal(err)
			}
			if got := first == second; got != test.reused {
				t.Errorf("reused = %v, want %v", got, test.reused)
			}
		})
	}
}

func TestP26_ManyAtOnce(t *testing.T) {
	t.Parallel()
	d := deploy(t)
	var wg sync.WaitGroup
	for worker := range 8 {
		wg.Go(func() {
			c := someone
			for i := range 20 {
				c.SessionID = strconv.Itoa((worker + i) % 4)
				token, err := d.keys.Token(t.Context(), c)
				if err != nil {
					t.Error(err)
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
