//go:build node

package conformance

import (
	"crypto/rand"
	"net/http"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/xenon-auth/xenon/internal/testkit/checkout"
	"github.com/xenon-auth/xenon/internal/testkit/dbtest"
	"github.com/xenon-auth/xenon/internal/testkit/totptest"
)

// secretChange is one database whose servers get other secrets from phase to phase.
type secretChange struct {
	t             *testing.T
	database      string
	settings      []string
	single        string // BETTER_AUTH_SECRET of the first phase
	first, second string // the secrets of the versions 1 and 2
}

func newSecretChange(t *testing.T, settings ...string) secretChange {
	t.Helper()
	secret := func() string { return rand.Text() + rand.Text() }
	return secretChange{t, dbtest.New(t), settings, secret(), secret(), secret()}
}

// phase runs f with servers that have the two settings.
func (c secretChange) phase(name, secrets, single string, f func(t *testing.T, ix interchange)) {
	c.t.Helper()
	c.t.Run(name, func(t *testing.T) {
		env := []string{"BETTER_AUTH_SECRETS=" + secrets, "BETTER_AUTH_SECRET=" + single}
		f(t, newInterchangeOn(t, c.database, append(env, c.settings...)...))
	})
	if c.t.Failed() {
		c.t.FailNow() // later phases need this one
	}
}

// factorUser is a user with a second factor, and the browser in which the factor was enabled.
type factorUser struct {
	first, second string // names of the servers that have enabled and verified the factor
	browser       *visitor
	email, id     string
	uri           string
	app           totptest.App
	codes         []any
}

func (ix interchange) server(name string) runningServer {
	if name == ix.xenon.name {
		return ix.xenon
	}
	return ix.betterAuth
}

// enableFactors returns two users: each server has begun the set-up of one and finished that of the other.
func (ix interchange) enableFactors(t *testing.T) (users []factorUser) {
	t.Helper()
	for _, pair := range [][2]runningServer{{ix.betterAuth, ix.xenon}, {ix.xenon, ix.betterAuth}} {
		u := factorUser{first: pair[0].name, second: pair[1].name, browser: ix.newVisitor(t)}
		u.email, u.id = u.browser.register(pair[0])
		in := jsonObject{"password": testPassword}
		set := u.browser.checkStatus(u.browser.post(pair[0], "/two-factor/enable", in), http.StatusOK)
		u.uri = set.body.textMember("totpURI")
		u.codes, _ = set.body["backupCodes"].([]any)
		var err error
		if u.app, err = totptest.Scan(u.uri); err != nil {
			t.Fatal(err)
		}
		u.browser.checkStatus(u.browser.post(pair[1], "/two-factor/verify-totp", ix.code(t, u)), http.StatusOK)
		users = append(users, u)
	}
	return users
}

// code returns the body with the code that the user's app shows. A code works once at Xenon (D130), so the rows of the
// used codes are deleted.
func (ix interchange) code(t *testing.T, u factorUser) jsonObject {
	t.Helper()
	ix.exec(t, `DELETE FROM verification WHERE identifier LIKE 'totp-used-%'`)
	return jsonObject{"code": u.app.Code(time.Now())}
}

// passwordOnly begins a sign-in at s, which asks for the second factor.
func (ix interchange) passwordOnly(t *testing.T, s runningServer, u factorUser) *visitor {
	t.Helper()
	b := ix.newVisitor(t)
	a := b.checkStatus(b.post(s, "/sign-in/email", jsonObject{"email": u.email, "password": testPassword}), http.StatusOK)
	if a.body["twoFactorRedirect"] != true {
		t.Fatalf("sign-in at %s: got %s, want a challenge", s.name, a.text)
	}
	return b
}

func (ix interchange) stored(t *testing.T, column string, u factorUser) string {
	t.Helper()
	return ix.queryValue(t, `SELECT `+column+` FROM "twoFactor" WHERE "userId" = $1`, u.id)
}

func (ix interchange) checkStored(t *testing.T, column string, u factorUser, prefix string) {
	t.Helper()
	got := ix.stored(t, column, u)
	if !strings.HasPrefix(got, prefix) || prefix == "" && strings.HasPrefix(got, "$") {
		t.Errorf("%s of the user of %s: got %.12s…, want the prefix %q", column, u.first, got, prefix)
	}
}

