package providertest

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"fmt"
	"maps"
	"math/big"
	"strconv"
	"sync"
	"time"

	"github.com/golang-jwt/jwt/v5"
)

// Forgery describes how an id token differs from a valid one.
type Forgery struct {
	Text      string         `json:"text"`      // if not empty, it replaces the whole token
	Algorithm string         `json:"algorithm"` // "none", or "HS256" with the public key as its secret
	Key       string         `json:"key"`       // signs with the key of another provider, under the right kid
	Header    map[string]any `json:"header"`    // replaces members; nil removes one
	Claims    map[string]any `json:"claims"`    // replaces claims; iat, exp and nbf can be durations from now, "-2h"
}

// signingKeys are the keys of all providers of this process, which take long to generate.
var signingKeys = struct {
	mu     sync.Mutex
	byName map[string]crypto.Signer
}{byName: map[string]crypto.Signer{}}

// signingKey returns the key with a name, which is also its kid. The first call for a name generates the key.
func signingKey(name, algorithm string) crypto.Signer {
	signingKeys.mu.Lock()
	defer signingKeys.mu.Unlock()
	key, ok := signingKeys.byName[name]
	if ok {
		return key
	}
	var err error
	if algorithm == "ES256" {
		key, err = ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	} else {
		key, err = rsa.GenerateKey(rand.Reader, 2048)
	}
	if err != nil {
		panic(err) // cannot happen: the reader of crypto/rand does not fail
	}
	signingKeys.byName[name] = key
	return key
}

// PublicKey returns the public key with a kid, or nil if no provider of this process has used such a key.
func PublicKey(kid string) crypto.PublicKey {
	signingKeys.mu.Lock()
	defer signingKeys.mu.Unlock()
	if key, ok := signingKeys.byName[kid]; ok {
		return key.Public()
	}
	return nil
}

// RotateKeys gives a provider a new signing key. The provider's JWKS has only the new key.
func (s *Server) RotateKeys(provider string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.rotations[provider]++
}

// currentKeyID returns the id of the provider's current key.
func (s *Server) currentKeyID(p provider) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return p.id + "-key-" + strconv.Itoa(s.rotations[p.id]+1)
}

// makeIDToken returns the id token of a login, changed as the Forgery in l.Visit.IDToken says.
func (s *Server) makeIDToken(p provider, l *Login) (string, error) {
	forgery := l.Visit.IDToken
	if forgery.Text != "" {
		return forgery.Text, nil
	}
	claims := p.claimsOf(l.Visit.Person)
	now := time.Now()
	maps.Copy(claims, map[string]any{
		"iss": p.issuer, "aud": ClientID(p.id), "iat": now.Unix(), "exp": now.Add(time.Hour).Unix(),
	})
	if p.id == "microsoft" {
		claims["iss"] = fmt.Sprintf("https://login.microsoftonline.com/%v/v2.0", claims["tid"])
	}
	if l.Nonce != "" {
		claims["nonce"] = l.Nonce
	}
	claims = withChanges(claims, forgery.Claims)
	for _, name := range []string{"iat", "exp", "nbf"} {
		if text, ok := claims[name].(string); ok {
			shift, err := time.ParseDuration(text)
			if err != nil {
				return "", err
			}
			claims[name] = now.Add(shift).Unix()
		}
	}
	return s.signClaims(p, forgery, claims)
}

// signClaims returns an id token with the claims and with what forgery changes in its header and signature.
func (s *Server) signClaims(p provider, forgery Forgery, claims map[string]any) (string, error) {
	kid, algorithm := s.currentKeyID(p), p.algorithm
	if algorithm == "" {
		algorithm = "RS256"
	}
	var key any = signingKey(kid, algorithm)
	if forgery.Key != "" {
		key = signingKey(s.currentKeyID(findProvider(forgery.Key)), findProvider(forgery.Key).algorithm)
	}
	switch forgery.Algorithm {
	case "":
	case "none":
		algorithm, key = "none", jwt.UnsafeAllowNoneSignatureType
	case "HS256":
		der, err := x509.MarshalPKIXPublicKey(signingKey(kid, algorithm).Public())
		if err != nil {
			return "", err
		}
		algorithm, key = "HS256", pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der})
	default:
		algorithm = forgery.Algorithm
	}
	token := jwt.NewWithClaims(jwt.GetSigningMethod(algorithm), jwt.MapClaims(claims))
	token.Header = withChanges(withChanges(token.Header, map[string]any{"kid": kid}), forgery.Header)
	return token.SignedString(key)
}

// publishedKeySet returns the key set of a provider.
func (s *Server) publishedKeySet(p provider) map[string]any {
	algorithm := p.algorithm
	if algorithm == "" {
		algorithm = "RS256"
	}
	kid := s.currentKeyID(p)
	keys := []map[string]any{publicJWK(kid, algorithm, signingKey(kid, algorithm).Public())}
	return map[string]any{"keys": keys}
}

func publicJWK(kid, algorithm string, key crypto.PublicKey) map[string]any {
	encode := base64.RawURLEncoding.EncodeToString
	jwk := map[string]any{"kid": kid, "use": "sig", "alg": algorithm}
	switch key := key.(type) {
	case *rsa.PublicKey:
		jwk["kty"], jwk["n"], jwk["e"] = "RSA", encode(key.N.Bytes()), encode(big.NewInt(int64(key.E)).Bytes())
	case *ecdsa.PublicKey:
		point, err := key.Bytes()
		if err != nil {
			panic(err) // cannot happen: the key was generated
		}
		jwk["kty"], jwk["crv"], jwk["x"], jwk["y"] = "EC", "P-256", encode(point[1:33]), encode(point[33:])
	}
	return jwk
}
