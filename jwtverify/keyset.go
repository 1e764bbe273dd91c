package jwtverify

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"time"

	"github.com/MicahParks/jwkset"

	"github.com/xenon-auth/xenon/shared/jwks"
	"github.com/xenon-auth/xenon/shared/remote"
)

const (
	maxStale = 24 * time.Hour // how long keys are trusted while fetches fail
	maxBytes = 64 << 10       // maximum size of a JWKS, enough for about a hundred keys
)

// keySet implements keyfunc's storage for the JWKS at a URL. docs/adr/0010-own-jwks-storage.md says why it does not use
// keyfunc's storage. KeyRead fetches the JWKS in the request that needs it: at the first use, when the set is older
// than jwks.MaxCacheAge, and for an unknown kid. While it has trusted keys, it fetches at most once in remote.CoolDown.
// While another request fetches, it returns a known key immediately, because the URL may be slow.
type keySet struct {
	jwkset.Storage // an empty storage, for the methods that keyfunc does not call

	url    string
	client *http.Client
	keys   *remote.Value[[]jwkset.JWK]
}

func newKeySet(url string, now func() time.Time) *keySet {
	transport, ok := http.DefaultTransport.(*http.Transport)
	if !ok {
		transport = &http.Transport{}
	}
	transport = transport.Clone()
	transport.DisableKeepAlives = true // the next fetch is minutes later, when the server would have closed the connection
	s := &keySet{
		Storage: jwkset.NewMemoryStorage(),
		url:     url,
		client: &http.Client{
			Transport:     transport,
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		},
	}
	s.keys = &remote.Value[[]jwkset.JWK]{Name: "JWKS", Fetch: s.fetch, Fresh: jwks.MaxCacheAge, Stale: maxStale, Now: now}
	return s
}

// KeyRead returns the key with the id kid. keyfunc calls it before it verifies a signature, and Verify calls it for a
// token in the cache.
func (s *keySet) KeyRead(ctx context.Context, kid string) (jwkset.JWK, error) {
	key, err := s.find(ctx, kid, s.keys.GetAllowStale)
	if errors.Is(err, jwkset.ErrKeyNotFound) {
		s.keys.Invalidate()
		key, err = s.find(ctx, kid, s.keys.Get)
	}
	return key, err
}

func (s *keySet) find(
	ctx context.Context, kid string, get func(context.Context) ([]jwkset.JWK, error),
) (jwkset.JWK, error) {
	keys, err := get(ctx)
	if err != nil {
		return jwkset.JWK{}, fmt.Errorf("%w: %w", ErrUnavailable, err)
	}
	for _, key := range keys {
		if key.Marshal().KID == kid {
			return key, nil
		}
	}
	return jwkset.JWK{}, fmt.Errorf("%w in the JWKS: kid %q", jwkset.ErrKeyNotFound, kid)
}

func (s *keySet) fetch(ctx context.Context) ([]jwkset.JWK, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, s.url, http.NoBody)
	if err != nil {
		return nil, err
	}
	request.Header.Set("Accept", "application/json")
	response, err := s.client.Do(request)
	if err != nil {
		return nil, err
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("%s answered %s", s.url, response.Status)
	}
	text, err := io.ReadAll(io.LimitReader(response.Body, maxBytes+1))
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", s.url, err)
	}
	if len(text) > maxBytes {
		return nil, fmt.Errorf("%s is longer than %d bytes", s.url, maxBytes)
	}
	return jwks.Parse(text)
}
