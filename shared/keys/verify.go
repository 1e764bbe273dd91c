package keys

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/MicahParks/jwkset"
	"github.com/MicahParks/keyfunc/v3"
	"github.com/golang-jwt/jwt/v5"

	"github.com/xenon-auth/xenon/shared/config"
)

// ErrInvalidToken means that the token is not to be trusted, for whatever reason: 401. What it wraps is for the log.
var ErrInvalidToken = errors.New("invalid token")

// ErrUnavailable means that the public keys were never had, so that nothing can be said about the token: 503. It has the
// method Unavailable() bool.
var ErrUnavailable error = unavailable{}

type unavailable struct{}

func (unavailable) Error() string     { return "the public keys are unavailable" }
func (unavailable) Unavailable() bool { return true }

// maxAhead is how far the issuer's clock may be ahead of ours. There is no leeway the other way: exp and nbf are exact.
const maxAhead = time.Minute

// Identity is who a token speaks of.
type Identity struct {
	UserID    string
	SessionID string // empty in tokens of the TypeScript server
}

// Verifier trusts RS256 tokens of one issuer for one audience, by the public keys at JWKS_URL. It is safe for concurrent
// use; make one per process. With warm keys it calls nobody.
type Verifier struct {
	now    func() time.Time
	keys   keyfunc.Keyfunc
	parser *jwt.Parser
}

// NewVerifier fetches nothing; the first token does. now is the clock.
func NewVerifier(cfg config.Config, now func() time.Time) *Verifier {
	keys, _ := keyfunc.New(keyfunc.Options{Storage: newPublished(cfg.JWKSURL, now)}) // fails without a storage only
	return &Verifier{
		now:  now,
		keys: keys,
		parser: jwt.NewParser(
			jwt.WithValidMethods([]string{jwt.SigningMethodRS256.Alg()}),
			jwt.WithIssuer(cfg.JWTIssuer),
			jwt.WithAudience(cfg.JWTAudience),
			jwt.WithExpirationRequired(),
			jwt.WithStrictDecoding(),
			jwt.WithTimeFunc(now),
		),
	}
}

type tokenClaims struct {
	jwt.RegisteredClaims
	SessionID string `json:"sid"`
}

// Verify returns whom the token names, or ErrInvalidToken, or ErrUnavailable.
func (v *Verifier) Verify(ctx context.Context, token string) (Identity, error) {
	if strings.ContainsAny(token, "\r\n") { // Go's base64 skips them, so that one token would have many spellings
		return Identity{}, fmt.Errorf("%w: line break", ErrInvalidToken)
	}
	var claims tokenClaims
	_, err := v.parser.ParseWithClaims(token, &claims, func(t *jwt.Token) (any, error) {
		if err := checkHeader(t.Header); err != nil {
			return nil, err
		}
		return v.keys.KeyfuncCtx(ctx)(t)
	})
	switch {
	case errors.Is(err, ErrUnavailable):
		return Identity{}, err
	case err != nil:
		return Identity{}, fmt.Errorf("%w: %w", ErrInvalidToken, err)
	case claims.Subject == "":
		return Identity{}, fmt.Errorf("%w: no sub", ErrInvalidToken)
	case claims.IssuedAt == nil || claims.IssuedAt.After(v.now().Add(maxAhead)):
		return Identity{}, fmt.Errorf("%w: iat is missing or in the future", ErrInvalidToken)
	}
	return Identity{UserID: claims.Subject, SessionID: claims.SessionID}, nil
}

// checkHeader refuses what another kind of token says of itself (RFC 8725 §3.11) and extensions nobody here understands
// (RFC 7515 §4.1.11). Hints where to get a key from, jku, jwk, x5u and x5c, are not looked at: the kid picks one of ours.
func checkHeader(h map[string]any) error {
	if _, ok := h["crit"]; ok {
		return errors.New("crit in the header")
	}
	if typ, ok := h["typ"]; ok {
		if s, ok := typ.(string); !ok || !strings.EqualFold(s, "JWT") {
			return fmt.Errorf("typ %q in the header", fmt.Sprint(typ))
		}
	}
	if kid, ok := h[jwkset.HeaderKID].(string); !ok || kid == "" {
		return errors.New("no kid in the header")
	}
	return nil
}
