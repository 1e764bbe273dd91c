package keys

import (
	"context"
	"crypto/sha256"
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
// use; make one per process. With warm keys it calls nobody. A page sends the same token with every request, and its
// signature is computed once: as long as its key is the one that is published, and its time is not over, the answer stays.
type Verifier struct {
	now       func() time.Time
	published *published
	keys      keyfunc.Keyfunc
	parser    *jwt.Parser
	verified  cache[[sha256.Size]byte, verified]
}

// maxVerified is how many tokens a Verifier remembers, by their digests, for MaxAge at most.
const maxVerified = 4096

// verified is what a good token said, and the key that said so.
type verified struct {
	identity Identity
	keyID    string
	key      any
}

// NewVerifier fetches nothing; the first token does. now is the clock.
func NewVerifier(cfg config.Config, now func() time.Time) *Verifier {
	published := newPublished(cfg.JWKSURL, now)
	keys, _ := keyfunc.New(keyfunc.Options{Storage: published}) // fails without a storage only
	return &Verifier{
		now:       now,
		published: published,
		keys:      keys,
		verified:  cache[[sha256.Size]byte, verified]{size: maxVerified},
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
	now, digest := v.now(), sha256.Sum256([]byte(token))
	if known, ok := v.verified.find(digest, now); ok {
		if key, err := v.published.KeyRead(ctx, known.keyID); err == nil && key.Key() == known.key {
			return known.identity, nil
		}
	}
	var claims tokenClaims
	var good verified
	_, err := v.parser.ParseWithClaims(token, &claims, func(t *jwt.Token) (any, error) {
		if err := checkHeader(t.Header); err != nil {
			return nil, err
		}
		key, err := v.keys.KeyfuncCtx(ctx)(t)
		good.key = key
		good.keyID, _ = t.Header[jwkset.HeaderKID].(string) // checkHeader has seen that it is one
		return key, err
	})
	switch {
	case errors.Is(err, ErrUnavailable):
		return Identity{}, err
	case err != nil:
		return Identity{}, fmt.Errorf("%w: %w", ErrInvalidToken, err)
	case claims.Subject == "":
		return Identity{}, fmt.Errorf("%w: no sub", ErrInvalidToken)
	case claims.IssuedAt == nil || claims.IssuedAt.After(now.Add(maxAhead)):
		return Identity{}, fmt.Errorf("%w: iat is missing or in the future", ErrInvalidToken)
	}
	good.identity = Identity{UserID: claims.Subject, SessionID: claims.SessionID}
	v.verified.keep(digest, good, now, earlier(claims.ExpiresAt.Time, now.Add(MaxAge))) // keys fetched anew are others
	return good.identity, nil
}

func earlier(a, b time.Time) time.Time {
	if a.Before(b) {
		return a
	}
	return b
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
