package supabasetest

import "slices"

// userKind is one kind of user. It describes the rows of such a user in the source.
type userKind struct {
	name   string
	weight int // how often the kind is chosen at random, relative to the other weights
	size   int // how many users the kind creates at a time; 0 means one
	make   func(g *generator)

	// part is the part of a user that the kind changes, or "". The first use of a kind with a part changes an existing
	// user, so that minUsersForAllKinds users are enough for all kinds. At most one kind changes each part of a user.
	part string
	// change changes an existing user.
	change func(g *generator, a *account)
	// base is true if kinds with a part may change the users of this kind.
	base bool
}

func (s userKind) userCount() int { return max(1, s.size) }

// userKinds are all kinds. The first is the most frequent one. Kinds with base come before the kinds with a part.
var userKinds = slices.Concat(ordinaryKinds, linkedKinds, ssoKinds, bannedKinds, deletedKinds,
	emailKinds, emailConflictKinds, phoneKinds,
	providerKinds(), providerPairKinds, oddIdentityKinds,
	passwordKinds(), secondFactorKinds, timestampKinds, oddIDKinds,
	kindsThatChange("row", unusedTokenKinds, oddRowKinds), kindsThatChange("metadata", metadataKinds()),
	kindsThatChange("profile", knownProfileKinds(), oddProfileKinds()))

// specialUserKind returns the kind of a user with email and password whom change gives one special property.
func specialUserKind(name string, weight int, change func(g *generator, a *account)) userKind {
	return userKind{name: name, weight: weight, change: change, make: func(g *generator) { change(g, g.addEmailUser()) }}
}

// kindsThatChange joins lists of kinds and sets the part of a user that they change.
func kindsThatChange(part string, kinds ...[]userKind) []userKind {
	all := slices.Concat(kinds...)
	for i := range all {
		all[i].part = part
	}
	return all
}

// ordinaryKinds are the kinds of users that Supabase Auth creates, and users that the owner of a project imported by
// SQL.
var ordinaryKinds = []userKind{
	{name: "by email", weight: 600, make: func(g *generator) { g.addEmailUser() }},
	{name: "by Google", weight: 120, make: func(g *generator) { g.addSocialUser("google") }},
	{name: "by phone", weight: 20, make: func(g *generator) { g.addPhoneUser() }},
	{name: "by phone, unconfirmed", weight: 5, make: func(g *generator) {
		delete(g.addPhoneUser().user, "phone_confirmed_at")
	}},
	{
		name:   "by phone and code",
		weight: 5,
		make:   func(g *generator) { g.addPhoneUser().removePassword(unknownBcryptHash) },
	},
	specialUserKind("unconfirmed", 25, func(g *generator, a *account) { g.setUnconfirmed(a) }),
	specialUserKind("by magic link", 25, func(_ *generator, a *account) { a.removePassword(unknownBcryptHash) }),
	specialUserKind("created by an admin", 8, func(_ *generator, a *account) {
		a.removePassword(unknownBcryptHash)
		a.identities[0]["identity_data"] = jsonObject(
			"sub",
			a.id(),
			"email",
			a.email,
			"email_verified",
			false,
			"phone_verified",
			false,
		)
	}),
	specialUserKind("invited", 10, func(g *generator, a *account) {
		a.removePassword("")
		g.setUnconfirmed(a)
		a.user["invited_at"] = formatTime(a.createdAt)
	}),
	specialUserKind(
		"invitation accepted",
		5,
		func(_ *generator, a *account) { a.user["invited_at"] = formatTime(a.createdAt) },
	),
	{name: "anonymous", weight: 15, make: func(g *generator) {
		a := g.addEmptyUser()
		a.removePassword("")
		a.user["is_anonymous"] = true
	}},
	specialUserKind("formerly anonymous", 5, func(_ *generator, a *account) { a.user["raw_app_meta_data"] = "{}" }),
	{name: "neither email nor phone", weight: 2, make: func(g *generator) { g.addEmptyUser() }},
	specialUserKind("imported by SQL", 8, func(_ *generator, a *account) {
		for _, column := range slices.Concat(tokenColumns,
			[]string{"created_at", "updated_at", "instance_id", "raw_app_meta_data", "raw_user_meta_data"}) {
			a.user[column] = nil
		}
		a.identities = nil
		a.setPassword(passwordHashedWithSQL)
	}),
	{name: "wallet", weight: 4, make: func(g *generator) {
		g.addWalletUser("web3:solana:").removePassword(nil)
	}},
	{name: "wallet, empty password", weight: 2, make: func(g *generator) {
		g.addWalletUser("web3:ethereum:0x").removePassword("")
	}},
}

// addWalletUser adds a user who signs in with a crypto wallet. The subject of the identity begins with prefix.
func (g *generator) addWalletUser(prefix string) *account {
	a := g.addEmptyUser()
	subject := prefix + g.randomHex(20)
	g.addIdentity(a, "web3", subject, jsonObject("sub", subject, "custom_claims", map[string]any{"address": subject}))
	return a
}

