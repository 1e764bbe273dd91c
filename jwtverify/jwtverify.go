// Package jwtverify verifies the JWTs that Xenon issues, for Go services that accept them as bearer tokens.
//
//	verifier, err := jwtverify.New(jwtverify.Options{
//		JWKSURL:  "https://learn.example.com/api/auth/jwks",
//		Issuer:   "https://learn.example.com",
//		Audience: "https://learn.example.com",
//	})
//	...
//	claims, err := verifier.Verify(r.Context(), token)
//	switch {
//	case errors.Is(err, jwtverify.ErrInvalidToken): // answer 401
//	case err != nil: // answer 503
//	}
//
// A Verifier accepts RS256, ES256 and EdDSA, each only with a key of its own type: RSA, P-256 or Ed25519. So it accepts
// the tokens of every setting of JWT_ALG, also while a deployment changes it. It requires the claims iss, aud, exp, iat
// and sub. It takes keys from the JWKS URL alone and ignores keys and URLs in a token's header. It allows no clock
// difference for exp and nbf; iat may be a minute ahead of the local clock.
//
// It fetches the keys inside a call of Verify and starts no goroutine, so it works in a process that is frozen between
// requests, as on AWS Lambda. It fetches when it first needs a key, then when the keys are five minutes old or a token
// has an unknown key id, but at most every ten seconds. While the URL does not answer with keys, it uses the last ones
// for 24 hours and logs a warning with log/slog.
//
// A token stays valid until it expires, even after its session ended. docs/verify-tokens.md shows how a service with
// access to the database checks the session too.
package jwtverify

import (
	"context"
	"crypto/ed25519"
	"crypto/sha256"
	"errors"
	"fmt"
	"net/url"
	"strings"
	"time"

	"github.com/MicahParks/jwkset"
	"github.com/MicahParks/keyfunc/v3"
	"github.com/golang-jwt/jwt/v5"

	"github.com/xenon-auth/xenon/shared/cache"
	"github.com/xenon-auth/xenon/shared/jwks"
)

const (
	maxAhead    = time.Minute // how far iat may be ahead of the local clock
	maxVerified = 4096        // accepted tokens in the cache of a Verifier; each stays for jwks.MaxCacheAge at most
)

// Options describes the tokens that a Verifier accepts.
type Options struct {
	JWKSURL  string // required: the URL of the issuer's public keys, http or https
	Issuer   string // required: what iss must be, the setting JWT_ISSUER of the Xenon deployment
	Audience string // required: what aud must be or contain, the setting JWT_AUDIENCE of the deployment

	Now func() time.Time // the clock; nil: time.Now
}

// Verifier verifies tokens of one issuer for one audience. It is safe for concurrent use. Use one per process, because
// it caches the keys (see the package comment) and the claims of accepted tokens, for at most five minutes. It verifies
// the signature of a cached token again only if the key has changed.
type Verifier struct {
	issuer   string
	audience string
	now      func() time.Time
	keySet   *keySet
	keyfunc  keyfunc.Keyfunc
	parser   *jwt.Parser
	verified *cache.Cache[[sha256.Size]byte, verifiedToken] // by the digest of the token
}

// verifiedToken has the claims of an accepted token, and the key that verified its signature.
type verifiedToken struct {
	claims Claims
	keyID  string
	key    any
}

// New returns a Verifier. It makes no request; the first call of Verify fetches the keys. If an option is missing or
// wrong, the error names it.
func New(o Options) (*Verifier, error) {
	if err := o.check(); err != nil {
		return nil, err
	}
	if o.Now == nil {
		o.Now = time.Now //nolint:forbidigo // the default for services outside this repository
	}
	set := newKeySet(o.JWKSURL, o.Now)
	keys, err := keyfunc.New(keyfunc.Options{Storage: set})
	if err != nil {
		return nil, fmt.Errorf("jwtverify: %w", err)
	}
	return &Verifier{
		issuer:   o.Issuer,
		audience: o.Audience,
		now:      o.Now,
		keySet:   set,
		keyfunc:  keys,
		verified: cache.New[[sha256.Size]byte, verifiedToken](maxVerified),
		parser: jwt.NewParser(
			jwt.WithValidMethods(jwks.Algorithms),
			jwt.WithIssuer(o.Issuer),
			jwt.WithAudience(o.Audience),
			jwt.WithExpirationRequired(),
			jwt.WithStrictDecoding(),
			jwt.WithTimeFunc(o.Now),
		),
	}, nil
}

