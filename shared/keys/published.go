package keys

import (
	"context"
	"crypto/rsa"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"time"

	"github.com/MicahParks/jwkset"

	"github.com/xenon-auth/xenon/shared/secrets"
)

const (
	staleIfError = 24 * time.Hour // how long keys are trusted while JWKS_URL does not answer
	maxJWKS      = 64 << 10       // bytes; a hundred keys
)

// published is the key set at JWKS_URL as keyfunc reads it. Where keyfunc's own storage refreshes in a goroutine and lets an
// unknown kid wait for minutes, this one fetches inside the request that needs it: first use, older than MaxAge, unknown
// kid; one fetch at a time, and none within secrets.CoolDown of the last, when the answer is given at once. It is, too, for
// a key that is known while another request's fetch is under way: the address may be slow.
type published struct {
	jwkset.Storage // an empty one, for the methods that nobody calls

	url    string
	client *http.Client
	keys   *secrets.Remote[[]jwkset.JWK]
}

func newPublished(url string, now func() time.Time) *published {
	transport, ok := http.DefaultTransport.(*http.Transport)
	if !ok {
		transport = &http.Transport{}
	}
	transport = transport.Clone()
	transport.DisableKeepAlives = true // a connection would be dead before its next use, five minutes later
	p := &published{
		Storage: jwkset.NewMemoryStorage(),
		url:     url,
		client: &http.Client{
			Transport:     transport,
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		},
	}
	p.keys = &secrets.Remote[[]jwkset.JWK]{Name: "JWKS", Fetch: p.fetch, Fresh: MaxAge, Stale: staleIfError, Now: now}
	return p
}

// KeyRead is what keyfunc calls for every token.
func (p *published) KeyRead(ctx context.Context, kid string) (jwkset.JWK, error) {
	key, err := p.find(ctx, kid, p.keys.Held)
	if errors.Is(err, jwkset.ErrKeyNotFound) {
		p.keys.Invalidate()
		key, err = p.find(ctx, kid, p.keys.Get)
	}
	return key, err
}

func (p *published) find(ctx context.Context, kid string, get func(context.Context) ([]jwkset.JWK, error)) (jwkset.JWK, error) {
	keys, err := get(ctx)
	if err != nil {
		return jwkset.JWK{}, fmt.Errorf("%w: %w", ErrUnavailable, err)
	}
	for _, key := range keys {
		if key.Marshal().KID == kid {
			return key, nil
		}
	}
	return jwkset.JWK{}, fmt.Errorf("%w: kid %q", jwkset.ErrKeyNotFound, kid)
}

func (p *published) fetch(ctx context.Context) ([]jwkset.JWK, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, p.url, http.NoBody)
	if err != nil {
		return nil, err
	}
	request.Header.Set("Accept", "application/json")
	response, err := p.client.Do(request)
	if err != nil {
		return nil, err
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("%s answered %s", p.url, response.Status)
	}
	text, err := io.ReadAll(io.LimitReader(response.Body, maxJWKS+1))
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", p.url, err)
	}
	if len(text) > maxJWKS {
		return nil, fmt.Errorf("%s is longer than %d bytes", p.url, maxJWKS)
	}
	return parseJWKS(text)
}

// parseJWKS returns the keys that can verify our tokens and skips all others: another library may publish there too. A set
// without any is an error, so that a page that happens to be JSON does not replace good keys.
func parseJWKS(text []byte) ([]jwkset.JWK, error) {
	var set struct {
		Keys []json.RawMessage `json:"keys"`
	}
	if err := json.Unmarshal(text, &set); err != nil {
		return nil, fmt.Errorf("read JWKS: %w", err)
	}
	var usable []jwkset.JWK
	for _, raw := range set.Keys {
		if key, ok := verificationKey(raw); ok {
			usable = append(usable, key)
		}
	}
	if len(usable) == 0 {
		return nil, errors.New("the JWKS has no RS256 key")
	}
	return usable, nil
}

// verificationKey takes nothing but modulus, exponent and kid of an RSA key of at least MinBits that may verify RS256.
func verificationKey(raw json.RawMessage) (jwkset.JWK, bool) {
	var in jwkset.JWKMarshal
	var use usage
	if json.Unmarshal(raw, &in) != nil || json.Unmarshal(raw, &use) != nil ||
		in.KTY != jwkset.KtyRSA || in.KID == "" || !use.verifies("RS256") {
		return jwkset.JWK{}, false
	}
	bare := jwkset.JWKMarshal{KTY: in.KTY, ALG: jwkset.AlgRS256, KID: in.KID, N: in.N, E: in.E}
	key, err := jwkset.NewJWKFromMarshal(bare, jwkset.JWKMarshalOptions{}, jwkset.JWKValidateOptions{})
	if err != nil {
		return jwkset.JWK{}, false
	}
	public, ok := key.Key().(*rsa.PublicKey)
	return key, ok && public.N.BitLen() >= MinBits
}
