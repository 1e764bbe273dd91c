package auth

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"regexp"
	"strings"
	"sync"

	"github.com/MicahParks/jwkset"
	"github.com/golang-jwt/jwt/v5"

	"github.com/xenon-auth/xenon/shared/jwks"
	"github.com/xenon-auth/xenon/shared/session"
	"github.com/xenon-auth/xenon/shared/store"
	"github.com/xenon-auth/xenon/shared/web"
)

// The maximum lengths of the tokens of a request, in characters. The struct tags in decodeSupabaseTokens repeat them.
const (
	maxRefreshTokenLength = 64
	maxAccessTokenLength  = 8192
)

// supabaseTokens are the tokens of Supabase that a client has sent. At least one of them is not empty, unless they come
// from cookies that cannot be read.
type supabaseTokens struct {
	refresh, access string
	cookies         []string // names of the cookies of Supabase in the request
}

// form returns the form of the tokens for the audit log.
func (t supabaseTokens) form() string {
	switch {
	case len(t.refresh) == 12:
		return "v1"
	case t.refresh != "":
		return "v2"
	case t.access != "":
		return "access"
	}
	return ""
}

// decodeSupabaseTokens returns the tokens in the body or, if it has none, in the cookies of the project. Like
// sign-in/email it checks the origin.
func (s *Service) decodeSupabaseTokens(r *http.Request) (t supabaseTokens, err error) {
	var in struct {
		RefreshToken *string `json:"refreshToken" check:"max=64"`
		AccessToken  *string `json:"accessToken"  check:"max=8192"`
	}
	if err := web.Decode(r, &in); err != nil {
		return t, err
	}
	if err := s.Origins.CheckOriginOfLogin(r); err != nil {
		return t, err
	}
	stored := ""
	if ref := s.Options.SupabaseBridge.Ref; ref != "" {
		t.cookies, stored = session.SupabaseCookies(r, ref)
	}
	t.refresh, t.access = web.OrEmpty(in.RefreshToken), web.OrEmpty(in.AccessToken)
	switch {
	case t.refresh != "" || t.access != "":
	case len(t.cookies) == 0:
		return t, web.ValidationError("[body] Invalid input: expected refreshToken or accessToken")
	default:
		t.refresh, t.access = parseStoredTokens(stored)
	}
	return t, nil
}

// parseStoredTokens returns the tokens in the value in which a client of Supabase stores its session: JSON, or
// base64url of JSON after "base64-". The JSON is an object or, from older clients, a list. It returns "" for a token
// that is not there or too long.
func parseStoredTokens(value string) (refresh, access string) {
	if encoded, ok := strings.CutPrefix(value, "base64-"); ok {
		raw, err := base64.RawURLEncoding.DecodeString(strings.TrimRight(encoded, "="))
		if err != nil {
			return "", ""
		}
		value = string(raw)
	}
	var stored any
	if json.Unmarshal([]byte(value), &stored) != nil {
		return "", ""
	}
	var first, second any
	switch v := stored.(type) {
	case map[string]any:
		first, second = v["access_token"], v["refresh_token"]
	case []any:
		if len(v) >= 2 {
			first, second = v[0], v[1]
		}
	}
	access, _ = first.(string)
	refresh, _ = second.(string)
	if len(access) > maxAccessTokenLength {
		access = ""
	}
	if len(refresh) > maxRefreshTokenLength {
		refresh = ""
	}
	return refresh, access
}

// supabaseProof is what a valid access token proves. The zero value proves nothing.
type supabaseProof struct {
	sessionID, userID string // UUIDs
	aal2              bool
}

var uuidPattern = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$`)
})

// parseSupabaseAccessToken returns what an access token of the Supabase project proves: nothing if it is not valid. The
// API keys of a project, and tokens that an application signs with the project's secret, have a valid signature. So the
// caller must check that the import has copied the session, for this user. The times are checked without tolerance.
func (s *Service) parseSupabaseAccessToken(
	ctx context.Context, db *store.Store, text string,
) (proof supabaseProof, err error) {
	if text == "" {
		return proof, nil
	}
	secret, err := s.SupabaseJWTSecret(ctx)
	if err != nil {
		return proof, fmt.Errorf("read secret of the Supabase project: %w", err)
	}
	imported, err := s.supabaseImport(ctx, db)
	if err != nil || imported == nil {
		return proof, err
	}
	parser := jwt.NewParser(jwt.WithValidMethods([]string{"HS256", "ES256", "RS256"}), jwt.WithTimeFunc(s.Now),
		jwt.WithExpirationRequired(), jwt.WithAudience("authenticated"))
	members := jwt.MapClaims{}
	_, err = parser.ParseWithClaims(text, members, func(t *jwt.Token) (any, error) {
		return supabaseKey(t, secret, imported.keys)
	})
	if err != nil || members["client_id"] != nil { // a session of another application, which has signed in by OAuth
		return proof, nil //nolint:nilerr // an invalid token proves nothing
	}
	sessionID, _ := members["session_id"].(string)
	userID, _ := members["sub"].(string)
	if !uuidPattern().MatchString(sessionID) || !uuidPattern().MatchString(userID) {
		return proof, nil
	}
	return supabaseProof{sessionID, userID, members["aal"] == "aal2"}, nil
}

// supabaseKey returns the key that must have signed an access token: for HS256 the secret of the project, which is used
// as text, and for the other algorithms the public key with the token's kid, if it is for this algorithm.
func supabaseKey(t *jwt.Token, secret []byte, keys []jwkset.JWK) (any, error) {
	alg := t.Method.Alg()
	switch {
	case t.Header["crit"] != nil:
		return nil, errors.New("the token has a critical header")
	case alg == "HS256" && len(secret) > 0:
		return secret, nil
	case alg == "HS256":
		return nil, errors.New("there is no SUPABASE_JWT_SECRET")
	}
	for _, key := range keys {
		if kid, _ := t.Header["kid"].(string); key.Marshal().KID == kid && jwks.Algorithm(key.Key()) == alg {
			return key.Key(), nil
		}
	}
	return nil, errors.New("the token has no key of the project")
}
