package auth

import (
	"net/http"
	"slices"

	"github.com/xenon-auth/xenon/shared/keys"
	"github.com/xenon-auth/xenon/shared/store"
	"github.com/xenon-auth/xenon/shared/web"
)

// providerMetadata is the metadata of OpenID Connect Discovery 1.0, section 3, with which verifiers find the keys.
// Xenon has no authorization endpoint and no token endpoint, so it publishes only the members that a verifier needs.
// Kubernetes publishes the same ones for the tokens of its service accounts.
type providerMetadata struct {
	Issuer        string   `json:"issuer"`
	JWKSURI       string   `json:"jwks_uri"`
	ResponseTypes []string `json:"response_types_supported"`
	SubjectTypes  []string `json:"subject_types_supported"`
	Algorithms    []string `json:"id_token_signing_alg_values_supported"`
}

// openIDConfiguration answers GET and HEAD /.well-known/openid-configuration. The algorithms are those of the published
// keys, so a new algorithm is in the list before the first token is signed with it.
func (s *Service) openIDConfiguration(w http.ResponseWriter, r *http.Request, db *store.Store) error {
	published, caching, err := s.publishedKeys(r.Context(), db)
	if err != nil {
		return err
	}
	w.Header().Set("Cache-Control", caching)
	return web.WriteJSON(w, http.StatusOK, providerMetadata{
		Issuer:        s.Options.JWTIssuer,
		JWKSURI:       s.Options.Origin + web.KeySetPath,
		ResponseTypes: []string{"id_token"},
		SubjectTypes:  []string{"public"},
		Algorithms:    algorithmsOf(published),
	})
}

// algorithmsOf returns the algorithms of the keys, each once.
func algorithmsOf(published []keys.JWK) []string {
	var all []string
	for _, key := range published {
		if key.Algorithm != "" && !slices.Contains(all, key.Algorithm) {
			all = append(all, key.Algorithm)
		}
	}
	return all
}
