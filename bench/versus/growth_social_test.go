package versus

import (
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"github.com/xenon-auth/xenon/internal/testkit/providertest"
	"github.com/xenon-auth/xenon/shared/bridge"
)

const beginAtGoogle = `{"provider":"google"}`

// visitGoogle lets a person authorize the sign-in that a request has begun with a cookie, and returns the call with
// which the browser comes back.
func (p *pluginServer) visitGoogle(begin, cookie string, person providertest.Person) httpCall {
	p.tb.Helper()
	cookies, text := p.do(begin, beginAtGoogle, cookie)
	var answer struct{ URL string }
	if err := json.Unmarshal([]byte(text), &answer); err != nil {
		p.tb.Fatal(err)
	}
	login, err := p.providers.Authorize(answer.URL, providertest.Visit{Person: person})
	if err != nil {
		p.tb.Fatal(err)
	}
	_, path, _ := strings.Cut(login.Callback, "/api/auth/")
	c := p.call(path, "", cookies)
	c.want, c.status = nil, 302
	return c
}

// newPerson returns a person at Google whom nothing in the database is about, with the email of u if u has one.
func (p *pluginServer) newPerson(u pluginUser) providertest.Person {
	p.made++
	email := u.email
	if email == "" {
		email = fmt.Sprintf("visitor%d@example.com", p.made)
	}
	return providertest.Person{Subject: fmt.Sprintf("visitor-%d", p.made), Name: "Ada", Email: email, Verified: true}
}

// linkGoogle stores an account at Google of a new user, and returns the user and the id of the row.
func (p *pluginServer) linkGoogle() (u pluginUser, id string) {
	p.tb.Helper()
	u = p.newUser()
	err := p.db.QueryRow(p.tb.Context(), `
		INSERT INTO account ("accountId", "providerId", "userId", "accessToken", "updatedAt")
		VALUES ('google of ' || $1::text, 'google', $1::uuid, 'token', now())
		RETURNING id::text`, u.id).Scan(&id)
	if err != nil {
		p.tb.Fatal(err)
	}
	return u, id
}

// socialRequests returns the requests of social sign-in. The time of a callback includes Google's answers, from this
// machine.
func (p *pluginServer) socialRequests() []pluginRequest {
	return []pluginRequest{
		{"sign-in/social", func() httpCall { return p.call("sign-in/social", beginAtGoogle, "") }},
		{"callback, of a known account", func() httpCall {
			i := p.spreadUser()
			return p.visitGoogle("sign-in/social", "", providertest.Person{
				Subject: fmt.Sprintf("google-%d", i), Name: "Person", Email: fmt.Sprintf("person%d@example.com", i),
				Verified: true,
			})
		}},
		{"callback, of a new user", func() httpCall {
			return p.visitGoogle("sign-in/social", "", p.newPerson(pluginUser{}))
		}},
		{"link-social", func() httpCall { return p.call("link-social", beginAtGoogle, p.newUser().cookie) }},
		{"callback, of a link", func() httpCall {
			u := p.newUser()
			return p.visitGoogle("link-social", u.cookie, p.newPerson(u))
		}},
		{"list-accounts, with an account at Google", func() httpCall {
			c := p.call("list-accounts", "", sessionCookieOf(p.spreadUser()))
			c.want = []byte("[{")
			return c
		}},
		{"get-access-token", func() httpCall {
			u, id := p.linkGoogle()
			return p.call("get-access-token", fmt.Sprintf(`{"accountId":%q}`, id), u.cookie)
		}},
		{"account-info", func() httpCall {
			u, id := p.linkedAccount()
			return p.call("account-info?accountId="+id, "", u.cookie)
		}},
		{"refresh-token", func() httpCall {
			u, id := p.linkedAccount()
			return p.call("refresh-token", fmt.Sprintf(`{"accountId":%q}`, id), u.cookie)
		}},
		{"unlink-account", func() httpCall {
			u, id := p.linkGoogle()
			return p.call("unlink-account", fmt.Sprintf(`{"providerId":"google","accountId":%q}`, id), u.cookie)
		}},
	}
}

// The Supabase project of the imported sessions.
const (
	supabaseProject = "abcdefghijklmnopqrst"
	supabaseSecret  = "super-secret-jwt-token-with-at-least-32-characters"
)

// importSession stores a session of Supabase of a new user, as the import does. It returns the user, the id of the
// session and the body with its refresh token.
func (p *pluginServer) importSession() (u pluginUser, id, body string) {
	p.tb.Helper()
	u = p.newUser()
	token := fmt.Sprintf("%012d", p.made)
	digest, err := bridge.Digest(bridge.Key([]byte(cookieSecret)), token)
	if err != nil {
		p.tb.Fatal(err)
	}
	err = p.db.QueryRow(p.tb.Context(), `
		WITH b AS (
			INSERT INTO "supabaseSession" (id, "userId", aal2, "createdAt")
			VALUES (gen_random_uuid(), $1, false, now())
			RETURNING id
		), c AS (
			INSERT INTO "supabaseCredential" SELECT $2, id, false FROM b
		)
		SELECT id::text FROM b`, u.id, digest).Scan(&id)
	if err != nil {
		p.tb.Fatal(err)
	}
	return u, id, fmt.Sprintf(`{"refreshToken":%q}`, token)
}

// supabaseRequests returns the requests of the sessions of Supabase, and those that also revoke such a session.
func (p *pluginServer) supabaseRequests() []pluginRequest {
	const path = "sign-in/supabase"
	return []pluginRequest{
		{path, func() httpCall {
			_, _, body := p.importSession()
			return p.call(path, body, "")
		}},
		{path + ", with an access token", func() httpCall {
			u, id, _ := p.importSession()
			return p.call(path, fmt.Sprintf(`{"accessToken":%q}`, p.accessToken(u.id, id)), "")
		}},
		{path + ", a second time", func() httpCall {
			_, _, body := p.importSession()
			p.do(path, body, "")
			return p.call(path, body, "")
		}},
		{path + ", of a client that is signed in", func() httpCall {
			u, _, body := p.importSession()
			return p.call(path, body, u.cookie)
		}},
		{"revoke-sessions, with a session of Supabase", func() httpCall {
			u, _, _ := p.importSession()
			return p.call("revoke-sessions", `{}`, u.cookie)
		}},
	}
}

// accessToken returns an access token of a user's session of Supabase.
func (p *pluginServer) accessToken(userID, sessionID string) string {
	p.tb.Helper()
	token, err := jwt.NewWithClaims(jwt.SigningMethodHS256, jwt.MapClaims{
		"iss": "https://" + supabaseProject + ".supabase.co/auth/v1", "sub": userID, "aud": "authenticated",
		"role": "authenticated", "aal": "aal1", "session_id": sessionID, "is_anonymous": false,
		"iat": time.Now().Add(-time.Minute).Unix(), "exp": time.Now().Add(time.Hour).Unix(),
	}).SignedString([]byte(supabaseSecret))
	if err != nil {
		p.tb.Fatal(err)
	}
	return token
}
