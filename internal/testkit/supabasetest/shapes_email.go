package supabasetest

import (
	"fmt"
	"strings"
	"time"
)

// spelled is a user whose email can only be written with SQL and cannot be used to sign in.
func spelled(name string, weight int, email func(n int) string) shape {
	return variant(name, weight, func(g *generator, a *account) {
		a.setEmail(email(g.next()))
		a.blocked = true
	})
}

// once is for a value that the unique index accepts only once.
func once(value string) func(int) string { return func(int) string { return value } }

var emails = []shape{
	spelled("empty email", 0, once("")),
	spelled("blank email", 0, once("   ")),
	spelled("email with spaces around", 1, func(n int) string { return fmt.Sprintf(" person.%d@example.com ", n) }),
	spelled("email with a space inside", 1, func(n int) string { return fmt.Sprintf("per son.%d@example.com", n) }),
	spelled("email without @", 1, func(n int) string { return fmt.Sprintf("person.%d", n) }),
	spelled("email with two @", 1, func(n int) string { return fmt.Sprintf("person.%d@here@example.com", n) }),
	spelled("email in quotes", 1, func(n int) string { return fmt.Sprintf(`"per\\son.%d"@example.com`, n) }),
	spelled(
		"email with a newline and a tab",
		1,
		func(n int) string { return fmt.Sprintf("person.%d@example.com\n\t", n) },
	),
	spelled("email beyond ASCII", 2, func(n int) string { return fmt.Sprintf("jürgen.%d@bücher.example", n) }),
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
		victim, a := g.byPhone(), g.byEmail()
		a.setEmail(victim.id() + "@phone-only.supabase-migration.invalid")
		a.noPassword(random)
	}},
}

// claim makes users whose emails differ only in case. They sign up in this order, and the first one owns the email.
// %d in a spelling is the same number for all.
func (g *generator) claim(spellings ...string) []*account {
	n, born := g.next(), g.instant()
	var group []*account
	for i, spelling := range spellings {
		a := g.byEmail()
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
		g.claim("person.%d@example.com", "Person.%d@example.com")
	}},
	{name: "email of three", weight: 3, size: 3, make: func(g *generator) {
		g.claim("Person.%d@Example.com", "person.%d@example.com", "PERSON.%d@EXAMPLE.COM")
	}},
	{name: "email of two, the older unconfirmed", weight: 3, size: 2, make: func(g *generator) {
		group := g.claim("person.%d@example.com", "Person.%d@example.com")
		swap(group)
		g.unconfirm(group[0])
	}},
	{name: "email of two, one of no age", weight: 1, size: 2, make: func(g *generator) {
		group := g.claim("person.%d@example.com", "Person.%d@example.com")
		swap(group)
		delete(group[0].user, "created_at")
	}},
	{name: "email of two, of one age", weight: 1, size: 2, make: func(g *generator) {
		group := g.claim("person.%d@example.com", "Person.%d@example.com")
		group[1].user["created_at"] = group[0].user["created_at"]
		if group[1].id() < group[0].id() {
			swap(group)
		}
	}},
	{name: "email of two, with a Turkish capital", weight: 1, size: 2, make: func(g *generator) {
		g.claim("\u0130rem.%d@example.com", "i\u0307rem.%d@example.com")[0].blocked = true
	}},
	{name: "email of two, the older with a Kelvin sign", weight: 1, size: 2, make: func(g *generator) {
		swap(g.claim("\u212aate.%d@example.com", "kate.%d@example.com"))
	}},
	{name: "email of two, with a final sigma", weight: 1, size: 2, make: func(g *generator) {
		g.claim("%d.ΟΔΟΣ@example.com", "%d.οδος@example.com")[0].blocked = true
	}},
}

// dialled is a user whose phone number was written by SQL; %d is a number of seven digits.
func dialled(name string, weight int, phones ...string) shape {
	return shape{name: name, weight: weight, size: len(phones), make: func(g *generator) {
		n := 1_000_000 + g.next()
		for _, phone := range phones {
			if strings.Contains(phone, "%d") {
				phone = fmt.Sprintf(phone, n)
			}
			g.byPhone().user["phone"] = phone
		}
	}}
}

var numbers = []shape{
	dialled("empty phone", 0, ""),
	dialled("phone with a plus", 4, "+1555%d"),
	dialled("phone with punctuation", 2, "+1 (555) %d.0-1"),
	dialled("phone that is none", 1, "ask at desk %d"),
	dialled("phone with a leading zero", 1, "0155%d"),
	dialled("phone of too many digits", 1, "123456789%d"),
	dialled("phone of two", 3, "1556%d", "+1556%d"),
	dialled("phone of three", 1, "+1 557 %d", "1557%d", "+1557%d"),
}

// pending are users with an unanswered mail or message.
var pending = []shape{
	variant("email change pending", 4, func(g *generator, a *account) {
		a.user["email_change"], a.user["email_change_sent_at"], a.user["email_change_confirm_status"] = g.email(), a.after(
			50,
		), 1
		g.ask(a, "email_change_token_new")
		g.ask(a, "email_change_token_current")
	}),
	variant("phone change pending", 2, func(g *generator, a *account) {
		a.user["phone_change"], a.user["phone_change_sent_at"] = g.phone(), a.after(50)
		g.ask(a, "phone_change_token")
	}),
	variant("recovery pending", 6, func(g *generator, a *account) {
		a.user["recovery_sent_at"] = a.after(60)
		g.ask(a, "recovery_token")
	}),
	variant("reauthentication pending", 1, func(g *generator, a *account) {
		a.user["reauthentication_sent_at"] = a.after(60)
		g.ask(a, "reauthentication_token")
	}),
}