// A factor continues to work at both servers while its secret is in the list, and its backup codes are stored with the
// newest version when one is spent. A session cookie of an older secret is valid at Xenon only. Without the secret,
// both servers answer 500.
func TestInterchange_SecondFactorOutlivesChangeOfSecret(t *testing.T) {
	t.Parallel()
	c := newSecretChange(t, "TWO_FACTOR=on")
	var unversioned, versioned []factorUser
	c.phase("BETTER_AUTH_SECRET alone", "", c.single, func(t *testing.T, ix interchange) {
		unversioned = ix.enableFactors(t)
		for _, u := range unversioned {
			ix.checkStored(t, "secret", u, "")
		}
	})
	c.phase("version 1", "1:"+c.first, c.single, func(t *testing.T, ix interchange) {
		versioned = ix.enableFactors(t)
		for _, u := range versioned {
			ix.checkStored(t, "secret", u, "$ba$1$")
			ix.checkStored(t, `"backupCodes"`, u, "$ba$1$")
		}
	})
	c.phase("version 2", "2:"+c.second+",1:"+c.first, c.single, func(t *testing.T, ix interchange) {
		for _, u := range append(unversioned, versioned...) {
			ix.checkFactorAfterChange(t, u)
		}
	})
	c.phase("older secrets removed", "2:"+c.second, "", func(t *testing.T, ix interchange) {
		for _, u := range append(unversioned, versioned...) {
			for i, s := range []runningServer{ix.xenon, ix.betterAuth} {
				b := ix.passwordOnly(t, s, u)
				b.checkStatus(b.post(s, "/two-factor/verify-totp", ix.code(t, u)), http.StatusInternalServerError)
				b = ix.passwordOnly(t, s, u)
				b.checkStatus(b.post(s, "/two-factor/verify-backup-code", jsonObject{"code": u.codes[2+i]}), http.StatusOK)
			}
		}
	})
}

// checkFactorAfterChange uses a factor of an older secret at both servers.
func (ix interchange) checkFactorAfterChange(t *testing.T, u factorUser) {
	t.Helper()
	servers := []runningServer{ix.server(u.first), ix.server(u.second)}
	old := ix.newVisitor(t)
	old.jar = u.browser.jar
	for i, s := range servers {
		other := servers[1-i]
		if id, _ := old.sessionIDsAt(s); (id == u.id) != (s == ix.xenon) {
			t.Errorf("a session cookie of an older secret at %s: got the user %q, want %q at Xenon only", s.name, id, u.id)
		}
		b := ix.passwordOnly(t, s, u)
		b.checkStatus(b.post(other, "/two-factor/verify-totp", ix.code(t, u)), http.StatusOK)
		for _, at := range servers {
			if id, _ := b.sessionIDsAt(at); id != u.id {
				t.Errorf("after a code at %s: the session at %s is of the user %q, want %q", other.name, at.name, id, u.id)
			}
			in := jsonObject{"password": testPassword}
			a := b.checkStatus(b.post(at, "/two-factor/get-totp-uri", in), http.StatusOK)
			if got := a.body.textMember("totpURI"); got != u.uri {
				t.Errorf("get-totp-uri at %s: got %s, want %s", at.name, got, u.uri)
			}
		}
		b = ix.passwordOnly(t, s, u)
		b.checkStatus(b.post(other, "/two-factor/verify-backup-code", jsonObject{"code": u.codes[i]}), http.StatusOK)
		ix.checkStored(t, `"backupCodes"`, u, "$ba$2$")
		b = ix.passwordOnly(t, other, u)
		spent := b.post(s, "/two-factor/verify-backup-code", jsonObject{"code": u.codes[i]})
		b.checkStatus(spent, http.StatusUnauthorized)
	}
}

// After xenon secrets reencrypt, both servers read all texts without the older secrets: factors, tokens of providers,
// and the private keys of Better Auth. The command runs while the servers do.
func TestInterchange_ReencryptedTextsNeedNoOlderSecret(t *testing.T) {
	t.Parallel()
	c := newSecretChange(t, append(socialSettings(t), "TWO_FACTOR=on", "ENCRYPT_OAUTH_TOKENS=on")...)
	var users []factorUser
	c.phase("BETTER_AUTH_SECRET alone", "", c.single, func(t *testing.T, ix interchange) {
		users = ix.enableFactors(t)
		for _, u := range users {
			s := ix.server(u.first)
			u.browser.finishOAuth(s, u.browser.beginOAuth(s, "/link-social", "discord", newProviderVisit(u.email)))
		}
	})
	c.phase("version 2", "2:"+c.second, c.single, func(t *testing.T, ix interchange) {
		program, err := checkout.BuildCommand()
		if err != nil {
			t.Fatal(err)
		}
		cmd := exec.Command(program, "secrets", "reencrypt", "--yes")
		cmd.Env = append(cmd.Environ(), "DATABASE_URL="+c.database, "BETTER_AUTH_SECRETS=2:"+c.second,
			"BETTER_AUTH_SECRET="+c.single)
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("xenon secrets reencrypt: %v\n%s", err, out)
		}
		ix.checkTextsOfVersion2(t, users)
	})
	c.phase("older secrets removed", "2:"+c.second, "", func(t *testing.T, ix interchange) {
		ix.checkTextsOfVersion2(t, users)
	})
}

