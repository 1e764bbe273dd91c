package supabasetest

import (
	"slices"
	"strings"
)

// providers returns kinds for the providers that Supabase supports besides Google, for a custom provider, and for one
// that does not exist yet.
func providers() []userKind {
	all := []userKind{
		{name: "by GitHub", weight: 40, make: func(g *generator) { g.addSocial("github") }},
		{name: "by Apple", weight: 20, make: func(g *generator) { g.addSocial("apple") }},
		{name: "by Azure", weight: 8, make: func(g *generator) {
			a := g.addSocial("azure")
			a.identities[0]["identity_data"] = object(
				"iss",
				"https://login.microsoftonline.com/common/v2.0",
				"sub",
				a.identities[0]["provider_id"],
				"email",
				a.email,
				"email_verified",
				true,
				"custom_claims",
				map[string]any{"oid": g.uuid(), "tid": g.uuid()},
			)
		}},
		{name: "by Azure, with an object id among the claims", weight: 1, make: func(g *generator) {
			a := g.addSocial("azure")
			a.identities[0]["identity_data"] = object("sub", a.identities[0]["provider_id"], "oid", g.uuid(), "custom_claims",
				map[string]any{"oid": 7, "tid": g.uuid()})
		}},
		{name: "by Azure, without an object id", weight: 2, make: func(g *generator) { g.addSocial("azure") }},
	}
	for _, provider := range strings.Fields("bitbucket discord facebook figma fly gitlab kakao keycloak linkedin " +
		"linkedin_oidc\n" +
		`		notion slack slack_oidc snapchat spotify twitch twitter x workos zoom vercel_marketplace
		custom:acme provider_of_the_future`) {
		all = append(all, userKind{name: "by " + provider, weight: 3, make: func(g *generator) { g.addSocial(provider) }})
	}
	return all
}

// sameSubject returns the kind of one or two users with two identities that have the same subject. The providers of the
// identities are two names of one provider, so that Better Auth would store both identities as the same account.
func sameSubject(name string, weight, size int, providers [2]string) userKind {
	return userKind{name: name, weight: weight, size: size, make: func(g *generator) {
		a := g.addSocial(providers[0])
		b := a
		if size == 2 {
			b = g.addEmpty()
		}
		g.addIdentity(b, providers[1], a.identities[0]["provider_id"].(string), "")
	}}
}

var providerPairs = []userKind{
	sameSubject("by twitter and x, one subject", 2, 1, [2]string{"twitter", "x"}),
	sameSubject("by twitter and x, one subject, two users", 2, 2, [2]string{"x", "twitter"}),
	sameSubject("by linkedin twice, one subject, two users", 1, 2, [2]string{"linkedin", "linkedin_oidc"}),
	sameSubject("by slack twice, one subject", 1, 1, [2]string{"slack", "slack_oidc"}),
}

// specialIdentity returns the kind of a Google user with an unusual identity.
func specialIdentity(name string, change func(g *generator, a *account, identity row)) userKind {
	return userKind{name: name, weight: 1, make: func(g *generator) {
		a := g.addSocial("google")
		change(g, a, a.identities[0])
	}}
}

var oddIdentities = []userKind{
	specialIdentity("identity without times", func(_ *generator, _ *account, identity row) {
		delete(identity, "created_at")
		delete(identity, "updated_at")
		delete(identity, "last_sign_in_at")
	}),
	specialIdentity(
		"identity with an array for claims",
		func(_ *generator, _ *account, identity row) { identity["identity_data"] = `["email", 1]` },
	),
	specialIdentity(
		"identity with a text for claims",
		func(_ *generator, _ *account, identity row) { identity["identity_data"] = `"claims"` },
	),
	specialIdentity("identity with hostile claims", func(_ *generator, _ *account, identity row) {
		identity["identity_data"] = `{"email": "SHOUTED@EXAMPLE.COM", "name": "\u0001\u001f\u007f\\\"\t", "": null, ` +
			`"full_name": {"first": "A"}, "n": 1.10}`
	}),
	specialIdentity("identity with another email", func(g *generator, _ *account, identity row) {
		identity["identity_data"] = object("email", g.email(), "email_verified", true, "sub", identity["provider_id"])
	}),
	specialIdentity("identity with a strange subject", func(g *generator, _ *account, identity row) {
		identity["provider_id"] = g.hex(8) + "\t\n\\N '\"; 🦊" + strings.Repeat("x", 300)
	}),
	specialIdentity(
		"name in the identity only",
		func(_ *generator, a *account, _ row) { a.user["raw_user_meta_data"] = "{}" },
	),
}

