package conformance

import (
	"strings"
	"testing"
	"time"
)

func newNameTable() *nameTable {
	return &nameTable{
		secret: []byte("a secret of the tests"), now: time.Date(2026, 1, 15, 12, 0, 0, 0, time.UTC),
		given: map[string]string{}, counts: map[string]int{}, tokens: map[string]any{},
		known: map[string]string{},
	}
}

// Generated values are replaced, the same value always by the same name. Everything else is compared unchanged.
func TestNameTableReplacesGeneratedValuesOnly(t *testing.T) {
	t.Parallel()
	const token, other = "Zx9KfQ2mB7cT4vLw8RyN1sHd6PjGaEuX", "AAAAAQ2mB7cT4vLw8RyN1sHd6PjGaEuX"
	for _, test := range []struct{ text, want string }{
		{"plain words and 12 numbers", "plain words and 12 numbers"},
		{"INVALID_EMAIL_OR_PASSWORD", "INVALID_EMAIL_OR_PASSWORD"},
		{token, "token000000000000000000000000001"},
		{
			other + " " + token + " " + other,
			"token000000000000000000000000001 token000000000000000000000000002 token000000000000000000000000001",
		},
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
		if got := newNameTable().replaceInText(test.text); got != test.want {
			t.Errorf("replaceInText(%q): got %q, want %q", test.text, got, test.want)
		}
	}
}

// A valid signature is replaced by a name, an invalid one stays.
func TestNameTableReplacesValidSignaturesOnly(t *testing.T) {
	t.Parallel()
	const token = "Zx9KfQ2mB7cT4vLw8RyN1sHd6PjGaEuX"
	p := player{server: server{secret: "a secret of the tests"}, names: newNameTable(), saved: map[string]string{}}
	if _, err := p.doStep(step{Sign: map[string]string{"good": token}}); err != nil {
		t.Fatal(err)
	}
	good := p.saved["good"]
	bad := strings.Replace(good, token, strings.ToLower(token), 1)
	got, want := newNameTable().replaceInCookies([]string{"s=" + good + "; Path=/"})[0],
		"s=token000000000000000000000000001.signature%3D; Path=/"
	if got != want {
		t.Errorf("a cookie with a valid signature: got %s, want %s", got, want)
	}
	if got := newNameTable().replaceInCookies([]string{"s=" + bad + "; Path=/"})[0]; strings.Contains(got, ".signature") {
		t.Errorf("a cookie with an invalid signature: got %s, want the signature unchanged", got)
	}
	for secret, want := range map[string]bool{"": true, "another secret": false} {
		if err := p.forgeToken(forgery{Name: "jwt", Claims: map[string]any{"exp": "1h"}, Secret: secret}); err != nil {
			t.Fatal(err)
		}
		n := newNameTable()
		n.now = p.names.now
		name := n.replaceInText(p.saved["jwt"])
		content, _ := n.tokens[name].(map[string]any)
		if content["signed"] != want {
			t.Errorf("a JWT signed with the secret %q: got the content %v, want signed: %v", secret, content, want)
		}
	}
}

// The comparison reports an unlisted difference, a listed one that no longer differs, and one that differs from its
// recording.
func TestComparisonReportsDifferences(t *testing.T) {
	t.Parallel()
	ok, unauthorized, failed := &answer{Status: 200}, &answer{Status: 401}, &answer{Status: 500}
	for _, test := range []struct {
		name, divergence             string
		betterAuth, xenon, recording *answer
		faults                       int
	}{
		{"equal responses", "", ok, ok, nil, 0},
		{"a difference", "", ok, unauthorized, nil, 1},
		{"a listed difference", "D99", ok, unauthorized, unauthorized, 0},
		{"a listed difference that no longer differs", "D99", ok, ok, unauthorized, 1},
		{"a listed difference that differs from the recording", "D99", ok, unauthorized, failed, 1},
	} {
		want := []exchange{{Answer: test.betterAuth, Divergence: test.divergence}}
		recorded := []exchange{{Answer: test.betterAuth, Xenon: test.recording}}
		got := new(resultCounts).compareAll(scenario{}, want, []exchange{{Answer: test.xenon}}, recorded)
		if len(got) != test.faults {
			t.Errorf("compareAll of an exchange with %s: got the faults %q, want %d", test.name, got, test.faults)
		}
	}
	if got := new(resultCounts).compareAll(scenario{}, []exchange{{Answer: ok}}, nil, nil); len(got) != 1 {
		t.Errorf("a missing response: got the faults %q, want 1", got)
	}
}

// An encrypted text is replaced by a name that depends on its content. Better Auth encrypted the texts of this test.
func TestNameTableReplacesEncryptedTexts(t *testing.T) {
	t.Parallel()
	for use, text := range map[string]string{
		"tokens": "4befedec386e7bbfa1e00b0f985773f73200410a06e2a1d4210500332d066cb35d30334aae4c4675399673a50ae331f74fa7",
		"oauth-link-session-token": "80e4d9cd591b83d3e0f503404781a61752a8c7a6f01e733c7c9745a2dff1852ba7588c52c28c94509" +
			"8be421847c226ce04c06b89fbd2994a7d6f901e915ed3032ea225f695f3d378",
	} {
		n := newNameTable()
		n.secret = []byte("vector-secret-0123456789-abcdefghijklmnopqrstuvwxyz")
		if got := n.replaceInText(text); got != "encrypted-1" {
			t.Errorf("an encrypted text for %s: got %s, want encrypted-1", use, got)
		}
		content, _ := n.tokens["encrypted-1"].(map[string]any)
		if content["key"] != use {
			t.Errorf("an encrypted text for %s: decrypted to %v, want this purpose as the value of \"key\"", use, content)
		}
		n = newNameTable()
		if got := n.replaceInText(text); got != text {
			t.Errorf("an encrypted text for %s with another secret: got %s, want it unchanged", use, got)
		}
	}
}

// A generated parameter of an authorization URL has the same name in later texts. The parameters of the URL are sorted.
func TestNameTableReplacesTheParametersOfAuthorizationURLs(t *testing.T) {
	t.Parallel()
	n := newNameTable()
	url := "https://id.invalid/authorize?state=a_b-5678901234567890123456789012&response_type=code"
	n.nameURLParameters(`{"url":"` + strings.ReplaceAll(url, "&", `\u0026`) + `"}`)
	want := "https://id.invalid/authorize?response_type=code&state=state000000000000000000000000001"
	if got := n.replaceInText(url); got != want {
		t.Errorf("the authorization URL: got %s, want %s", got, want)
	}
	later := "/callback?state=a_b-5678901234567890123456789012"
	if got := n.replaceInText(later); got != "/callback?state=state000000000000000000000000001" {
		t.Errorf("a later text with the same state: got %s, want the name of the state", got)
	}
}
