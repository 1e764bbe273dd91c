package supabasetest

import (
	"cmp"
	"crypto/sha256"
	"encoding/base64"
	"time"

	"golang.org/x/text/cases"
	"golang.org/x/text/language"
)

// account is a user with the rows that belong to the user.
type account struct {
	user                                                      row
	identities, factors, passkeys, sessions, tokens, profiles []row

	createdAt       time.Time
	email, password string // as the user enters them; password is "" if it is not known
	cannotSignIn    bool   // the user cannot sign in at the target with email and password
}

// tokenColumns are the columns of auth.users that hold one-time tokens.
var tokenColumns = []string{
	"confirmation_token", "recovery_token", "email_change_token_new", "email_change_token_current", "phone_change_token",
	"reauthentication_token",
}

func (a *account) id() string { return a.user["id"].(string) }

// hoursAfterCreation returns the time that is this many hours after the creation of the account.
func (a *account) hoursAfterCreation(hours int) string {
	return formatTime(a.createdAt.Add(time.Duration(hours) * time.Hour))
}

// addEmptyUser adds a user without email, phone number, password and identity. Most of these users have a profile.
func (g *generator) addEmptyUser() *account {
	a := &account{createdAt: g.randomTime()}
	a.user = row{
		"instance_id": zeroUUID, "id": cmp.Or(g.id, g.randomUUID()), "aud": "authenticated", "role": "authenticated",
		"email_change": "", "phone_change": "", "email_change_confirm_status": 0, "is_sso_user": false, "is_anonymous": false,
		"raw_app_meta_data": "{}", "raw_user_meta_data": "{}",
		"created_at": formatTime(a.createdAt), "updated_at": a.hoursAfterCreation(1 + g.rng.IntN(9000)),
	}
	g.id = ""
	for _, column := range tokenColumns {
		a.user[column] = ""
	}
	if g.happensWithPercent(80) {
		a.profiles = []row{g.newProfile(a)}
	}
	g.accounts = append(g.accounts, a)
	return a
}

// addEmailUser adds a user with a confirmed email, a known password and an email identity.
func (g *generator) addEmailUser() *account {
	a := g.addEmptyUser()
	a.setEmail(g.newEmail())
	a.setPassword(pickRandom(g, ordinaryPasswords))
	a.user["email_confirmed_at"] = a.hoursAfterCreation(1)
	a.user["confirmation_sent_at"] = formatTime(a.createdAt)
	a.user["last_sign_in_at"] = a.hoursAfterCreation(2)
	claims := []any{"sub", a.id(), "email", a.email, "email_verified", true, "phone_verified", false}
	if g.happensWithPercent(70) {
		claims = append(claims, "name", g.randomName())
	}
	g.addIdentity(a, "email", a.id(), jsonObject(claims...))
	if g.happensWithPercent(20) {
		a.sessions = append(a.sessions, row{
			"id":           g.randomUUID(),
			"user_id":      a.id(),
			"created_at":   a.hoursAfterCreation(2),
			"updated_at":   a.hoursAfterCreation(3),
			"aal":          "aal1",
			"refreshed_at": a.hoursAfterCreation(3),
			"user_agent":   "Mozilla/5.0",
			"ip":           "192.0.2.7",
		})
	}
	return a
}

// addPhoneUser adds a user with a confirmed phone number and a password, and no email.
func (g *generator) addPhoneUser() *account {
	a := g.addEmptyUser()
	a.user["phone"] = g.newPhone()
	a.user["phone_confirmed_at"] = a.hoursAfterCreation(1)
	a.setPassword(pickRandom(g, ordinaryPasswords))
	g.addIdentity(a, "phone", a.id(), jsonObject("sub", a.id(), "email_verified", false, "phone_verified", true))
	return a
}

// addSocialUser adds a user who signed up with a provider and whose email the provider has verified.
func (g *generator) addSocialUser(provider string) *account {
	a := g.addEmptyUser()
	a.setEmail(g.newEmail())
	a.user["email_confirmed_at"] = formatTime(a.createdAt)
	a.user["last_sign_in_at"] = a.hoursAfterCreation(2)
	g.addIdentity(a, provider, g.newSubject(), "")
	return a
}

