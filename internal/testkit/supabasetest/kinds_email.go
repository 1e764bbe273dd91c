package supabasetest

import (
	"fmt"
	"strings"
	"time"
)

// invalidEmailKind returns the kind of a user whose email Supabase Auth would not accept, so that it was stored by
// SQL. The user cannot sign in with it.
func invalidEmailKind(name string, weight int, email func(n int) string) userKind {
	return specialUserKind(name, weight, func(g *generator, a *account) {
		a.setEmail(email(g.nextNumber()))
		a.cannotSignIn = true
	})
}

// fixedEmail returns a function that ignores n and always returns the same email. Emails are unique, so a kind with a
// fixed email has the weight 0: generateUsers creates it at most once, and never chooses it at random.
func fixedEmail(value string) func(int) string { return func(int) string { return value } }

var emailKinds = []userKind{
	invalidEmailKind("empty email", 0, fixedEmail("")),
	invalidEmailKind("blank email", 0, fixedEmail("   ")),
	invalidEmailKind(
		"email with spaces around",
		1,
		func(n int) string { return fmt.Sprintf(" person.%d@example.com ", n) },
	),
	invalidEmailKind(
		"email with a space inside",
		1,
		func(n int) string { return fmt.Sprintf("per son.%d@example.com", n) },
	),
	invalidEmailKind("email without @", 1, func(n int) string { return fmt.Sprintf("person.%d", n) }),
	invalidEmailKind("email with two @", 1, func(n int) string { return fmt.Sprintf("person.%d@here@example.com", n) }),
	invalidEmailKind("email in quotes", 1, func(n int) string { return fmt.Sprintf(`"per\\son.%d"@example.com`, n) }),
	invalidEmailKind(
		"email with a newline and a tab",
		1,
		func(n int) string { return fmt.Sprintf("person.%d@example.com\n\t", n) },
	),
	invalidEmailKind("email beyond ASCII", 2, func(n int) string { return fmt.Sprintf("jürgen.%d@bücher.example", n) }),
	specialUserKind("email of 255 characters", 1, func(g *generator, a *account) {
		const end = ".example.com"
		start := fmt.Sprintf("person.%d@", g.nextNumber())
		a.setEmail(start + strings.Repeat("long.", 60)[:255-len(start)-len(end)-1] + "x" + end)
	}),
	specialUserKind(
		"email in mixed case",
		5,
		func(g *generator, a *account) { a.setEmail(fmt.Sprintf("Person.%d@Example.COM", g.nextNumber())) },
	),
	specialUserKind("email with an apostrophe and a plus", 2, func(g *generator, a *account) {
		a.setEmail(fmt.Sprintf("o'brien+list.%d@example.com", g.nextNumber()))
	}),
	{name: "email equal to the placeholder of another user", size: 2, make: func(g *generator) {
		other, a := g.addPhoneUser(), g.addEmailUser()
		a.setEmail(other.id() + "@phone-only.supabase-migration.invalid")
		a.removePassword(unknownBcryptHash)
	}},
}

// addUsersWithSameEmail creates users whose emails differ only in case. They sign up in this order, and the first one
// owns the email. In all spellings %d is replaced by the same number.
func (g *generator) addUsersWithSameEmail(spellings ...string) []*account {
	n, born := g.nextNumber(), g.randomTime()
	var group []*account
	for i, spelling := range spellings {
		a := g.addEmailUser()
		a.setEmail(fmt.Sprintf(spelling, n))
		a.setPassword(sameEmailPasswords[i])
		a.user["created_at"] = formatTime(born.Add(time.Duration(i) * time.Hour))
		a.cannotSignIn = i > 0
		group = append(group, a)
	}
	return group
}

// giveEmailToSecond makes the second user of the group the owner of the email.
func giveEmailToSecond(group []*account) { group[0].cannotSignIn, group[1].cannotSignIn = true, false }

