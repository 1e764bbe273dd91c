package bench

import (
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"testing"
	"time"

	"github.com/xenon-auth/xenon/jwtverify"
	"github.com/xenon-auth/xenon/shared/config"
	"github.com/xenon-auth/xenon/shared/jwks"
	"github.com/xenon-auth/xenon/shared/keys"
	"github.com/xenon-auth/xenon/shared/secrets"
)

// newKeysAndVerifier returns new signing keys for an algorithm, and a Verifier that fetches their JWKS over HTTP.
func newKeysAndVerifier(b *testing.B, alg string) (*keys.Keys, *jwtverify.Verifier) {
	b.Helper()
	set, err := keys.Generate(time.Now(), alg)
	if err != nil {
		b.Fatal(err)
	}
	path := filepath.Join(b.TempDir(), "keys.json")
	if err := keys.SaveFile(path, set); err != nil {
		b.Fatal(err)
	}
	const origin = "https://learn.example.com"
	cfg := config.API{
		SigningKeysFile: path, JWTIssuer: origin, JWTAudience: origin,
		JWTExpiresIn: config.DefaultJWTExpiresIn,
	}
	k := keys.New(secrets.New(cfg, time.Now), cfg, time.Now)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		published, err := k.Public(r.Context())
		if err != nil {
			b.Errorf("publish the keys: %v", err)
		}
		if err := json.NewEncoder(w).Encode(map[string]any{"keys": published}); err != nil {
			b.Errorf("encode the JWKS: %v", err)
		}
	}))
	b.Cleanup(server.Close)
	return k, jwtverify.MustNew(jwtverify.Options{JWKSURL: server.URL, Issuer: origin, Audience: origin, Now: time.Now})
}

var benchClaims = keys.Claims{
	Subject:   "0b0e7a52-6f0d-4a43-9d52-3d9f0a4b6a11",
	SessionID: "5f3c1c0a-2f67-4c2b-8f0e-0f7f8a1d2b3c",
	User: []byte(`{"name":"Zoë Example","email":"zoe@example.com","emailVerified":true,"image":null,` +
		`"createdAt":"2026-01-01T00:00:00.000Z","updatedAt":"2026-01-02T03:04:05.006Z",` +
		`"id":"0b0e7a52-6f0d-4a43-9d52-3d9f0a4b6a11"}`),
}

// BenchmarkSign measures three things: signing a new token, getting a token that is reused, and an RSA signature alone.
func BenchmarkSign(b *testing.B) {
	k, _ := newKeysAndVerifier(b, config.RS256)
	b.Run("new", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if _, err := k.Sign(b.Context(), benchClaims); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("reused", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if _, err := k.Token(b.Context(), benchClaims); err != nil {
				b.Fatal(err)
			}
		}
	})
	private, digest, _ := newRSASignature(b)
	b.Run("bare", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if _, err := rsa.SignPKCS1v15(nil, private, crypto.SHA256, digest); err != nil {
				b.Fatal(err)
			}
		}
	})
}

// BenchmarkJWTVerify measures three verifications: of a token that the verifier has not seen before, of one that it has
// seen, and of an RSA signature alone.
func BenchmarkJWTVerify(b *testing.B) {
	k, v := newKeysAndVerifier(b, config.RS256)
	token, err := k.Sign(b.Context(), benchClaims)
	if err != nil {
		b.Fatal(err)
	}
	b.Run("new", func(b *testing.B) {
		b.ReportAllocs()
		for range b.N {
			b.StopTimer()
			fresh, err := k.Sign(b.Context(), benchClaims)
			if err != nil {
				b.Fatal(err)
			}
			b.StartTimer()
			if who, err := v.Verify(b.Context(), fresh); err != nil || who.UserID != benchClaims.Subject {
				b.Fatalf("verify a new JWT: got %+v and the error %v, want the user %s", who, err, benchClaims.Subject)
			}
		}
	})
	b.Run("seen", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if who, err := v.Verify(b.Context(), token); err != nil || who.UserID != benchClaims.Subject {
				b.Fatalf("verify a JWT again: got %+v and the error %v, want the user %s", who, err, benchClaims.Subject)
			}
		}
	})
	private, digest, signature := newRSASignature(b)
	b.Run("bare", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if err := rsa.VerifyPKCS1v15(&private.PublicKey, crypto.SHA256, digest, signature); err != nil {
				b.Fatal(err)
			}
		}
	})
}

// BenchmarkAlgorithms measures the signing of a JWT and its first verification, with each value of JWT_ALG.
func BenchmarkAlgorithms(b *testing.B) {
	for _, alg := range jwks.Algorithms {
		k, v := newKeysAndVerifier(b, alg)
		sign := func(b *testing.B) string {
			token, err := k.Sign(b.Context(), benchClaims)
			if err != nil {
				b.Fatal(err)
			}
			return token
		}
		b.Run("sign/"+alg, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				sign(b)
			}
			b.ReportMetric(float64(len(sign(b))), "bytes/token")
		})
		b.Run("verify/"+alg, func(b *testing.B) {
			b.ReportAllocs()
			for range b.N {
				b.StopTimer()
				fresh := sign(b)
				b.StartTimer()
				if who, err := v.Verify(b.Context(), fresh); err != nil || who.UserID != benchClaims.Subject {
					b.Fatalf("verify a new JWT: got %+v and the error %v, want the user %s", who, err, benchClaims.Subject)
				}
			}
		})
	}
}

// newRSASignature returns a new RSA key, and a digest with its signature.
func newRSASignature(b *testing.B) (private *rsa.PrivateKey, digest, signature []byte) {
	b.Helper()
	private, err := rsa.GenerateKey(rand.Reader, keys.MinRSABits)
	if err != nil {
		b.Fatal(err)
	}
	sum := sha256.Sum256([]byte("text"))
	signature, err = rsa.SignPKCS1v15(nil, private, crypto.SHA256, sum[:])
	if err != nil {
		b.Fatal(err)
	}
	return private, sum[:], signature
}
