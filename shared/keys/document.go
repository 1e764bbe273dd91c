package keys

import (
	"bytes"
	"crypto"
	"crypto/rsa"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/xenon-auth/xenon/shared/config"
	"github.com/xenon-auth/xenon/shared/jwks"
)

// The version of a document tells an older version of Xenon that it cannot read the document: versions before JWT_ALG
// read only rsaOnlyDocumentVersion. A set with only RSA keys is written as rsaOnlyDocumentVersion, so
// that those versions can still read it.
const (
	rsaOnlyDocumentVersion = 1
	newestDocumentVersion  = 2
)

// document is a key set as JSON. Keys are PEM, which openssl reads.
type document struct {
	Version int                  `json:"version"`
	Next    *documentKeyPair     `json:"next"`
	Current *documentKeyPair     `json:"current"`
	Retired []documentRetiredKey `json:"retired"`
}

type documentKeyPair struct {
	ID         string    `json:"kid"`
	CreatedAt  time.Time `json:"createdAt"`
	PrivateKey string    `json:"privateKey"` // PKCS #8 in PEM
}

type documentRetiredKey struct {
	ID             string    `json:"kid"`
	RetiredAt      time.Time `json:"retiredAt"`
	PublishedUntil time.Time `json:"publishedUntil"`
	PublicKey      string    `json:"publicKey"` // PKIX in PEM
}

// errNoKeys is the error of a deployment that has no keys yet. Requests never generate keys.
var errNoKeys = errors.New(
	"the key set has no signing key: generate one with xenon keys rotate (make dev generates one for local development)")

// Document returns the set with its private keys, as the JSON that is stored in Secrets Manager or in a file.
func (s Set) Document() ([]byte, error) {
	d := document{Version: s.documentVersion(), Retired: []documentRetiredKey{}}
	for _, k := range []struct {
		key  Key
		into **documentKeyPair
	}{{s.Next, &d.Next}, {s.Current, &d.Current}} {
		der, err := x509.MarshalPKCS8PrivateKey(k.key.private.Signer)
		if err != nil {
			return nil, fmt.Errorf("encode key %s: %w", k.key.ID, err)
		}
		*k.into = &documentKeyPair{ID: k.key.ID, CreatedAt: k.key.CreatedAt, PrivateKey: encodePEM("PRIVATE KEY", der)}
	}
	for _, k := range s.Retired {
		der, err := x509.MarshalPKIXPublicKey(k.public)
		if err != nil {
			return nil, fmt.Errorf("encode key %s: %w", k.ID, err)
		}
		d.Retired = append(d.Retired, documentRetiredKey{k.ID, k.RetiredAt, k.PublishedUntil, encodePEM("PUBLIC KEY", der)})
	}
	text, err := json.MarshalIndent(d, "", "  ")
	if err != nil {
		return nil, fmt.Errorf("encode key set: %w", err)
	}
	return append(text, '\n'), nil
}

func (s Set) documentVersion() int {
	algorithms := []string{s.Next.Algorithm(), s.Current.Algorithm()}
	for _, k := range s.Retired {
		algorithms = append(algorithms, k.Algorithm())
	}
	if slices.ContainsFunc(algorithms, func(alg string) bool { return alg != config.RS256 }) {
		return newestDocumentVersion
	}
	return rsaOnlyDocumentVersion
}

// ParseSet reads the JSON that Document writes. It returns an error for an RSA key shorter than MinRSABits, for a key
// that is not RSA, P-256 or Ed25519, for a kid that is not the key's thumbprint, and for duplicate keys. Its errors do
// not quote the text, because the text is secret.
func ParseSet(text []byte) (Set, error) {
	if len(bytes.TrimSpace(text)) == 0 {
		return Set{}, errNoKeys
	}
	var d document
	if json.Unmarshal(text, &d) != nil {
		return Set{}, errors.New("the key set is not a document that xenon keys rotate wrote")
	}
	switch {
	case d.Version == 0 && d.Next == nil && d.Current == nil: // the content of a new secret
		return Set{}, errNoKeys
	case d.Version < rsaOnlyDocumentVersion || d.Version > newestDocumentVersion:
		return Set{}, fmt.Errorf("the key set has version %d, this program reads up to %d", d.Version, newestDocumentVersion)
	case d.Next == nil || d.Current == nil:
		return Set{}, errors.New("the key set has no next or no current key: restore the previous version of the secret")
	}
	var s Set
	var err error
	if s.Next, err = d.Next.parse(); err != nil {
		return Set{}, fmt.Errorf("key set, next: %w", err)
	}
	if s.Current, err = d.Current.parse(); err != nil {
		return Set{}, fmt.Errorf("key set, current: %w", err)
	}
	for i, r := range d.Retired {
		key, err := r.parse()
		if err != nil {
			return Set{}, fmt.Errorf("key set, retired key %d: %w", i+1, err)
		}
		s.Retired = append(s.Retired, key)
	}
	return s, s.checkKeysUnique()
}

func (s Set) checkKeysUnique() error {
	seen := map[string]bool{s.Next.ID: true}
	ids := []string{s.Current.ID}
	for _, k := range s.Retired {
		ids = append(ids, k.ID)
	}
	for _, id := range ids {
		if seen[id] {
			return fmt.Errorf("the key set contains the key %s twice", id)
		}
		seen[id] = true
	}
	return nil
}

func (d *documentKeyPair) parse() (Key, error) {
	der, err := decodePEM("PRIVATE KEY", d.PrivateKey)
	if err != nil {
		return Key{}, err
	}
	parsed, err := x509.ParsePKCS8PrivateKey(der)
	private, ok := parsed.(crypto.Signer)
	if err != nil || !ok || jwks.Algorithm(private.Public()) == "" {
		return Key{}, errors.New("the private key is not RSA, P-256 or Ed25519 in PKCS #8")
	}
	return newKey(private, d.CreatedAt), checkPublicKey(private.Public(), d.ID)
}

func (d *documentRetiredKey) parse() (RetiredKey, error) {
	der, err := decodePEM("PUBLIC KEY", d.PublicKey)
	if err != nil {
		return RetiredKey{}, err
	}
	public, err := x509.ParsePKIXPublicKey(der)
	if err != nil || jwks.Algorithm(public) == "" {
		return RetiredKey{}, errors.New("the public key is not RSA, P-256 or Ed25519 in PKIX")
	}
	return RetiredKey{d.ID, d.RetiredAt, d.PublishedUntil, public}, checkPublicKey(public, d.ID)
}

func checkPublicKey(public crypto.PublicKey, id string) error {
	if key, ok := public.(*rsa.PublicKey); ok && key.N.BitLen() < MinRSABits {
		return fmt.Errorf("the RSA key has %d bits, the minimum is %d", key.N.BitLen(), MinRSABits)
	}
	if want := thumbprint(public); id != want {
		return fmt.Errorf("kid is not the key's thumbprint %s", want)
	}
	return nil
}

func encodePEM(kind string, der []byte) string {
	return string(pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}))
}

func decodePEM(kind, text string) ([]byte, error) {
	block, rest := pem.Decode([]byte(text))
	if block == nil || block.Type != kind || len(bytes.TrimSpace(rest)) > 0 {
		return nil, fmt.Errorf("the text is not exactly one PEM block of type %q", kind)
	}
	return block.Bytes, nil
}
