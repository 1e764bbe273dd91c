package supabasetest

import (
	"context"
	"testing"

	"github.com/jackc/pgx/v5"
)

// Census describes the rows that Fill wrote: how many rows, how many users of each shape, and some users whose password
// is known.
type Census struct {
	Users, Identities, Profiles, Factors, Passkeys int

	People []Person
	Shapes map[string]int // users by the name of their shape; some have several
}

// Person is a user whose password is known.
type Person struct {
	ID, Email, Phone, Password, Shape string // Email in lower case, also after a soft delete; "" is none

	// SignsIn reports whether Email and Password must sign in at the target when passwords of unconfirmed users are
	// withheld and users with a second factor are allowed. If false, they must not.
	SignsIn bool
}

// atLeast is the least number of users for which every shape occurs.
const atLeast = 200

// peopleOfShape is the largest number of users of each shape in a Census.
const peopleOfShape = 3

// Fill fills an empty source with exactly that many users, most of them ordinary, and the rows that belong to them. The
// same seed and number give the same rows, byte for byte, on any day: temporary bans last until 2099. With 200 users or
// more every shape occurs; fewer are a random sample. Orphan profiles need a superuser.
func Fill(t testing.TB, url string, seed uint64, users int) Census {
	t.Helper()
	t.Logf("a source of %d users from seed %d", users, seed)
	g := newGenerator(seed)
	g.generateUsers(users)
	on(t, url, "fill the source", g.write)
	return g.census
}

// generateUsers makes the users: every shape once, then at random by weight.
func (g *generator) generateUsers(n int) {
	total := 0
	for _, s := range shapes {
		total += s.weight
		switch {
		case n < atLeast:
		case s.side == "":
			g.one(s)
		default:
			g.applyShape(s)
		}
	}
	for len(g.accounts) < n {
		s := draw(g.rng.IntN(total))
		if len(g.accounts)+s.users() > n {
			s = shapes[0] // of a single user
		}
		g.one(s)
	}
	g.history()
	g.count()
}

// draw returns the shape for a number below the sum of all weights.
func draw(n int) shape {
	for _, s := range shapes {
		if n -= s.weight; n < 0 {
			return s
		}
	}
	panic("supabasetest: more than the weights")
}

// one makes a group of a shape.
func (g *generator) one(s shape) {
	before := len(g.accounts)
	s.make(g)
	for _, a := range g.accounts[before:] {
		g.census.Shapes[s.name]++
		if s.base {
			g.bases = append(g.bases, a)
		}
		if a.password != "" && g.census.Shapes[s.name] <= peopleOfShape*s.users() {
			g.census.People = append(g.census.People, a.person(s.name))
		}
	}
}

// applyShape applies a shape to the next base.
func (g *generator) applyShape(s shape) {
	s.over(g, g.bases[g.laid[s.side]])
	g.laid[s.side]++
	g.census.Shapes[s.name]++
}

func (a *account) person(shape string) Person {
	phone, _ := a.user["phone"].(string)
	if a.user["deleted_at"] != nil {
		phone = "" // a soft delete overwrites it
	}
	return Person{
		ID:       a.id(),
		Email:    a.email,
		Phone:    phone,
		Password: a.password,
		Shape:    shape,
		SignsIn:  a.email != "" && !a.blocked,
	}
}

// count adds the numbers of rows to the census.
func (g *generator) count() {
	g.census.Users = len(g.accounts)
	g.census.Identities = len(g.of(func(a *account) []row { return a.identities }))
	g.census.Profiles = len(g.of(func(a *account) []row { return a.profiles })) + len(g.orphans)
	g.census.Factors = len(g.of(func(a *account) []row { return a.factors }))
	g.census.Passkeys = len(g.of(func(a *account) []row { return a.passkeys }))
}

// of collects the rows of one kind.
func (g *generator) of(kind func(*account) []row) []row {
	var rows []row
	for _, a := range g.accounts {
		rows = append(rows, kind(a)...)
	}
	return rows
}

// write copies all rows and analyzes the tables, in one transaction.
func (g *generator) write(ctx context.Context, conn *pgx.Conn) error {
	if _, err := conn.Exec(ctx, "BEGIN"); err != nil {
		return err
	}
	for _, part := range []struct {
		table
		rows []row
	}{
		{users, g.of(func(a *account) []row { return []row{a.user} })},
		{identities, g.of(func(a *account) []row { return a.identities })},
		{factors, g.of(func(a *account) []row { return a.factors })},
		{passkeys, g.of(func(a *account) []row { return a.passkeys })},
		{profiles, g.of(func(a *account) []row { return a.profiles })},
		{sessions, g.of(func(a *account) []row { return a.sessions })},
		{oneTimeTokens, g.of(func(a *account) []row { return a.tokens })},
		{ssoProviders, g.ssoProviders},
		{ssoDomains, g.ssoDomains},
		{samlProviders, g.samlProviders},
		{auditLog, g.audit},
	} {
		if err := part.add(ctx, conn, part.rows); err != nil {
			return err
		}
	}
	return g.writeOrphans(ctx, conn)
}

// writeOrphans adds the profiles without a user, which the foreign key would refuse, and ends the transaction.
func (g *generator) writeOrphans(ctx context.Context, conn *pgx.Conn) error {
	if len(g.orphans) > 0 {
		if _, err := conn.Exec(ctx, "SET LOCAL session_replication_role = replica"); err != nil {
			return err
		}
		if err := profiles.add(ctx, conn, g.orphans); err != nil {
			return err
		}
	}
	_, err := conn.Exec(ctx, "ANALYZE auth.users, auth.identities, public.profiles; COMMIT")
	return err
}
