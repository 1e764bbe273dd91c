package keys

import (
	"encoding/json"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/xenon-auth/xenon/shared/config"
	"github.com/xenon-auth/xenon/shared/jwks"
	"github.com/xenon-auth/xenon/shared/secrets"
)

// newDeploymentFor returns a deployment whose keys are for the algorithm alg.
func newDeploymentFor(t *testing.T, alg string) *deployment {
	t.Helper()
	d := newDeployment(t)
	d.saveKeys(t, generateSet(t, alg))
	d.keys = New(secrets.New(d.cfg, d.Now), d.cfg, d.Now)
	return d
}

func TestTokenHasAlgorithmOfTheKey(t *testing.T) {
	t.Parallel()
	for _, alg := range jwks.Algorithms {
		t.Run(alg, func(t *testing.T) {
			t.Parallel()
			d := newDeploymentFor(t, alg)
			token := d.newToken(t)
			header, _ := tokenParts(t, token)
			public, err := d.keys.Public(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			if want := `{"alg":"` + alg + `","kid":"` + public[0].KeyID + `"}`; header != want {
				t.Errorf("header of the token: got %s, want %s", header, want)
			}
			if public[0].Algorithm != alg {
				t.Errorf("the JWK has the algorithm %s, want %s", public[0].Algorithm, alg)
			}
			d.checkAccepted(t, token)
			d.checkAccepted(t, token)   // from the verifier's cache
			d.Advance(jwks.MaxCacheAge) // the verifier fetches the keys again
			d.checkAccepted(t, token)
			d.checkAccepted(t, d.newToken(t))
		})
	}
}

// The JWK of a key has the members of Better Auth's entry for the same key, in the same order, followed by use.
func TestJWKEqualsBetterAuth(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("testdata/better_auth_jwks_rows.json")
	if err != nil {
		t.Fatal(err)
	}
	var file struct {
		Rows []struct{ ID, Alg, Entry string }
	}
	if err := json.Unmarshal(text, &file); err != nil {
		t.Fatal(err)
	}
	var compared []string
	for _, row := range file.Rows {
		key, ok := jwks.ParseKey(json.RawMessage(row.Entry))
		if !ok {
			continue // an algorithm that Xenon does not sign with
		}
		compared = append(compared, row.Alg)
		got := newJWK(row.ID, key.Key())
		if want := strings.TrimSuffix(row.Entry, "}") + `,"use":"sig"}`; string(got.text) != want {
			t.Errorf("JWK of the key for %s: got %s, want %s", row.Alg, got.text, want)
		}
	}
	if diff := cmp.Diff([]string{"RS256", "EdDSA", "ES256"}, compared); diff != "" {
		t.Errorf("compared algorithms (-want +got):\n%s", diff)
	}
}

// The example of RFC 8037, appendix A.3.
func TestThumbprintOfEd25519Key(t *testing.T) {
	t.Parallel()
	key, ok := jwks.ParseKey(json.RawMessage(
		`{"kty":"OKP","crv":"Ed25519","kid":"x","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}`))
	if !ok {
		t.Fatal("ParseKey rejects the key of RFC 8037, want it accepted")
	}
	if got, want := thumbprint(key.Key()), "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k"; got != want {
		t.Errorf("thumbprint = %s, want %s", got, want)
	}
}

// Older versions of Xenon read only documents of version 1. A set of RSA keys has this version.
func TestDocumentHasVersion2OnlyForNewKeyTypes(t *testing.T) {
	t.Parallel()
	rotateTimes := func(s Set, alg string, rotations int) Set {
		for range rotations {
			var err error
			if s, err = s.Rotate(s.Next.CreatedAt.Add(MaxPropagation), time.Hour, alg); err != nil {
				t.Fatal(err)
			}
		}
		return s
	}
	for name, test := range map[string]struct {
		set  Set
		want int
	}{
		"RSA":                            {keySets().third, 1},
		"P-256":                          {generateSet(t, config.ES256), 2},
		"Ed25519":                        {generateSet(t, config.EdDSA), 2},
		"next is P-256":                  {rotateTimes(keySets().first, config.ES256, 1), 2},
		"RSA is retired":                 {rotateTimes(keySets().first, config.EdDSA, 2), 2},
		"P-256 is retired":               {rotateTimes(generateSet(t, config.ES256), config.RS256, 3), 2},
		"P-256 is not in it":             {rotateTimes(generateSet(t, config.ES256), config.RS256, 9), 1},
		"all three are in it":            {rotateTimes(rotateTimes(keySets().first, config.EdDSA, 1), config.ES256, 2), 2},
		"RS256 again before P-256 signs": {rotateTimes(rotateTimes(keySets().first, config.ES256, 1), config.RS256, 1), 2},
	} {
		text, err := test.set.Document()
		if err != nil {
			t.Fatal(err)
		}
		var got struct{ Version int }
		if err := json.Unmarshal(text, &got); err != nil || got.Version != test.want {
			t.Errorf("document of a set, %s: got the version %d, %v, want %d", name, got.Version, err, test.want)
		}
		read, err := ParseSet(text)
		if err != nil {
			t.Errorf("%s: ParseSet of the document: %v", name, err)
			continue
		}
		again, err := read.Document()
		if err != nil || string(again) != string(text) {
			t.Errorf("%s: the set changed when it was written and read (%v)", name, err)
		}
	}
}

// The first rotation publishes a key for the new algorithm, the second one signs with it.
func TestSecondRotationSignsWithNewAlgorithm(t *testing.T) {
	t.Parallel()
	d := newDeploymentFor(t, config.RS256)
	set, err := LoadFile(d.cfg.SigningKeysFile)
	if err != nil {
		t.Fatal(err)
	}
	var tokens []string
	for i, want := range []string{config.RS256, config.RS256, config.ES256, config.ES256} {
		if i > 0 {
			d.Advance(24 * time.Hour)
			if set, err = set.Rotate(d.Now(), 7*24*time.Hour, config.ES256); err != nil {
				t.Fatal(err)
			}
			d.saveKeys(t, set)
		}
		token := d.newToken(t)
		if header, _ := tokenParts(t, token); !strings.HasPrefix(header, `{"alg":"`+want+`"`) {
			t.Errorf("after %d rotations: got a token with the header %s, want the algorithm %s", i, header, want)
		}
		for _, earlier := range append(tokens, token) {
			d.checkAccepted(t, earlier)
		}
		tokens = append(tokens, token)
	}
}

func TestGenerateRefusesUnknownAlgorithm(t *testing.T) {
	t.Parallel()
	for _, alg := range []string{"", "HS256", "none", "ES512", "rs256"} {
		if _, err := Generate(startTime, alg); err == nil || !strings.Contains(err.Error(), "JWT_ALG") {
			t.Errorf("Generate for the algorithm %q: got %v, want an error that names JWT_ALG", alg, err)
		}
		if _, err := keySets().first.Rotate(startTime.Add(time.Hour), time.Hour, alg); err == nil {
			t.Errorf("Rotate for the algorithm %q returned no error, want one", alg)
		}
	}
}

func TestSignJWSWithEveryAlgorithm(t *testing.T) {
	t.Parallel()
	for _, alg := range jwks.Algorithms {
		d := newDeploymentFor(t, alg)
		set, err := LoadFile(d.cfg.SigningKeysFile)
		if err != nil {
			t.Fatal(err)
		}
		text, err := set.SignJWS(noteType, []byte("one note"))
		if err != nil {
			t.Fatal(err)
		}
		payload, kid, err := VerifyJWS(d.publishedJWKS(t), noteType, text)
		if string(payload) != "one note" || kid != set.Current.ID || err != nil {
			t.Errorf("VerifyJWS of a text signed with %s: got %q, key %s, %v, want the signed text and key %s",
				alg, payload, kid, err, set.Current.ID)
		}
		d.checkRejected(t, text)
		for _, other := range jwks.Algorithms {
			if other == alg {
				continue
			}
			header := `{"alg":"` + other + `","typ":"` + noteType + `","kid":"` + kid + `"}`
			_, rest, _ := strings.Cut(text, ".")
			if _, _, err := VerifyJWS(d.publishedJWKS(t), noteType, segmentText(header)+"."+rest); err == nil {
				t.Errorf("the signature of a key for %s is accepted as %s", alg, other)
			}
		}
	}
}
