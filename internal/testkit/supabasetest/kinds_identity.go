package supabasetest

import (
	"slices"
	"strings"
)

// providerKinds returns kinds for the providers that Supabase supports besides Google, for a custom provider, and for
// one that does not exist yet.
func providerKinds() []userKind {
	all := []userKind{
		{name: "by GitHub", weight: 40, make: func(g *generator) { g.addSocialUser("github") }},
		{name: "by Apple", weight: 20, make: func(g *generator) { g.addSocialUser("apple") }},
		{name: "by Azure", weight: 8, make: func(g *generator) {
			a := g.addSocialUser("azure")
			a.identities[0]["identity_data"] = jsonObject(
				"iss",
				"https://login.microsoftonline.com/common/v2.0",
				"sub",
				a.identities[0]["provider_id"],
				"email",
				a.email,
				"email_verified",
				true,
				"custom_claims",
				map[string]any{"oid": g.randomUUID(), "tid": g.randomUUID()},
			)
		}},
		{name: "by Azure, with an object id among the claims", weight: 1, make: func(g *generator) {
			a := g.addSocialUser("azure")
			a.identities[0]["identity_data"] = jsonObject(
				"sub",
				a.identities[0]["provider_id"],
				"oid",
				g.randomUUID(),
				"custom_claims",
				map[string]any{"oid": 7, "tid": g.randomUUID()},
			)
		}},
		{name: "by Azure, without an object id", weight: 2, make: func(g *generator) { g.addSocialUser("azure") }},
	}
	for _, provider := range strings.Fields("bitbucket discord facebook figma fly gitlab kakao keycloak linkedin " +
		"linkedin_oidc\n" +
		`		notion slack slack_oidc snapchat spotify twitch twitter x workos zoom vercel_marketplace
		custom:acme provider_of_the_future`) {
		all = append(all, userKind{name: "by " + provider, weight: 3, make: func(g *generator) { g.addSocialUser(provider) }})
	}
	return all
}

// kindWithSameSubject returns the kind of one or two users with two identities that have the same subject. The
// providers of the identities are two names of one provider, so that Better Auth would store both identities as the
// same account.
func kindWithSameSubject(name string, weight, size int, providers [2]string) userKind {
	return userKind{name: name, weight: weight, size: size, make: func(g *generator) {
		a := g.addSocialUser(providers[0])
		b := a
		if size == 2 {
			b = g.addEmptyUser()
		}
		g.addIdentity(b, providers[1], a.identities[0]["provider_id"].(string), "")
	}}
}

var providerPairKinds = []userKind{
	kindWithSameSubject("by twitter and x, one subject", 2, 1, [2]string{"twitter", "x"}),
	kindWithSameSubject("by twitter and x, one subject, two users", 2, 2, [2]string{"x", "twitter"}),
	kindWithSameSubject("by linkedin twice, one subject, two users", 1, 2, [2]string{"linkedin", "linkedin_oidc"}),
	kindWithSameSubject("by slack twice, one subject", 1, 1, [2]string{"slack", "slack_oidc"}),
}

// kindWithSpecialIdentity returns the kind of a Google user with an unusual identity.
func kindWithSpecialIdentity(name string, change func(g *generator, a *account, identity row)) userKind {
	return userKind{name: name, weight: 1, make: func(g *generator) {
		a := g.addSocialUser("google")
		change(g, a, a.identities[0])
	}}
}

var oddIdentityKinds = []userKind{
	kindWithSpecialIdentity("identity without times", func(_ *generator, _ *account, identity row) {
		delete(identity, "created_at")
		delete(identity, "updated_at")
		delete(identity, "last_sign_in_at")
	}),
	kindWithSpecialIdentity(
		"identity with an array for claims",
		func(_ *generator, _ *account, identity row) { identity["identity_data"] = `["email", 1]` },
	),
	kindWithSpecialIdentity(
		"identity with a text for claims",
		func(_ *generator, _ *account, identity row) { identity["identity_data"] = `"claims"` },
	),
	kindWithSpecialIdentity("identity with hostile claims", func(_ *generator, _ *account, identity row) {
		identity["identity_data"] = `{"email": "SHOUTED@EXAMPLE.COM", "name": "\u0001\u001f\u007f\\\"\t", "": null, ` +
			`"full_name": {"first": "A"}, "n": 1.10}`
	}),
	kindWithSpecialIdentity("identity with another email", func(g *generator, _ *account, identity row) {
		identity["identity_data"] = jsonObject("email", g.newEmail(), "email_verified", true, "sub", identity["provider_id"])
	}),
	kindWithSpecialIdentity("identity with a strange subject", func(g *generator, _ *account, identity row) {
		identity["provider_id"] = g.randomHex(8) + "\t\n\\N '\"; 🦊" + strings.Repeat("x", 300)
	}),
	kindWithSpecialIdentity(
		"name in the identity only",
		func(_ *generator, a *account, _ row) { a.user["raw_user_meta_data"] = "{}" },
	),
}

