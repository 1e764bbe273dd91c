package oauth

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
)

// clockTolerance is the allowed difference between the clocks of the provider and Xenon.
const clockTolerance = 30 * time.Second

// idTokenRules say which id tokens of a provider are valid.
type idTokenRules struct {
	jwks       string
	issuers    []string      // if empty, the function allows checks the issuer
	algorithms []string      // if empty, only RS256
	maxAge     time.Duration // since iat; 0: without limit

	needsKeyID  bool // a token without a key id is invalid
	hashedNonce bool // the claim may be the SHA-256 of the nonce, in hexadecimal
	signIn      bool // clients may sign in with an id token

	allows func(p *Provider, claims object, from tokenSource) bool // more rules of the provider; may be nil
}

// tokenSource is where an id token comes from.
type tokenSource int

const (
	fromProvider tokenSource = iota // the token endpoint, over TLS
	fromClient                      // the body of a request
)

// verifyIDToken checks an id token and returns its claims. The argument nonce is "" if the authorization URL had none.
func (p *Provider) verifyIDToken(ctx context.Context, token, nonce string, from tokenSource) (object, error) {
	if p.keys == nil {
		return nil, errors.New("the provider has no keys")
	}
	var algorithms []string
	for _, a := range p.keys.algorithms {
		algorithms = append(algorithms, string(a))
	}
	// checkClaims replaces the checks of go-oidc, which support only one audience and no tolerance for exp.
	verified, err := oidc.NewVerifier("", p.keys, &oidc.Config{
		SupportedSigningAlgs: algorithms, SkipClientIDCheck: true, SkipExpiryCheck: true, SkipIssuerCheck: true,
	}).Verify(ctx, token)
	if err != nil {
		return nil, fmt.Errorf("verify the id token: %w", err)
	}
	var payload json.RawMessage
	if err := verified.Claims(&payload); err != nil {
		return nil, fmt.Errorf("read the claims: %w", err)
	}
	claims, err := parseObject(payload)
	if err != nil {
		return nil, err
	}
	return claims, p.checkClaims(claims, nonce, from)
}

// checkClaims checks the issuer, audience, subject, nonce and times of the token, and the provider's own rules. It
// reads the claims by their exact names; oidc.IDToken does not, because package json ignores the case of names.
func (p *Provider) checkClaims(claims object, nonce string, from tokenSource) error {
	issuer := claims.text("iss")
	switch {
	case issuer == "" || len(p.idToken.issuers) > 0 && !slices.Contains(p.idToken.issuers, issuer):
		return errors.New("the id token is of another issuer")
	case !slices.ContainsFunc(p.ClientIDs, claims.hasAudience):
		return errors.New("the id token is for another client")
	case strings.TrimSpace(claims.text("sub")) == "":
		return errors.New("the id token has no subject")
	case nonce != "" && !p.idToken.matchesNonce(claims.text("nonce"), nonce):
		return errors.New("the id token has another nonce")
	case p.idToken.allows != nil && !p.idToken.allows(p, claims, from):
		return errors.New("the settings of the provider do not allow this id token")
	}
	return p.checkTimes(claims)
}

// hasAudience reports whether the client is an audience of the token with these claims.
func (o object) hasAudience(client string) bool {
	return o.text("aud") == client || o.contains("aud", client)
}

// checkTimes checks that the token is valid now and not too old.
func (p *Provider) checkTimes(claims object) error {
	now := p.providers.now()
	expires, hasExpiry := claims.time("exp")
	issued, hasIssue := claims.time("iat")
	notBefore, hasNotBefore := claims.time("nbf")
	switch {
	case !hasExpiry || !hasIssue || !hasNotBefore && claims["nbf"] != nil:
		return errors.New("the id token lacks one of exp and iat, or a time is not a number")
	case !now.Add(-clockTolerance).Before(expires):
		return errors.New("the id token has expired")
	case notBefore.After(now.Add(clockTolerance)) || issued.After(now.Add(clockTolerance)):
		return errors.New("the id token is not valid yet")
	case p.idToken.maxAge > 0 && now.Sub(issued) > p.idToken.maxAge+clockTolerance:
		return errors.New("the id token is too old")
	}
	return nil
}

// time returns a number of seconds as a time, or false if the member is not a number.
func (o object) time(name string) (time.Time, bool) {
	number, ok := o[name].(json.Number)
	if !ok {
		return time.Time{}, false
	}
	seconds, err := number.Float64()
	return time.Unix(int64(seconds), 0), err == nil
}

// matchesNonce reports whether the claim nonce is the nonce of the request.
func (r *idTokenRules) matchesNonce(claim, nonce string) bool {
	if r.hashedNonce {
		sum := sha256.Sum256([]byte(nonce))
		if claim == hex.EncodeToString(sum[:]) {
			return true
		}
	}
	return claim == nonce
}

// isJWT reports whether a token has the form of a JWT.
func isJWT(token string) bool { return strings.Count(token, ".") == 2 }

// claimsOfStoredToken returns the claims of an id token that was verified when it was stored. It may have expired
// since.
func claimsOfStoredToken(token string) (object, error) {
	parts := strings.Split(token, ".")
	if len(parts) != 3 {
		return nil, errors.New("the stored id token is not a JWT")
	}
	payload, err := base64.RawURLEncoding.DecodeString(parts[1])
	if err != nil {
		return nil, errors.New("the stored id token is not a JWT")
	}
	return parseObject(payload)
}

// allowsHostedDomain checks the Google Workspace domain, if GOOGLE_HD is set. The value * allows every such domain.
func allowsHostedDomain(p *Provider, claims object, _ tokenSource) bool {
	domain := claims.text("hd")
	return p.HostedDomain == "" || domain != "" && (p.HostedDomain == "*" || p.HostedDomain == domain)
}
