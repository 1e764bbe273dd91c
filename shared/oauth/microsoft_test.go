package oauth

import (
	"errors"
	"net/http"
	"testing"

	"github.com/xenon-auth/xenon/shared/config"
)

func TestMicrosoftIDTokenMustBeOfAnAllowedTenant(t *testing.T) {
	t.Parallel()
	const issuer = "https://login.microsoftonline.com/"
	for _, test := range []struct {
		configured, tid, iss string
		callback, signIn     bool
	}{
		{"", tenant, issuer + tenant + "/v2.0", true, true},
		{"common", tenant, issuer + tenant + "/v2.0", true, true},
		{"common", personalTenant, issuer + personalTenant + "/v2.0", true, true},
		{"common", tenant, issuer + personalTenant + "/v2.0", false, false},
		{"common", tenant, "https://attacker.example/" + tenant + "/v2.0", false, false},
		{"common", "", issuer + "/v2.0", false, false},
		{"organizations", tenant, issuer + tenant + "/v2.0", true, true},
		{"organizations", personalTenant, issuer + personalTenant + "/v2.0", false, false},
		{"consumers", personalTenant, issuer + personalTenant + "/v2.0", true, true},
		{"consumers", tenant, issuer + tenant + "/v2.0", false, false},
		{tenant, tenant, issuer + tenant + "/v2.0", true, true},
		{tenant, personalTenant, issuer + personalTenant + "/v2.0", false, false},
		{"contoso.onmicrosoft.com", tenant, issuer + tenant + "/v2.0", true, false},
	} {
		s := newFakeProviders(t)
		configured := test.configured
		if configured == "" {
			configured = "common"
		}
		s.serveKeySet("login.microsoftonline.com/"+configured+"/discovery/v2.0/keys",
			encodeJWKS(t, publicJWK("k1", "", firstKey().Public())))
		p := s.newProvider(config.Provider{ID: "microsoft", TenantID: test.configured})
		token := signRS256(t, withChanges(validClaims(s)["microsoft"], map[string]any{"tid": test.tid, "iss": test.iss}))
		if _, err := p.Profile(t.Context(), Tokens{ID: token}, ProfileInput{}); (err == nil) != test.callback {
			t.Errorf("Profile, %+v: got the error %v, want one only if callback is false", test, err)
		}
		if _, err := p.VerifyIDToken(t.Context(), IDToken{Token: token}); (err == nil) != test.signIn {
			t.Errorf("VerifyIDToken, %+v: got the error %v, want one only if signIn is false", test, err)
		}
	}
}

func TestMicrosoftClaimsSayWhetherTheEmailIsVerified(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name    string
		changes map[string]any
		want    bool
	}{
		{"true", map[string]any{"email_verified": true}, true},
		{"text", map[string]any{"email_verified": "true"}, true},
		{"false wins", map[string]any{"email_verified": false, "verified_primary_email": []string{"a@b.c"}}, false},
		{"neither", map[string]any{"email_verified": nil}, false},
		{"primary", map[string]any{"email_verified": nil, "verified_primary_email": []string{"x@b.c", "a@b.c"}}, true},
		{"secondary", map[string]any{"email_verified": nil, "verified_secondary_email": []string{"a@b.c"}}, true},
		{"a part of a text", map[string]any{"email_verified": nil, "verified_primary_email": "xa@b.cx"}, false},
		{"another", map[string]any{"email_verified": nil, "verified_primary_email": []any{"x@b.c", 7, nil}}, false},
	} {
		s := newFakeProvidersWithKeys(t)
		got, err := s.newProvider(config.Provider{ID: "microsoft"}).
			VerifyIDToken(t.Context(), IDToken{Token: signRS256(t, withChanges(validClaims(s)["microsoft"], test.changes))})
		if err != nil || got.EmailVerified != test.want {
			t.Errorf("%s: got EmailVerified %t and the error %v, want %t", test.name, got.EmailVerified, err, test.want)
		}
	}
}

func TestMicrosoftNeedsTheObjectID(t *testing.T) {
	t.Parallel()
	for _, oid := range []any{nil, "", " ", 7} {
		s := newFakeProvidersWithKeys(t)
		token := signRS256(t, withChanges(validClaims(s)["microsoft"], map[string]any{"oid": oid}))
		p := s.newProvider(config.Provider{ID: "microsoft"})
		if _, err := p.VerifyIDToken(t.Context(), IDToken{Token: token}); !errors.Is(err, ErrNoProfile) {
			t.Errorf("VerifyIDToken with the claim oid %v: got %v, want ErrNoProfile", oid, err)
		}
	}
}

func TestMicrosoftPhotoBecomesTheImage(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		answer http.HandlerFunc
		want   string
	}{
		"photo": {func(w http.ResponseWriter, r *http.Request) {
			if r.Header.Get("Authorization") != "Bearer "+accessToken || r.Header.Get("Accept") != "image/jpeg" {
				t.Errorf("the request of the photo has the headers %v, want the access token and Accept image/jpeg", r.Header)
			}
			_, _ = w.Write([]byte{0xff, 0xd8, 0xff})
		}, "data:image/jpeg;base64, /9j/"},
		"none": {http.NotFound, "https://i"},
		"too long": {
			func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write(make([]byte, maxAnswerBytes+1)) }, "https://i",
		},
		"redirect": {func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, "https://attacker.example/", http.StatusFound)
		}, "https://i"},
	} {
		s := newFakeProvidersWithKeys(t)
		s.handle("GET graph.microsoft.com/v1.0/me/photos/48x48/$value", test.answer)
		got, err := s.newProvider(config.Provider{ID: "microsoft"}).
			Profile(t.Context(), Tokens{ID: signRS256(t, validClaims(s)["microsoft"]), Access: accessToken}, ProfileInput{})
		if err != nil || got.Image == nil || *got.Image != test.want {
			t.Errorf("photo, %s: got the image %v and the error %v, want %s", name, got.Image, err, test.want)
		}
		raw, err := parseObject(got.Raw)
		if err != nil || raw.text("picture") != test.want {
			t.Errorf("%s: the picture in the raw profile is %q, want %q", name, raw.text("picture"), test.want)
		}
	}
}
