package keys

import (
	"encoding/json"
	"net/http"
	"testing"
	"time"
)

// A token that was verified before is held to everything that can have changed since.
func TestR34_VerifiedBefore(t *testing.T) {
	t.Parallel()
	type check = func(*deployment, *testing.T, string)
	accepted, refused, unavailable := (*deployment).accepted, (*deployment).refused, (*deployment).unavailable
	tests := map[string]struct {
		after time.Duration
		then  func(*testing.T, *deployment)
		want  check
	}{
		"at once":                  {want: accepted},
		"just before its end":      {after: 7*24*time.Hour - 1, want: accepted},
		"at its end":               {after: 7 * 24 * time.Hour, want: refused},
		"the clock went back":      {after: -maxAhead, want: accepted},
		"the clock went far back":  {after: -maxAhead - time.Second, want: refused},
		"the keys are away":        {after: MaxAge, then: func(_ *testing.T, d *deployment) { d.down() }, want: accepted},
		"they are for a day":       {after: staleIfError + 10*time.Second, then: func(_ *testing.T, d *deployment) { d.down() }, want: unavailable},
		"its key is not published": {after: MaxAge, then: func(t *testing.T, d *deployment) { d.save(t, sets().foreign) }, want: refused},
		"its key is another now": {after: MaxAge, then: func(t *testing.T, d *deployment) {
			other := newJWK(sets().third.Current.ID, &sets().foreign.Current.private.PublicKey)
			text, err := json.Marshal(map[string]any{"keys": []JWK{other}})
			if err != nil {
				t.Fatal(err)
			}
			d.serve(http.StatusOK, string(text))
		}, want: refused},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := deploy(t)
			token := d.token(t)
			for range 2 {
				d.accepted(t, token)
			}
			if test.then != nil {
				test.then(t, d)
			}
			d.advance(test.after)
			test.want(d, t, token)
		})
	}
}

// Only what was found right is remembered.
func TestR34_NothingRefusedIsRemembered(t *testing.T) {
	t.Parallel()
	d := deploy(t)
	good := d.token(t)
	late := d.goodClaims()
	late["exp"] = d.now().Unix()
	for _, bad := range []string{"", "not.a.token", good + "=", good[:len(good)-4] + "AAAA", d.forge(t, goodHeader(), late)} {
		d.refused(t, bad)
	}
	if got := len(d.verifier.verified.entries); got != 0 {
		t.Errorf("%d tokens are remembered, want none", got)
	}
	d.accepted(t, good)
	if got := len(d.verifier.verified.entries); got != 1 {
		t.Errorf("%d tokens are remembered, want the one that is good", got)
	}
	d.refused(t, good[:len(good)-4]+"AAAA")
}