// checkTextsOfVersion2 checks that all texts have the version 2, and that both servers read them.
func (ix interchange) checkTextsOfVersion2(t *testing.T, users []factorUser) {
	t.Helper()
	for _, u := range users {
		ix.checkStored(t, "secret", u, "$ba$2$")
		ix.checkStored(t, `"backupCodes"`, u, "$ba$2$")
		account := ix.queryValue(t, `SELECT id::text FROM account WHERE "userId" = $1 AND "providerId" = 'discord'`, u.id)
		for _, column := range []string{`"accessToken"`, `"refreshToken"`} {
			got := ix.queryValue(t, `SELECT `+column+` FROM account WHERE id = $1`, account)
			if !strings.HasPrefix(got, "$ba$2$") {
				t.Errorf("%s of the user of %s: got %.12s…, want the version 2", column, u.first, got)
			}
		}
		for _, s := range []runningServer{ix.xenon, ix.betterAuth} {
			b := ix.passwordOnly(t, s, u)
			b.checkStatus(b.post(s, "/two-factor/verify-totp", ix.code(t, u)), http.StatusOK)
			a := b.checkStatus(b.post(s, "/get-access-token", jsonObject{"accountId": account}), http.StatusOK)
			if token := a.body.textMember("accessToken"); token == "" || strings.HasPrefix(token, "$ba$") {
				t.Errorf("get-access-token at %s: got %q, want the token of the provider", s.name, token)
			}
			b.checkStatus(b.get(s, "/token"), http.StatusOK) // Better Auth signs it with a private key of the database
		}
	}
	keys := ix.queryValue(t, `SELECT string_agg(left("privateKey", 7), ' ') FROM jwks`)
	if strings.Trim(keys, `"$ba2 `) != "" || keys == "" {
		t.Errorf("the private keys begin with %q, want the version 2 and at least one", keys)
	}
}

// The state of a social sign-in or of a link is encrypted with the current secret, whose version both servers write in
// the same form, and each server reads that of the other.
func TestInterchange_StatesHaveTheVersionOfTheSecret(t *testing.T) {
	t.Parallel()
	secrets := "BETTER_AUTH_SECRETS=12:" + rand.Text() + rand.Text() + ",3:" + rand.Text()
	ix := newInterchange(t, append(socialSettings(t), "STATE_STRATEGY=cookie", "ENCRYPT_OAUTH_TOKENS=on", secrets)...)
	ix.forEachPair(t, func(t *testing.T, first, second runningServer) {
		b, v := ix.newVisitor(t), newProviderVisit(newEmail())
		login := b.beginOAuth(first, "/sign-in/social", "discord", v)
		if got := b.jar["better-auth.oauth_state"]; !strings.HasPrefix(got, "%24ba%2412%24") {
			t.Errorf("the cookie of the state at %s begins with %.20s, want %%24ba%%2412%%24", first.name, got)
		}
		b.finishOAuth(second, login)
		id, _ := b.sessionIDsAt(first)
		row := ix.queryValue(t, `SELECT id::text FROM account WHERE "userId" = $1`, id)
		stored := ix.queryValue(t, `SELECT "accessToken" FROM account WHERE id = $1`, row)
		if !strings.HasPrefix(stored, "$ba$12$") {
			t.Errorf("the access token is stored as %.12s…, want the version 12", stored)
		}
		in := jsonObject{"accountId": row}
		token := b.checkStatus(b.post(first, "/get-access-token", in), http.StatusOK).body.textMember("accessToken")
		fresh := b.checkStatus(b.post(first, "/refresh-token", in), http.StatusOK).body.textMember("accessToken")
		read := b.checkStatus(b.post(second, "/get-access-token", in), http.StatusOK).body.textMember("accessToken")
		if token == "" || fresh == token || read != fresh {
			t.Errorf("got the tokens %q, then %q at %s and %q at %s, want a new token at both",
				token, fresh, first.name, read, second.name)
		}
		link := ix.newVisitor(t)
		email, linked := link.register(first)
		link.finishOAuth(second, link.beginOAuth(first, "/link-social", "github", newProviderVisit(email)))
		const accounts = `SELECT count(*)::text FROM account WHERE "providerId" = 'github' AND "userId" = $1`
		if got := ix.queryValue(t, accounts, linked); got != "1" {
			t.Errorf("got %s linked accounts, want 1", got)
		}
	})
}