// addSSOUser adds a user who signs in with single sign-on.
func (g *generator) addSSOUser(email string) *account {
	a := g.addEmptyUser()
	a.setEmail(email)
	a.user["is_sso_user"] = true
	a.user["email_confirmed_at"] = formatTime(a.createdAt)
	g.addIdentity(
		a,
		"sso:"+g.ssoProviders[0]["id"].(string),
		g.newSubject(),
		jsonObject("email", email, "iss", "https://idp.corp.example/saml"),
	)
	return a
}

// addIdentity adds an identity. If claims is empty, the identity gets the claims of a social provider. As in Supabase,
// the claims are also stored in the user's metadata.
func (g *generator) addIdentity(a *account, provider, subject, claims string) {
	if claims == "" {
		name := g.randomName()
		claims = jsonObject("iss", "https://"+provider+".example", "sub", subject, "provider_id", subject, "email", a.email,
			"email_verified", true, "phone_verified", false, "name", name, "full_name", name,
			"avatar_url", "https://img.example/"+subject+".png", "picture", "https://img.example/"+subject+".png")
	}
	a.identities = append(a.identities, row{
		"id":            g.randomUUID(),
		"user_id":       a.id(),
		"provider":      provider,
		"provider_id":   subject,
		"identity_data": claims,
		"created_at": a.hoursAfterCreation(
			len(a.identities),
		),
		"updated_at":      a.hoursAfterCreation(len(a.identities) + g.rng.IntN(900)),
		"last_sign_in_at": a.hoursAfterCreation(len(a.identities)),
	})
	providers := []string{}
	for _, identity := range a.identities {
		providers = append(providers, identity["provider"].(string))
	}
	a.user["raw_app_meta_data"] = jsonObject("provider", providers[0], "providers", providers)
	a.user["raw_user_meta_data"] = claims
}

func (a *account) setEmail(email string) {
	a.user["email"] = email
	a.email = cases.Lower(language.Und).String(email) // as JavaScript does it
}

func (a *account) setPassword(s samplePassword) {
	a.user["encrypted_password"] = s.hash
	a.password = s.plain
	a.cannotSignIn = a.cannotSignIn || s.rejected
}

// removePassword sets the password hash: to nil, as after a social sign-up, to "", as after an invitation, or to the
// hash of an unknown password.
func (a *account) removePassword(hash any) {
	a.user["encrypted_password"] = hash
	a.password = ""
}

// setUnconfirmed makes the email of the account unconfirmed, and adds the token of the mail that confirms it.
func (g *generator) setUnconfirmed(a *account) {
	delete(a.user, "email_confirmed_at")
	delete(a.user, "last_sign_in_at")
	a.cannotSignIn = true
	a.sessions = nil
	g.addOneTimeToken(a, "confirmation_token")
}

// addOneTimeToken stores a random one-time token in a column of the user, which is one of tokenColumns, and, like newer
// versions of Supabase Auth, in the table of one-time tokens.
func (g *generator) addOneTimeToken(a *account, column string) {
	a.user[column] = g.randomHex(28)
	a.tokens = append(a.tokens, row{
		"id": g.randomUUID(), "user_id": a.id(), "token_type": column, "token_hash": a.user[column], "relates_to": a.email,
		"created_at": formatTime(a.createdAt), "updated_at": formatTime(a.createdAt),
	})
}

// softDelete overwrites the values of an account as a soft delete of Supabase Auth does.
func (a *account) softDelete() {
	obfuscate := func(value any) string {
		text, _ := value.(string)
		sum := sha256.Sum256([]byte(a.id() + text))
		return base64.RawURLEncoding.EncodeToString(sum[:])
	}
	for _, column := range []string{"email", "email_change"} {
		a.user[column] = obfuscate(a.user[column])
	}
	for _, column := range []string{"phone", "phone_change"} {
		a.user[column] = obfuscate(a.user[column])[:15]
	}
	for _, identity := range a.identities {
		identity["provider_id"] = obfuscate(identity["provider"].(string) + ":" + identity["provider_id"].(string))
		identity["identity_data"] = "{}"
	}
	for _, column := range tokenColumns {
		a.user[column] = ""
	}
	a.user["encrypted_password"] = nil
	a.user["raw_app_meta_data"], a.user["raw_user_meta_data"] = "{}", "{}"
	a.user["deleted_at"] = a.hoursAfterCreation(9001)
	a.factors, a.passkeys, a.sessions, a.tokens = nil, nil, nil, nil
	a.cannotSignIn = true
}