// passwordKinds returns the kinds of users with each format of a stored password, and without a password.
func passwordKinds() []userKind {
	var all []userKind
	for _, s := range slices.Concat(passwordsOfEveryFormat, unusualPasswords, tooCostlyPasswords, textsThatAreNoHashes) {
		all = append(all, specialUserKind("password "+s.form, 3, func(_ *generator, a *account) { a.setPassword(s) }))
	}
	all = append(all,
		specialUserKind("password empty", 3, func(_ *generator, a *account) { a.removePassword("") }),
		specialUserKind("password null", 3, func(_ *generator, a *account) { a.removePassword(nil) }),
		specialUserKind("password bcrypt of cost 31", 1, func(_ *generator, a *account) { a.removePassword(mostCostlyHash) }))
	for i := range all {
		all[i].base = true
	}
	return all
}

// addFactor adds a second factor to an account and returns its row.
func (g *generator) addFactor(a *account, kind, status string) row {
	f := row{
		"id":            g.randomUUID(),
		"user_id":       a.id(),
		"friendly_name": kind + " of " + a.id()[:4],
		"factor_type":   kind,
		"status":        status,
		"created_at":    a.hoursAfterCreation(70),
		"updated_at":    a.hoursAfterCreation(71),
	}
	switch kind {
	case "totp":
		f["secret"] = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"
	case "phone":
		f["phone"] = "+" + g.newPhone()
	case "webauthn":
		f["web_authn_credential"] = jsonObject("ID", g.randomHex(16), "PublicKey", g.randomHex(32))
		f["web_authn_aaguid"] = zeroUUID
	}
	a.factors = append(a.factors, f)
	return f
}

func (g *generator) addPasskey(a *account, name string) {
	a.passkeys = append(a.passkeys, row{
		"id":               g.randomUUID(),
		"user_id":          a.id(),
		"credential_id":    `\x` + g.randomHex(32),
		"public_key":       `\xa50102032620` + g.randomHex(71),
		"attestation_type": "none",
		"sign_count":       g.rng.IntN(50),
		"transports":       `["internal", "hybrid"]`,
		"backup_eligible":  true,
		"backed_up":        true,
		"friendly_name":    name,
		"created_at":       a.hoursAfterCreation(80),
		"updated_at":       a.hoursAfterCreation(81),
	})
}

var secondFactorKinds = []userKind{
	specialUserKind("totp", 10, func(g *generator, a *account) {
		g.addFactor(a, "totp", "verified")["last_challenged_at"] = formatTime(g.randomTime())
	}),
	specialUserKind("totp unverified", 4, func(g *generator, a *account) { g.addFactor(a, "totp", "unverified") }),
	specialUserKind("totp encrypted at rest", 1, func(g *generator, a *account) {
		g.addFactor(a, "totp", "verified")["secret"] = encryptedHash.hash
	}),
	specialUserKind("phone factor", 2, func(g *generator, a *account) { g.addFactor(a, "phone", "verified") }),
	specialUserKind(
		"phone factor unverified",
		1,
		func(g *generator, a *account) { g.addFactor(a, "phone", "unverified") },
	),
	specialUserKind("webauthn factor", 1, func(g *generator, a *account) { g.addFactor(a, "webauthn", "verified") }),
	specialUserKind("two factors", 2, func(g *generator, a *account) {
		g.addFactor(a, "totp", "verified")
		g.addFactor(a, "phone", "unverified")["friendly_name"] = ""
	}),
	specialUserKind("passkey", 4, func(g *generator, a *account) { g.addPasskey(a, "phone") }),
	specialUserKind("two passkeys", 1, func(g *generator, a *account) {
		g.addPasskey(a, "phone")
		g.addPasskey(a, "key")
	}),
	{
		name:   "by Google, with totp",
		weight: 1,
		make:   func(g *generator) { g.addFactor(g.addSocialUser("google"), "totp", "verified") },
	},
}