// linkedKinds are kinds of users with more than one way to sign in, and users whose identities at providers are
// unusual.
var linkedKinds = []userKind{
	specialUserKind(
		"email and Google",
		15,
		func(g *generator, a *account) { g.addIdentity(a, "google", g.newSubject(), "") },
	),
	specialUserKind("five identities", 1, func(g *generator, a *account) {
		for _, provider := range []string{"google", "github", "apple", "discord"} {
			g.addIdentity(a, provider, g.newSubject(), "")
		}
	}),
	{name: "two identities at one provider", weight: 4, make: func(g *generator) {
		g.addIdentity(g.addSocialUser("github"), "github", g.newSubject(), "")
	}},
	{name: "by Google, with a password", weight: 6, make: func(g *generator) {
		g.addSocialUser("google").setPassword(pickRandom(g, ordinaryPasswords))
	}},
	{name: "by Google, unconfirmed", weight: 5, make: func(g *generator) {
		delete(g.addSocialUser("google").user, "email_confirmed_at")
	}},
	{name: "by Facebook, without email", weight: 5, make: func(g *generator) {
		a := g.addSocialUser("facebook")
		delete(a.user, "email")
		delete(a.user, "email_confirmed_at")
		a.identities[0]["identity_data"] = jsonObject(
			"sub",
			a.identities[0]["provider_id"],
			"name",
			g.randomName(),
			"email_verified",
			false,
		)
		a.user["raw_user_meta_data"] = a.identities[0]["identity_data"]
	}},
	specialUserKind("email identity unlinked", 5, func(g *generator, a *account) {
		g.addIdentity(a, "google", g.newSubject(), "")
		a.identities = a.identities[1:]
	}),
	specialUserKind("every identity unlinked", 4, func(_ *generator, a *account) { a.identities = nil }),
	specialUserKind("email and phone", 8, func(g *generator, a *account) {
		a.user["phone"], a.user["phone_confirmed_at"] = g.newPhone(), a.hoursAfterCreation(3)
		g.addIdentity(a, "phone", a.id(), jsonObject("sub", a.id(), "email_verified", false, "phone_verified", true))
	}),
	specialUserKind("phone confirmed, email not", 3, func(g *generator, a *account) {
		g.setUnconfirmed(a)
		a.user["phone"], a.user["phone_confirmed_at"] = g.newPhone(), a.hoursAfterCreation(3)
	}),
}

// ssoKinds are kinds of users of single sign-on.
var ssoKinds = []userKind{
	{name: "single sign-on", weight: 15, make: func(g *generator) { g.addSSOUser(g.newEmail()) }},
	{
		name:   "single sign-on, email of another user",
		weight: 8,
		size:   2,
		make:   func(g *generator) { g.addSSOUser(g.addEmailUser().email) },
	},
	{name: "single sign-on, email of an unconfirmed user", weight: 2, size: 2, make: func(g *generator) {
		a := g.addEmailUser()
		g.setUnconfirmed(a)
		g.addSSOUser(a.email)
	}},
	{name: "single sign-on, two users with one email", weight: 2, size: 2, make: func(g *generator) {
		g.addSSOUser(g.addSSOUser(g.newEmail()).email)
	}},
}

// banUntil returns a change that bans a user until a time. blocked is whether the ban is in force today.
func banUntil(time string, blocked bool) func(*generator, *account) {
	return func(_ *generator, a *account) {
		a.user["banned_until"] = time
		a.cannotSignIn = blocked
	}
}

var bannedKinds = []userKind{
	specialUserKind("banned", 8, banUntil("2099-03-04 05:06:07.891+00", true)),
	specialUserKind("ban expired", 4, banUntil("2024-03-04 05:06:07.891+00", false)),
	specialUserKind("banned without end", 4, banUntil("infinity", true)),
	specialUserKind("banned for three centuries", 2, banUntil("2319-01-01 00:00:00+00", true)),
	{
		name:   "banned, by Google",
		weight: 2,
		make:   func(g *generator) { banUntil("2099-01-01 00:00:00+00", true)(g, g.addSocialUser("google")) },
	},
	{
		name:   "banned, by phone",
		weight: 1,
		make:   func(g *generator) { banUntil("2099-01-01 00:00:00+00", true)(g, g.addPhoneUser()) },
	},
}

var deletedKinds = []userKind{
	specialUserKind("soft-deleted", 12, func(g *generator, a *account) {
		a.profiles = []row{g.newProfile(a)}
		a.softDelete()
	}),
	{name: "soft-deleted, by phone", weight: 3, make: func(g *generator) { g.addPhoneUser().softDelete() }},
	{name: "soft-deleted, by Google", weight: 3, make: func(g *generator) { g.addSocialUser("google").softDelete() }},
	specialUserKind("deleted with SQL", 1, func(_ *generator, a *account) { // keeps its personal data
		a.user["deleted_at"] = a.hoursAfterCreation(9001)
		a.cannotSignIn = true
	}),
	{name: "email of a soft-deleted user", weight: 1, size: 2, make: func(g *generator) {
		deleted, again := g.addEmailUser(), g.addEmailUser()
		again.setEmail("AGAIN." + deleted.email)
		deleted.setEmail("again." + deleted.email)
		deleted.user["deleted_at"], deleted.cannotSignIn = deleted.hoursAfterCreation(9001), true
		deleted.setPassword(sameEmailPasswords[0])
		again.setPassword(sameEmailPasswords[1])
	}},
}