// MustNew is like New, but panics if an option is missing or wrong.
func MustNew(o Options) *Verifier {
	v, err := New(o)
	if err != nil {
		panic(err)
	}
	return v
}

func (o Options) check() error {
	if u, err := url.Parse(o.JWKSURL); err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" {
		return fmt.Errorf("jwtverify: Options.JWKSURL %q is not an http or https URL", o.JWKSURL)
	}
	if o.Issuer == "" {
		return errors.New("jwtverify: Options.Issuer is empty")
	}
	if o.Audience == "" {
		return errors.New("jwtverify: Options.Audience is empty")
	}
	return nil
}

// Verify returns the claims of a token that is valid now. The token has no prefix "Bearer ". The error wraps
// ErrInvalidToken or ErrUnavailable.
func (v *Verifier) Verify(ctx context.Context, token string) (Claims, error) {
	if strings.ContainsAny(token, "\r\n") { // Go's base64 decoder ignores them, so a token would have several texts
		return Claims{}, fmt.Errorf("%w: it has a line break", ErrInvalidToken)
	}
	now, digest := v.now(), sha256.Sum256([]byte(token))
	if known, ok := v.verified.Get(digest, now); ok {
		if key, err := v.keySet.KeyRead(ctx, known.keyID); err == nil && isSameKey(key.Key(), known.key) {
			return known.claims.withToken(token), nil
		}
	}
	good, err := v.parse(ctx, token, now)
	if err != nil {
		return Claims{}, err
	}
	until := now.Add(jwks.MaxCacheAge) // by then the keys were fetched again, and a cached entry refers to an old key
	if good.claims.ExpiresAt.Before(until) {
		until = good.claims.ExpiresAt
	}
	v.verified.Add(digest, good, now, until)
	return good.claims.withToken(token), nil
}

// isSameKey reports whether two keys are the same. RSA and P-256 keys are pointers, which differ after the keys were
// fetched again.
func isSameKey(a, b any) bool {
	if key, ok := a.(ed25519.PublicKey); ok { // a slice, which == cannot compare
		return key.Equal(b)
	}
	return a == b
}

func (v *Verifier) parse(ctx context.Context, token string, now time.Time) (verifiedToken, error) {
	var claims tokenClaims
	var good verifiedToken
	_, err := v.parser.ParseWithClaims(token, &claims, func(t *jwt.Token) (any, error) {
		if err := checkHeader(t.Header); err != nil {
			return nil, err
		}
		key, err := v.keyfunc.KeyfuncCtx(ctx)(t)
		good.key = key
		good.keyID, _ = t.Header[jwkset.HeaderKID].(string) // checkHeader made sure that it is a string
		return key, err
	})
	if err == nil {
		err = claims.check(now)
	}
	switch {
	case errors.Is(err, ErrUnavailable):
		return verifiedToken{}, err
	case err != nil:
		return verifiedToken{}, fmt.Errorf("%w: %w", ErrInvalidToken, v.explain(err, claims))
	}
	good.claims = Claims{UserID: claims.Subject, SessionID: claims.SessionID, ExpiresAt: claims.ExpiresAt.Time}
	return good, nil
}

// explain adds the value in the token and the value of the option to the error that a wrong option causes.
func (v *Verifier) explain(err error, got tokenClaims) error {
	switch {
	case errors.Is(err, jwt.ErrTokenInvalidIssuer):
		return fmt.Errorf("%w: iss is %q, Options.Issuer is %q", err, got.Issuer, v.issuer)
	case errors.Is(err, jwt.ErrTokenInvalidAudience):
		return fmt.Errorf("%w: aud is %q, Options.Audience is %q", err, got.Audience, v.audience)
	}
	return err
}

// checkHeader rejects a token with a typ other than JWT (RFC 8725, section 3.11), with critical extensions (RFC 7515,
// section 4.1.11), because this package implements none, or without a kid. It ignores jku, jwk, x5u and x5c, which
// contain a key or its URL: only kid selects a key, and only from the JWKS.
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
