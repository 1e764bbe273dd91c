package keys

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"math/big"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/xenon-auth/xenon/shared/config"
)

func TestRotateMovesNextToCurrentAndCurrentToRetired(t *testing.T) {
	t.Parallel()
	s := keySets()
	if s.second.Current.ID != s.first.Next.ID || s.third.Current.ID != s.second.Next.ID {
		t.Error("after Rotate, the current key is not the next key from before")
	}
	retiredIDs := func(s Set) (ids []string) {
		for _, k := range s.Retired {
			ids = append(ids, k.ID)
		}
		return ids
	}
	want := []string{s.second.Current.ID, s.first.Current.ID}
	if got := retiredIDs(s.third); !cmp.Equal(got, want) {
		t.Errorf("after two rotations: retired keys %v, want %v", got, want)
	}
	if len(s.first.Retired) != 0 || s.first.Current.ID == s.first.Next.ID {
		t.Error("Rotate changed the set that it rotated")
	}

	newest := s.third.Retired[0]
	if got, want := newest.RetiredAt, startTime.Add(48*time.Hour); !got.Equal(want) {
		t.Errorf("the retired key has RetiredAt %v, want %v", got, want)
	}
	if got, want := newest.PublishedUntil, newest.RetiredAt.Add(7*24*time.Hour+15*time.Minute); !got.Equal(want) {
		t.Errorf("the retired key is published until %v, want %v: the lifetime of a token and MaxPropagation after RetiredAt",
			got, want)
	}

	later, err := s.third.Rotate(newest.PublishedUntil, time.Hour, config.RS256)
	if err != nil {
		t.Fatal(err)
	}
	if got, want := retiredIDs(later), []string{s.third.Current.ID}; !cmp.Equal(got, want) {
		t.Errorf("rotation when older keys need not be published any more: retired keys %v, want %v", got, want)
	}
}

func TestRotateWaitsUntilVerifiersHaveNextKey(t *testing.T) {
	t.Parallel()
	_, err := keySets().first.Rotate(startTime.Add(15*time.Minute-1), time.Hour, config.RS256)
	if !errors.Is(err, ErrRotationTooSoon) || !strings.Contains(err.Error(), "2026-03-01T12:15:00Z") {
		t.Errorf("Rotate too soon: got %v, want ErrTooSoon and the time of the next rotation", err)
	}
	if _, err := keySets().first.Rotate(startTime.Add(15*time.Minute), time.Hour, config.RS256); err != nil {
		t.Errorf("Rotate after a quarter of an hour: got the error %v, want none", err)
	}
}

func TestParseSetReadsWhatDocumentWrites(t *testing.T) {
	t.Parallel()
	want, err := keySets().third.Document()
	if err != nil {
		t.Fatal(err)
	}
	set, err := ParseSet(want)
	if err != nil {
		t.Fatal(err)
	}
	got, err := set.Document()
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want) {
		t.Error("the set changed when it was written and read")
	}
	if len(want) > 64<<10/2 {
		t.Errorf("a set of four keys has %d bytes, want at most half of the 65536 that Secrets Manager takes", len(want))
	}
}

func TestR40_KeyIDsAreThumbprints(t *testing.T) {
	t.Parallel()
	// The example of RFC 7638 §3.1.
	n, err := base64.RawURLEncoding.DecodeString("" +
		"0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7a" +
		"PFFxuhDR1L6tSoc_BJECPebWKRXjBZCiFV4n3oknjhMstn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_FDW2QvzqY" +
		"368QQMicAtaSqzs8KJZgnYb9c7d0zgdAZHzu6qMQvRL5hajrn1n91CbOpbISD08qNLyrdkt-bFTWhAI4vMQFh6WeZu0fM4lFd2NcRwr3XPksINHaQ" +
		"-G_xBniIqbw0Ls1jF44-csFCur-kEgU8awapJzKnqDKgw")
	if err != nil {
		t.Fatal(err)
	}
	public := &rsa.PublicKey{N: new(big.Int).SetBytes(n), E: 65537}
	if got, want := thumbprint(public), "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs"; got != want {
		t.Errorf("thumbprint = %s, want %s", got, want)
	}

	s := keySets()
	seen := map[string]bool{}
	for _, k := range []Key{
		s.first.Current, s.first.Next, s.second.Next, s.third.Next, s.foreign.Current, s.foreign.Next,
	} {
		if seen[k.ID] || len(k.ID) != 43 {
			t.Errorf("kid %q is a duplicate or not a thumbprint", k.ID)
		}
		seen[k.ID] = true
	}
}

// editDocument returns the document of the third set, edited by change.
func editDocument(t *testing.T, change func(*document)) []byte {
	t.Helper()
	text, err := keySets().third.Document()
	if err != nil {
		t.Fatal(err)
	}
	var d document
	if err := json.Unmarshal(text, &d); err != nil {
		t.Fatal(err)
	}
	change(&d)
	if text, err = json.Marshal(d); err != nil {
		t.Fatal(err)
	}
	return text
}

