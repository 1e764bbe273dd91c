package supabasetest

import (
	"fmt"
	"strings"
	"time"
)

// invalidEmail is a user with an email that only SQL can store; the user cannot sign in with it.
func invalidEmail(name string, weight int, email func(n int) string) shape {
	return variant(name, weight, func(g *generator, a *account) {
		a.setEmail(email(g.next()))
		a.blocked = true
	})
}

// once is for a value that the unique index accepts only once.
func once(value string) func(int) string { return func(int) string { return value } }

var emails = []shape{
	invalidEmail("empty email", 0, once("")),
	invalidEmail("blank email", 0, once("   ")),
	invalidEmail("email with spaces around", 1, func(n int) string { return fmt.Sprintf(" person.%d@example.com ", n) }),
	invalidEmail("email with a space inside", 1, func(n int) string { return fmt.Sprintf("per son.%d@example.com", n) }),
	invalidEmail("email without @", 1, func(n int) string { return fmt.Sprintf("person.%d", n) }),
	invalidEmail("email with two @", 1, func(n int) string { return fmt.Sprintf("person.%d@here@example.com", n) }),
	invalidEmail("email in quotes", 1, func(n int) string { return fmt.Sprintf(`"per\\son.%d"@example.com`, n) }),
	invalidEmail(
		"email with a newline and a tab",
		1,
		func(n int) string { return fmt.Sprintf("person.%d@example.com\n\t", n) },
	),
	invalidEmail("email beyond ASCII", 2, func(n int) string { return fmt.Sprintf("jürgen.%d@bücher.example", n) }),
	variant("email of 255 characters", 1, func(g *generator, a *account) {
		const end = ".example.com"
		start := fmt.Sprintf("person.%d@", g.next())
		a.setEmail(start + strings.Repeat("long.", 60)[:255-len(start)-len(end)-1] + "x" + end)
	}),
	variant(
		"email in mixed case",
		5,
		func(g *generator, a *account) { a.setEmail(fmt.Sprintf("Person.%d@Example.COM", g.next())) },
	),
	variant("email with an apostrophe and a plus", 2, func(g *generator, a *account) {
		a.setEmail(fmt.Sprintf("o'brien+list.%d@example.com", g.next()))
	}),
	{name: "email equal to the placeholder of another user", size: 2, make: func(g *generator) {
		victim, a := g.addWithPhone(), g.addWithEmail()
		a.setEmail(victim.id() + "@phone-only.supabase-migration.invalid")
		a.removePassword(random)
	}},
}

// sameEmail creates users whose emails differ only in case. They sign up in this order, and the first one owns the
// email. In all spellings %d is replaced by the same number.
func (g *generator) sameEmail(spellings ...string) []*account {
	n, born := g.next(), g.instant()
	var group []*account
	for i, spelling := range spellings {
		a := g.addWithEmail()
		a.setEmail(fmt.Sprintf(spelling, n))
		a.secret(claimed[i])
		a.user["created_at"] = stamp(born.Add(time.Duration(i) * time.Hour))
		a.blocked = i > 0
		group = append(group, a)
	}
	return group
}

// swap gives the email to the second.
func swap(group []*account) { group[0].blocked, group[1].blocked = true, false }

var emailConflicts = []shape{
	{name: "email of two", weight: 5, size: 2, make: func(g *generator) {
		g.sameEmail("person.%d@example.com", "Person.%d@example.com")
	}},
	{name: "email of three", weight: 3, size: 3, make: func(g *generator) {
		g.sameEmail("Person.%d@Example.com", "person.%d@example.com", "PERSON.%d@EXAMPLE.COM")
	}},
	{name: "email of two, the older unconfirmed", weight: 3, size: 2, make: func(g *generator) {
		group := g.sameEmail("person.%d@example.com", "Person.%d@example.com")
		swap(group)
		g.setUnconfirmed(group[0])
	}},
	{name: "email of two, one of no age", weight: 1, size: 2, make: func(g *generator) {
		group := g.sameEmail("person.%d@example.com", "Person.%d@example.com")
		swap(group)
		delete(group[0].user, "created_at")
	}},
	{name: "email of two, of one age", weight: 1, size: 2, make: func(g *generator) {
		group := g.sameEmail("person.%d@example.com", "Person.%d@example.com")
		group[1].user["created_at"] = group[0].user["created_at"]
		if group[1].id() < group[0].id() {
			swap(group)
		}
	}},
	{name: "email of two, with a Turkish capital", weight: 1, size: 2, make: func(g *generator) {
		g.sameEmail("\u0130rem.%d@example.com", "i\u0307rem.%d@example.com")[0].blocked = true
	}},
	{name: "email of two, the older with a Kelvin sign", weight: 1, size: 2, make: func(g *generator) {
		swap(g.sameEmail("\u212aate.%d@example.com", "kate.%d@example.com"))
	}},
	{name: "email of two, with a final sigma", weight: 1, size: 2, make: func(g *generator) {
		g.sameEmail("%d.ΟΔΟΣ@example.com", "%d.οδος@example.com")[0].blocked = true
	}},
}

// sqlPhone is a user whose phone number was stored with SQL; %d is a number of seven digits.
func sqlPhone(name string, weight int, phones ...string) shape {
	return shape{name: name, weight: weight, size: len(phones), make: func(g *generator) {
		n := 1_000_000 + g.next()
		for _, phone := range phones {
			if strings.Contains(phone, "%d") {
				phone = fmt.Sprintf(phone, n)
			}
			g.addWithPhone().user["phone"] = phone
		}
	}}
}

var numbers = []shape{
	sqlPhone("empty phone", 0, ""),
	sqlPhone("phone with a plus", 4, "+1555%d"),
	sqlPhone("phone with punctuation", 2, "+1 (555) %d.0-1"),
	sqlPhone("invalid phone", 1, "ask at desk %d"),
	sqlPhone("phone with a leading zero", 1, "0155%d"),
	sqlPhone("phone of too many digits", 1, "123456789%d"),
	sqlPhone("phone of two", 3, "1556%d", "+1556%d"),
	sqlPhone("phone of three", 1, "+1 557 %d", "1557%d", "+1557%d"),
}

// pending are users who have not confirmed an email or a phone number.
var pending = []shape{
	variant("email change pending", 4, func(g *generator, a *account) {
		a.user["email_change"], a.user["email_change_sent_at"], a.user["email_change_confirm_status"] = g.email(), a.after(
			50,
		), 1
		g.addToken(a, "email_change_token_new")
		g.addToken(a, "email_change_token_current")
	}),
	variant("phone change pending", 2, func(g *generator, a *account) {
		a.user["phone_change"], a.user["phone_change_sent_at"] = g.phone(), a.after(50)
		g.addToken(a, "phone_change_token")
	}),
	variant("recovery pending", 6, func(g *generator, a *account) {
		a.user["recovery_sent_at"] = a.after(60)
		g.addToken(a, "recovery_token")
	}),
	variant("reauthentication pending", 1, func(g *generator, a *account) {
		a.user["reauthentication_sent_at"] = a.after(60)
		g.addToken(a, "reauthentication_token")
	}),
}
