package auth

import (
	"context"
	"encoding/base64"
	"errors"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"
	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/xenon-auth/xenon/shared/config"
	"github.com/xenon-auth/xenon/shared/random"
	"github.com/xenon-auth/xenon/shared/session"
)

const (
	mailSecret      = "a secret of the tests, long enough"
	olderMailSecret = "the secret before it"
)

// mailTokenService returns a Service that can sign and parse mail tokens at the time now.
func mailTokenService(now time.Time) *Service {
	return &Service{
		Options: config.API{SharedDatabase: true}, // accept tokens without an ID
		Now:     func() time.Time { return now },
		Sessions: &session.Sessions{Secrets: func(context.Context) ([][]byte, error) {
			return [][]byte{[]byte(mailSecret), []byte(olderMailSecret)}, nil
		}},
	}
}

// The token was issued by Better Auth and is valid for an hour.
func TestMailTokenOfBetterAuthIsAccepted(t *testing.T) {
	t.Parallel()
	const token = "eyJhbGciOiJIUzI1NiJ9." +
		"eyJlbWFpbCI6ImFkYUBleGFtcGxlLmNvbSIsInVzZXJJZCI6InVoN0RjU1BIaWVaMVNZUG5IeVNBNjI3SkZrTVdHVGZ0IiwiaWF0Ijox" +
		"Nzk1NDU1OTU1LCJleHAiOjE3OTU0NTk1NTV9.q68NM55iE0mlDbDpe2gi6wKAMMCgV6pwTEQpgOKINjU"
	for at, wantErr := range map[int64]error{
		1795455955: nil, 1795459554: nil, 1795459555: errTokenExpired,
		1795459556: errTokenExpired,
	} {
		got, err := mailTokenService(time.Unix(at, 999e6)).parseMailToken(t.Context(), token)
		want := mailClaims{Email: "ada@example.com", UserID: "uh7DcSPHieZ1SYPnHySA627JFkMWGTft"}
		if wantErr != nil {
			want = mailClaims{}
			got = mailClaims{}
		}
		if !errors.Is(err, wantErr) || cmp.Diff(want, got, cmpopts.IgnoreTypes(jwt.RegisteredClaims{})) != "" {
			t.Errorf("parse Better Auth's token at %d s: got %+v, error %v; want %+v, error %v",
				at, got, err, want, wantErr)
		}
	}
}

func TestMailTokenIsWrittenLikeThatOfBetterAuth(t *testing.T) {
	t.Parallel()
	s := mailTokenService(time.Unix(1_800_000_000, 5e8))
	token, err := s.signMailToken(t.Context(), mailClaims{
		Email: "ada@example.com", UpdateTo: "eve@example.com",
		RequestType: verifyChangeRequest, UserID: "u",
	})
	if err != nil {
		t.Fatal(err)
	}
	for i, want := range []string{
		`{"alg":"HS256"}`,
		`{"email":"ada@example.com","updateTo":"eve@example.com","requestType":"change-email-verification","userId":"u",` +
			`"exp":1800003600,"iat":1800000000}`,
	} {
		got, err := base64.RawURLEncoding.DecodeString(strings.Split(token, ".")[i])
		if err != nil || string(got) != want {
			t.Errorf("part %d of the token: got %s, error %v; want %s", i, got, err, want)
		}
	}
	if c, err := s.parseMailToken(t.Context(), token); err != nil || c.UpdateTo != "eve@example.com" ||
		c.RequestType != verifyChangeRequest {
		t.Errorf("parse the token: got claims %+v, error %v; want the change to eve@example.com", c, err)
	}
}

