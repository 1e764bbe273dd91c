package sessions

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"
	"time"

	"github.com/MicahParks/jwkset"

	"github.com/xenon-auth/xenon/shared/jwks"
)

const (
	publicKeysTimeout  = 10 * time.Second
	maxPublicKeysBytes = 64 << 10
)

// ReadPublicKeys returns a function that reads the public keys of a project once: a JWKS in a file or at a URL, such as
// https://<project>.supabase.co/auth/v1/.well-known/jwks.json. The result has only the public members of keys that can
// verify access tokens. If from is "", the result is nil.
func ReadPublicKeys(from string) func(context.Context) ([]byte, error) {
	var keys []byte
	return func(ctx context.Context) ([]byte, error) {
		if from == "" || keys != nil {
			return keys, nil
		}
		text, err := readDocument(ctx, from)
		if err != nil {
			return nil, err
		}
		keys, err = publicMembers(text)
		return keys, err
	}
}

func readDocument(ctx context.Context, from string) ([]byte, error) {
	if !strings.HasPrefix(from, "https://") && !strings.HasPrefix(from, "http://") {
		text, err := os.ReadFile(from) //nolint:gosec // the operator names the file
		if err != nil {
			return nil, err
		}
		return text[:min(len(text), maxPublicKeysBytes)], nil
	}
	ctx, cancel := context.WithTimeout(ctx, publicKeysTimeout)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, from, http.NoBody)
	if err != nil {
		return nil, errors.New("the URL is invalid")
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return nil, err
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("the server answered %s", response.Status)
	}
	return io.ReadAll(io.LimitReader(response.Body, maxPublicKeysBytes))
}

// publicMembers returns the JWKS with the keys that can verify access tokens. A project that signs with its JWT secret
// has none.
func publicMembers(text []byte) ([]byte, error) {
	keys, err := jwks.Parse(text)
	if err != nil {
		return nil, fmt.Errorf("%w; a project that signs with its JWT secret has no public keys, and needs no JWKS", err)
	}
	set := struct {
		Keys []jwkset.JWKMarshal `json:"keys"`
	}{}
	for _, key := range keys {
		set.Keys = append(set.Keys, key.Marshal())
	}
	return json.Marshal(set)
}
