package providertest

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"

	"github.com/golang-jwt/jwt/v5"
)

// The ids of the team and of the key at Apple that belong to ApplePrivateKey.
const (
	AppleTeam  = "TEAM000001"
	AppleKeyID = "KEY0000001"
)

// ClientID returns the id of the client that is registered at a provider.
func ClientID(provider string) string { return provider + "-client" }

// ClientSecret returns the secret of the client that is registered at a provider. Some of its characters must be
// escaped in form bodies and in HTTP Basic authentication.
func ClientSecret(provider string) string { return provider + " secret+/:%&=" }

// ClientSettings returns Xenon's settings for the client of a built-in provider. For the issuers of OpenID Connect
// there is OIDC_PROVIDERS instead.
func ClientSettings(provider string) map[string]string {
	prefix := strings.ToUpper(provider)
	return map[string]string{
		prefix + "_CLIENT_ID": ClientID(provider), prefix + "_CLIENT_SECRET": ClientSecret(provider),
	}
}

// getAppleKey returns the private key with which the client signs its secret for Apple.
var getAppleKey = sync.OnceValue(func() *ecdsa.PrivateKey {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		panic(err) // cannot happen: the reader of crypto/rand does not fail
	}
	return key
})

// ApplePrivateKey returns the private key with which a client can sign its secret for Apple, in the PEM format of the
// file that Apple gives to the operator.
func ApplePrivateKey() string {
	der, err := x509.MarshalPKCS8PrivateKey(getAppleKey())
	if err != nil {
		panic(err) // cannot happen: the type of the key is supported
	}
	return string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}))
}

// authenticate checks the credentials of the client in a request to the token endpoint.
func (p provider) authenticate(r *http.Request) error {
	id, secret, hasBasic := r.BasicAuth()
	wantsBasic := p.usesBasic && (p.id != "notion" || r.PostForm.Get("grant_type") == "authorization_code")
	switch {
	case hasBasic && !wantsBasic:
		return errors.New("the client has to authenticate in the body")
	case !hasBasic && wantsBasic:
		return errors.New("the client has to authenticate with HTTP Basic")
	case hasBasic && (r.PostForm.Has("client_id") || r.PostForm.Has("client_secret")):
		return errors.New("the client authenticates in two ways, want one")
	case hasBasic:
		decodedID, err1 := url.QueryUnescape(id)
		decodedSecret, err2 := url.QueryUnescape(secret)
		if err := errors.Join(err1, err2); err != nil {
			return err
		}
		id, secret = decodedID, decodedSecret
	default:
		id, secret = r.PostForm.Get("client_id"), r.PostForm.Get("client_secret")
	}
	if id != ClientID(p.id) {
		return fmt.Errorf("no client %q is registered at the provider", id)
	}
	if p.id == "apple" && strings.HasPrefix(secret, "eyJ") {
		return checkAppleSecret(secret)
	}
	if secret != ClientSecret(p.id) {
		return errors.New("a wrong client secret")
	}
	return nil
}

// checkAppleSecret checks a client secret as Apple describes it.
// https://developer.apple.com/documentation/accountorganizationaldatasharing/creating-a-client-secret
func checkAppleSecret(secret string) error {
	var claims jwt.RegisteredClaims
	token, err := jwt.ParseWithClaims(secret, &claims,
		func(*jwt.Token) (any, error) { return getAppleKey().Public(), nil },
		jwt.WithValidMethods([]string{"ES256"}), jwt.WithExpirationRequired(), jwt.WithIssuedAt(),
		jwt.WithIssuer(AppleTeam), jwt.WithAudience("https://appleid.apple.com"), jwt.WithSubject(ClientID("apple")))
	switch {
	case err != nil:
		return err
	case token.Header["kid"] != AppleKeyID:
		return fmt.Errorf("the client secret names the key %v, which the provider does not know", token.Header["kid"])
	case claims.IssuedAt == nil || claims.ExpiresAt.Sub(claims.IssuedAt.Time) > 15777000*time.Second:
		return errors.New("a client secret is valid for at most six months")
	}
	return nil
}