func TestR41_InvalidMailTokensAreRefused(t *testing.T) {
	t.Parallel()
	s := mailTokenService(time.Unix(1_800_000_000, 0))
	hs256 := `{"alg":"HS256"}`
	good := `{"email":"ada@example.com","exp":1800000001}`
	sign := func(header, payload string) string {
		text := base64.RawURLEncoding.EncodeToString([]byte(header)) + "." +
			base64.RawURLEncoding.EncodeToString([]byte(payload))
		method := jwt.GetSigningMethod(regexp.MustCompile(`[HRSnE]+[A-Za-z0-9]+`).FindString(header))
		if method == nil || !strings.HasPrefix(method.Alg(), "HS") {
			return text + "."
		}
		sum, err := method.Sign(text, []byte(mailSecret))
		if err != nil {
			t.Fatal(err)
		}
		return text + "." + base64.RawURLEncoding.EncodeToString(sum)
	}
	for _, c := range []struct {
		name, token string
		want        error
	}{
		{"valid", sign(hs256, good), nil},
		{"with a type", sign(`{"alg":"HS256","typ":"JWT"}`, good), nil},
		{"without exp", sign(hs256, `{"email":"ada@example.com"}`), nil},
		{"expires now", sign(hs256, `{"email":"ada@example.com","exp":1800000000}`), errTokenExpired},
		{"nbf in the future", sign(hs256, `{"email":"ada@example.com","nbf":1800000001}`), errInvalidToken},
		{"nbf in the future, expired", sign(hs256, `{"email":"ada@example.com","nbf":1800000001,"exp":1}`), errInvalidToken},
		{"nbf now", sign(hs256, `{"email":"ada@example.com","nbf":1800000000}`), nil},
		{"exp is text", sign(hs256, `{"email":"ada@example.com","exp":"1900000000"}`), errInvalidToken},
		{"iat is null", sign(hs256, `{"email":"ada@example.com","iat":null}`), errInvalidToken},
		{"HS512", sign(`{"alg":"HS512"}`, good), errInvalidToken},
		{"HS384", sign(`{"alg":"HS384"}`, good), errInvalidToken},
		{"none", sign(`{"alg":"none"}`, good), errInvalidToken},
		{"no alg", sign(`{}`, good), errInvalidToken},
		{"crit", sign(`{"alg":"HS256","crit":["x"],"x":1}`, good), errInvalidToken},
		{"no email", sign(hs256, `{"userId":"u"}`), errInvalidToken},
		{"email of another type", sign(hs256, `{"email":["ada@example.com"]}`), errInvalidToken},
		{"invalid email", sign(hs256, `{"email":"ada"}`), errInvalidToken},
		{"user id of another type", sign(hs256, `{"email":"ada@example.com","userId":1}`), errInvalidToken},
		{"user id null", sign(hs256, `{"email":"ada@example.com","userId":null}`), errInvalidToken},
		{"array for claims", sign(hs256, `[]`), errInvalidToken},
		{"null for claims", sign(hs256, `null`), errInvalidToken},
		{"other signature", strings.TrimRight(sign(hs256, good),
			"-_abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789") + "AAAA", errInvalidToken},
		{"two parts", "a.b", errInvalidToken},
		{"four parts", sign(hs256, good) + ".x", errInvalidToken},
		{"empty", "", errInvalidToken},
		{"not base64", "ä.ö.ü", errInvalidToken},
	} {
		if _, err := s.parseMailToken(t.Context(), c.token); !errors.Is(err, c.want) {
			t.Errorf("parse a mail token, %s: got %v, want %v", c.name, err, c.want)
		}
	}
}

// If SHARED_DATABASE is not on, a token needs the ID of its row in the table verification.
func TestMailTokenWithoutAnIDIsInvalidUnlessTheDatabaseIsShared(t *testing.T) {
	t.Parallel()
	s := mailTokenService(time.Unix(1_800_000_000, 0))
	for _, id := range []string{"", "x"} {
		c := mailClaims{Email: "ada@example.com"}
		c.ID = id
		token, err := s.signMailToken(t.Context(), c)
		if err != nil {
			t.Fatal(err)
		}
		for _, shared := range []bool{true, false} {
			s.Options.SharedDatabase = shared
			var want error
			if id == "" && !shared {
				want = errInvalidToken
			}
			if got, err := s.parseMailToken(t.Context(), token); !errors.Is(err, want) || err == nil && got.ID != id {
				t.Errorf("token with ID %q, SHARED_DATABASE on: %v: got ID %q, error %v; want error %v",
					id, shared, got.ID, err, want)
			}
		}
	}
}

// The test draws 4000 tokens of each kind. None occurs twice, and all characters occur about equally often.
func TestR41_OneTimeTokensAreRandom(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		alphabet string
		length   int
	}{{resetTokenAlphabet, resetTokenLength}, {deletionTokenAlphabet, deletionTokenLength}} {
		seen, counts := map[string]bool{}, map[rune]int{}
		const n = 4000
		for range n {
			token := random.String(c.alphabet, c.length)
			if len(token) != c.length || seen[token] {
				t.Fatalf("random token: got %q, want %d characters and a token that did not occur before", token, c.length)
			}
			seen[token] = true
			for _, letter := range token {
				counts[letter]++
			}
		}
		want := float64(n*c.length) / float64(len(c.alphabet))
		chi := 0.0
		for _, letter := range c.alphabet {
			d := float64(counts[letter]) - want
			chi += d * d / want
		}
		if chi > 3*float64(len(c.alphabet)) { // more than twelve standard deviations
			t.Errorf("characters of %d tokens: got a chi-squared of %.0f for %d characters, want at most 3 for each",
				n, chi, len(c.alphabet))
		}
	}
}

func TestMailTokenOfAnOlderSecretIsAcceptedWhileItIsListed(t *testing.T) {
	t.Parallel()
	s := mailTokenService(time.Unix(1_800_000_000, 0))
	for secret, want := range map[string]error{mailSecret: nil, olderMailSecret: nil, "another": errInvalidToken} {
		c := jwt.MapClaims{"email": "ada@example.com", "exp": 1_800_000_001}
		token, err := jwt.NewWithClaims(jwt.SigningMethodHS256, c).SignedString([]byte(secret))
		if err != nil {
			t.Fatal(err)
		}
		if _, err := s.parseMailToken(t.Context(), token); !errors.Is(err, want) {
			t.Errorf("a token of the secret %q: got the error %v, want %v", secret, err, want)
		}
	}
}