func TestR40_ParseSetRejectsInvalidDocuments(t *testing.T) {
	t.Parallel()
	short, err := rsa.GenerateKey(rand.Reader, 1024)
	if err != nil {
		t.Fatal(err)
	}
	weak, err := Set{Next: newKey(short, startTime), Current: keySets().third.Current}.Document()
	if err != nil {
		t.Fatal(err)
	}
	weakRetired, err := Set{
		Next: keySets().third.Next, Current: keySets().third.Current,
		Retired: []RetiredKey{{ID: thumbprint(&short.PublicKey), public: &short.PublicKey}},
	}.Document()
	if err != nil {
		t.Fatal(err)
	}
	curve, err := ecdsa.GenerateKey(elliptic.P384(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	ecPrivate, errPrivate := x509.MarshalPKCS8PrivateKey(curve)
	ecPublic, errPublic := x509.MarshalPKIXPublicKey(&curve.PublicKey)
	if err := errors.Join(errPrivate, errPublic); err != nil {
		t.Fatal(err)
	}
	ec, retiredEC := encodePEM("PRIVATE KEY", ecPrivate), encodePEM("PUBLIC KEY", ecPublic)
	notPrivate, notPublic := encodePEM("PRIVATE KEY", []byte("SECRET")), encodePEM("PUBLIC KEY", nil)
	tests := map[string]struct {
		text []byte
		want string
	}{
		"nothing":             {nil, "xenon keys rotate"},
		"an empty object":     {[]byte(" {}\n"), "xenon keys rotate"},
		"no current":          {editDocument(t, func(d *document) { d.Current = nil }), "has no next or no current key"},
		"no next":             {editDocument(t, func(d *document) { d.Next = nil }), "has no next or no current key"},
		"a newer version":     {[]byte(`{"version":3,"keys":[]}`), "version 3"},
		"a negative version":  {[]byte(`{"version":-1,"next":{},"current":{}}`), "version -1"},
		"not JSON":            {[]byte("SECRET"), "not a document"},
		"an array":            {[]byte(`["SECRET"]`), "not a document"},
		"a short key":         {weak, "1024 bits"},
		"a short retired key": {weakRetired, "1024 bits"},
		"a foreign kid": {
			editDocument(t, func(d *document) { d.Current.ID = d.Next.ID }),
			"not the key's thumbprint",
		},
		"a foreign retired kid": {
			editDocument(t, func(d *document) { d.Retired[0].ID = "SECRET" }),
			"not the key's thumbprint",
		},
		"the same key twice":  {editDocument(t, func(d *document) { d.Next = d.Current }), "twice"},
		"a retired key again": {editDocument(t, func(d *document) { d.Retired[1] = d.Retired[0] }), "twice"},
		"no PEM":              {editDocument(t, func(d *document) { d.Next.PrivateKey = "SECRET" }), "PEM"},
		"two PEM blocks":      {editDocument(t, func(d *document) { d.Next.PrivateKey += d.Current.PrivateKey }), "PEM"},
		"not a key":           {editDocument(t, func(d *document) { d.Next.PrivateKey = notPrivate }), "not RSA"},
		"a P-384 key":         {editDocument(t, func(d *document) { d.Next.PrivateKey = ec }), "next: the private key"},
		"a retired P-384 key": {
			editDocument(t, func(d *document) { d.Retired[0].PublicKey = retiredEC }),
			"retired key 1: the",
		},
		"no public key":         {editDocument(t, func(d *document) { d.Retired[0].PublicKey = notPublic }), "not RSA"},
		"a private key instead": {editDocument(t, func(d *document) { d.Retired[0].PublicKey = d.Next.PrivateKey }), "PEM"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := ParseSet(test.text)
			if err == nil || !strings.Contains(err.Error(), test.want) {
				t.Fatalf("ParseSet: got %v, want an error with %q", err, test.want)
			}
			if strings.Contains(err.Error(), "SECRET") {
				t.Errorf("the error quotes the text: %v", err)
			}
		})
	}
}

func TestR39_SetPrintsNoPrivateKey(t *testing.T) {
	t.Parallel()
	set := keySets().third
	private := set.Current.private.Signer.(*rsa.PrivateKey)
	checkPrintsNothing(t, set, private.D.String(), private.Primes[0].String(), fmt.Sprintf("%x", private.D))

	set = generateSet(t, config.ES256)
	d, err := set.Current.private.Signer.(*ecdsa.PrivateKey).Bytes()
	if err != nil {
		t.Fatal(err)
	}
	checkPrintsNothing(t, set, new(big.Int).SetBytes(d).String(), fmt.Sprintf("%x", d), fmt.Sprintf("%d", d))

	set = generateSet(t, config.EdDSA)
	seed := set.Current.private.Signer.(ed25519.PrivateKey).Seed()
	checkPrintsNothing(t, set, fmt.Sprintf("%x", seed), strings.Trim(fmt.Sprintf("%d", seed), "[]"),
		base64.StdEncoding.EncodeToString(seed)[:40], strings.Trim(fmt.Sprintf("%#v", seed), "[]byte{}"))
}

func generateSet(t *testing.T, alg string) Set {
	t.Helper()
	set, err := Generate(startTime, alg)
	if err != nil {
		t.Fatal(err)
	}
	return set
}

// checkPrintsNothing prints the set in several ways, and fails the test if the text has one of the secrets.
func checkPrintsNothing(t *testing.T, set Set, secrets ...string) {
	t.Helper()
	var log bytes.Buffer
	slog.New(slog.NewJSONHandler(&log, nil)).Info("set", "set", set, "key", set.Current)
	slog.New(slog.NewTextHandler(&log, nil)).Info("set", "set", set, "key", &set.Current)
	text, err := json.Marshal(set)
	if err != nil {
		t.Fatal(err)
	}
	shown := log.String() + string(text) + fmt.Sprintf("%v %+v %#v %v %+v", set, set, set, &set.Current, set.Current)
	if !strings.Contains(shown, set.Current.ID) {
		t.Fatal("the key was not printed at all")
	}
	for i, secret := range append(secrets, "PRIVATE KEY") {
		if strings.Contains(shown, secret) {
			t.Errorf("the printed set shows a private key for %s (item %d of the argument secrets)", set.Current.Algorithm(), i)
		}
	}
}