var emailConflictKinds = []userKind{
	{name: "email of two users", weight: 5, size: 2, make: func(g *generator) {
		g.addUsersWithSameEmail("person.%d@example.com", "Person.%d@example.com")
	}},
	{name: "email of three users", weight: 3, size: 3, make: func(g *generator) {
		g.addUsersWithSameEmail("Person.%d@Example.com", "person.%d@example.com", "PERSON.%d@EXAMPLE.COM")
	}},
	{name: "email of two users, the older unconfirmed", weight: 3, size: 2, make: func(g *generator) {
		group := g.addUsersWithSameEmail("person.%d@example.com", "Person.%d@example.com")
		giveEmailToSecond(group)
		g.setUnconfirmed(group[0])
	}},
	{name: "email of two users, one without created_at", weight: 1, size: 2, make: func(g *generator) {
		group := g.addUsersWithSameEmail("person.%d@example.com", "Person.%d@example.com")
		giveEmailToSecond(group)
		delete(group[0].user, "created_at")
	}},
	{name: "email of two users, both with the same created_at", weight: 1, size: 2, make: func(g *generator) {
		group := g.addUsersWithSameEmail("person.%d@example.com", "Person.%d@example.com")
		group[1].user["created_at"] = group[0].user["created_at"]
		if group[1].id() < group[0].id() {
			giveEmailToSecond(group)
		}
	}},
	{name: "email of two users, with a Turkish capital", weight: 1, size: 2, make: func(g *generator) {
		g.addUsersWithSameEmail("\u0130rem.%d@example.com", "i\u0307rem.%d@example.com")[0].cannotSignIn = true
	}},
	{name: "email of two users, the older with a Kelvin sign", weight: 1, size: 2, make: func(g *generator) {
		giveEmailToSecond(g.addUsersWithSameEmail("\u212aate.%d@example.com", "kate.%d@example.com"))
	}},
	{name: "email of two users, with a final sigma", weight: 1, size: 2, make: func(g *generator) {
		g.addUsersWithSameEmail("%d.ΟΔΟΣ@example.com", "%d.οδος@example.com")[0].cannotSignIn = true
	}},
}

// kindWithPhonesStoredWithSQL returns a kind that creates one user for each of the phones, which were stored by SQL. %d
// in a phone is replaced by a number of seven digits, the same for all these users.
func kindWithPhonesStoredWithSQL(name string, weight int, phones ...string) userKind {
	return userKind{name: name, weight: weight, size: len(phones), make: func(g *generator) {
		n := 1_000_000 + g.nextNumber()
		for _, phone := range phones {
			if strings.Contains(phone, "%d") {
				phone = fmt.Sprintf(phone, n)
			}
			g.addPhoneUser().user["phone"] = phone
		}
	}}
}

var phoneKinds = []userKind{
	kindWithPhonesStoredWithSQL("empty phone", 0, ""),
	kindWithPhonesStoredWithSQL("phone with a plus", 4, "+1555%d"),
	kindWithPhonesStoredWithSQL("phone with punctuation", 2, "+1 (555) %d.0-1"),
	kindWithPhonesStoredWithSQL("invalid phone", 1, "ask at desk %d"),
	kindWithPhonesStoredWithSQL("phone with a leading zero", 1, "0155%d"),
	kindWithPhonesStoredWithSQL("phone of too many digits", 1, "123456789%d"),
	kindWithPhonesStoredWithSQL("phone of two users", 3, "1556%d", "+1556%d"),
	kindWithPhonesStoredWithSQL("phone of three users", 1, "+1 557 %d", "1557%d", "+1557%d"),
}

// unusedTokenKinds are kinds of users with an unused one-time token: for a new email or phone number, for recovery or
// for reauthentication.
var unusedTokenKinds = []userKind{
	specialUserKind("email change pending", 4, func(g *generator, a *account) {
		a.user["email_change"], a.user["email_change_confirm_status"] = g.newEmail(), 1
		a.user["email_change_sent_at"] = a.hoursAfterCreation(50)
		g.addOneTimeToken(a, "email_change_token_new")
		g.addOneTimeToken(a, "email_change_token_current")
	}),
	specialUserKind("phone change pending", 2, func(g *generator, a *account) {
		a.user["phone_change"], a.user["phone_change_sent_at"] = g.newPhone(), a.hoursAfterCreation(50)
		g.addOneTimeToken(a, "phone_change_token")
	}),
	specialUserKind("recovery pending", 6, func(g *generator, a *account) {
		a.user["recovery_sent_at"] = a.hoursAfterCreation(60)
		g.addOneTimeToken(a, "recovery_token")
	}),
	specialUserKind("reauthentication pending", 1, func(g *generator, a *account) {
		a.user["reauthentication_sent_at"] = a.hoursAfterCreation(60)
		g.addOneTimeToken(a, "reauthentication_token")
	}),
}
