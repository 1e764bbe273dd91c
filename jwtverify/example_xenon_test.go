package jwtverify_test

import (
	"crypto/rand"
	"crypto/rsa"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"time"

	"github.com/MicahParks/jwkset"
	"github.com/golang-jwt/jwt/v5"
)

// xenonServer stands for a deployment of Xenon in the example: it publishes a key and issues tokens.
type xenonServer struct {
	*httptest.Server
	key *rsa.PrivateKey
}

func startXenon() *xenonServer {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		panic(err)
	}
	metadata := jwkset.JWKMetadataOptions{ALG: jwkset.AlgRS256, KID: "1", USE: jwkset.UseSig}
	public, err := jwkset.NewJWKFromKey(&key.PublicKey, jwkset.JWKOptions{Metadata: metadata})
	if err != nil {
		panic(err)
	}
	answer := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		_ = json.NewEncoder(w).Encode(map[string]any{"keys": []any{public.Marshal()}})
	})
	return &xenonServer{httptest.NewServer(answer), key}
}

func (x *xenonServer) token() string {
	now := time.Now()
	token := jwt.NewWithClaims(jwt.SigningMethodRS256, jwt.MapClaims{
		"sub": "0b0e7a52-6f0d-4a43-9d52-3d9f0a4b6a11", "sid": "5f3c1c0a-2f67-4c2b-8f0e-0f7f8a1d2b3c", "name": "Ada",
		"iss": "https://learn.example.com", "aud": "https://learn.example.com",
		"iat": now.Unix(), "exp": now.Add(time.Hour).Unix(),
	})
	token.Header["kid"] = "1"
	text, err := token.SignedString(x.key)
	if err != nil {
		panic(err)
	}
	return text
}