// storedPasswords returns the kinds of users with each format of a stored password, and without a password.
func storedPasswords() []userKind {
	var all []userKind
	for _, s := range slices.Concat(vectors, unusual, tooCostly, unknown) {
		all = append(all, variant("password "+s.form, 3, func(_ *generator, a *account) { a.setPassword(s) }))
	}
	all = append(all,
		variant("password empty", 3, func(_ *generator, a *account) { a.removePassword("") }),
		variant("password null", 3, func(_ *generator, a *account) { a.removePassword(nil) }),
		variant("password bcrypt of cost 31", 1, func(_ *generator, a *account) { a.removePassword(mostCostly) }))
	for i := range all {
		all[i].base = true
	}
	return all
}

// addFactor adds a second factor to an account and returns its row.
func (g *generator) addFactor(a *account, kind, status string) row {
	f := row{
		"id": g.uuid(), "user_id": a.id(), "friendly_name": kind + " of " + a.id()[:4], "factor_type": kind, "status": status,
		"created_at": a.after(70), "updated_at": a.after(71),
	}
	switch kind {
	case "totp":
		f["secret"] = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"
	case "phone":
		f["phone"] = "+" + g.phone()
	case "webauthn":
		f["web_authn_credential"] = object("ID", g.hex(16), "PublicKey", g.hex(32))
		f["web_authn_aaguid"] = zeroUUID
	}
	a.factors = append(a.factors, f)
	return f
}

func (g *generator) addPasskey(a *account, name string) {
	a.passkeys = append(a.passkeys, row{
		"id":               g.uuid(),
		"user_id":          a.id(),
		"credential_id":    `\x` + g.hex(32),
		"public_key":       `\xa50102032620` + g.hex(71),
		"attestation_type": "none",
		"sign_count":       g.rng.IntN(50),
		"transports":       `["internal", "hybrid"]`,
		"backup_eligible":  true,
		"backed_up":        true,
		"friendly_name":    name,
		"created_at":       a.after(80),
		"updated_at":       a.after(81),
	})
}

var secondFactors = []userKind{
	variant("totp", 10, func(g *generator, a *account) {
		g.addFactor(a, "totp", "verified")["last_challenged_at"] = formatTime(g.instant())
	}),
	variant("totp unverified", 4, func(g *generator, a *account) { g.addFactor(a, "totp", "unverified") }),
	variant("totp encrypted at rest", 1, func(g *generator, a *account) {
		g.addFactor(a, "totp", "verified")["secret"] = encrypted.hash
	}),
	variant("phone factor", 2, func(g *generator, a *account) { g.addFactor(a, "phone", "verified") }),
	variant("phone factor unverified", 1, func(g *generator, a *account) { g.addFactor(a, "phone", "unverified") }),
	variant("webauthn factor", 1, func(g *generator, a *account) { g.addFactor(a, "webauthn", "verified") }),
	variant("two factors", 2, func(g *generator, a *account) {
		g.addFactor(a, "totp", "verified")
		g.addFactor(a, "phone", "unverified")["friendly_name"] = ""
	}),
	variant("passkey", 4, func(g *generator, a *account) { g.addPasskey(a, "phone") }),
	variant("two passkeys", 1, func(g *generator, a *account) {
		g.addPasskey(a, "phone")
		g.addPasskey(a, "key")
	}),
	{
		name:   "by Google, with totp",
		weight: 1,
		make:   func(g *generator) { g.addFactor(g.addSocial("google"), "totp", "verified") },
	},
}
