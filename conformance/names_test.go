package conformance

import (
	"strings"
	"testing"
	"time"
)

func newNames() *names {
	return &names{
		secret: []byte("a secret of the tests"), now: time.Date(2026, 1, 15, 12, 0, 0, 0, time.UTC),
		given: map[string]string{}, counts: map[string]int{}, tokens: map[string]any{},
	}
}

// What a server invents gets a name, always the same for the same; everything else stays as it is, and is compared.
func TestNamesHideOnlyWhatIsInvented(t *testing.T) {
	t.Parallel()
	const token, other = "Zx9KfQ2mB7cT4vLw8RyN1sHd6PjGaEuX", "AAAAAQ2mB7cT4vLw8RyN1sHd6PjGaEuX"
	for _, test := range []struct{ text, want string }{
		{"plain words and 12 numbers", "plain words and 12 numbers"},
		{"INVALID_EMAIL_OR_PASSWORD", "INVALID_EMAIL_OR_PASSWORD"},
		{token, "token000000000000000000000000001"},
		{other + " " + token + " " + other, "token000000000000000000000000001 token000000000000000000000000002 token000000000000000000000000001"},
		{token + "x", token + "x"},
		{"0123456789abcdefghijABCD", "token0000000000000000001"},
		{"5f3c1c0a-2f67-4c2b-8f0e-0f7f8a1d2b3c", "00000000-0000-4000-8000-000000000001"},
		{"5F3C1C0A-2f67-4c2b-8f0e-0f7f8a1d2b3c", "5F3C1C0A-2f67-4c2b-8f0e-0f7f8a1d2b3c"},
		{"2026-01-15T12:01:02.345Z", "2000-01-01T00:00:00.000Z"},
		{"2026-01-22T12:01:02.345Z", "2000-01-08T00:00:00.000Z"},
		{"2026-01-22T13:00:00.000Z", "2000-01-08T01:00:00.000Z"},
		{"2026-01-15T12:01:02.34Z", "2026-01-15T12:01:02.34Z"},
		{"2026-01-15T12:01:02.345678Z", "2026-01-15T12:01:02.345678Z"},
		{"2026-01-15T12:01:02.345+00:00", "2026-01-15T12:01:02.345+00:00"},
	} {
		if got := newNames().text(test.text); got != test.want {
			t.Errorf("%s: got %s, want %s", test.text, got, test.want)
		}
	}
}

// A signature is named when it is good and shown when it is not.
func TestNamesTellSignatures(t *testing.T) {
	t.Parallel()
	const token = "Zx9KfQ2mB7cT4vLw8RyN1sHd6PjGaEuX"
	p := player{server: server{secret: "a secret of the tests"}, names: newNames(), saved: map[string]string{}}
	if _, err := p.play(step{Sign: map[string]string{"good": token}}); err != nil {
		t.Fatal(err)
	}
	good := p.saved["good"]
	bad := strings.Replace(good, token, strings.ToLower(token), 1)
	if got, want := newNames().cookies([]string{"s=" + good + "; Path=/"})[0], "s=token000000000000000000000000001.signature%3D; Path=/"; got != want {
		t.Errorf("good: got %s, want %s", got, want)
	}
	if got := newNames().cookies([]string{"s=" + bad + "; Path=/"})[0]; strings.Contains(got, ".signature") {
		t.Errorf("bad: got %s", got)
	}
	for secret, want := range map[string]bool{"": true, "another secret": false} {
		if err := p.forge(forgery{Name: "jwt", Claims: map[string]any{"exp": "1h"}, Secret: secret}); err != nil {
			t.Fatal(err)
		}
		n := newNames()
		n.now = p.names.now
		name := n.text(p.saved["jwt"])
		said, _ := n.tokens[name].(map[string]any)
		if said["signed"] != want {
			t.Errorf("signed with %q: got %v, want signed %v", secret, said, want)
		}
	}
}

// Each way a run can go wrong is seen: a difference, a listed one that is gone, and one that is another than was recorded.
func TestJudgeCanFail(t *testing.T) {
	t.Parallel()
	is, not, other := &answer{Status: 200}, &answer{Status: 401}, &answer{Status: 500}
	for _, test := range []struct {
		name, divergence         string
		library, ours, recording *answer
		faults                   int
	}{
		{"the same", "", is, is, nil, 0},
		{"a difference", "", is, not, nil, 1},
		{"a listed difference", "D99", is, not, not, 0},
		{"a listed difference that is gone", "D99", is, is, not, 1},
		{"a listed difference that became another", "D99", is, not, other, 1},
	} {
		want := []exchange{{Library: test.library, Divergence: test.divergence}}
		recorded := []exchange{{Library: test.library, Xenon: test.recording}}
		if got := new(tally).compareAll(scenario{}, want, []exchange{{Library: test.ours}}, recorded); len(got) != test.faults {
			t.Errorf("%s: got %q, want %d faults", test.name, got, test.faults)
		}
	}
	if got := new(tally).compareAll(scenario{}, []exchange{{Library: is}}, nil, nil); len(got) != 1 {
		t.Errorf("an answer that is missing: got %q", got)
	}
}
