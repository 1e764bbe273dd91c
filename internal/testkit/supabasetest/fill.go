package supabasetest

import (
	"context"
	"testing"

	"github.com/jackc/pgx/v5"
)

// Census is what Fill put into the source: how many rows, how many users of each shape, and some people whose password is
// known.
type Census struct {
	Users, Identities, Profiles, Factors, Passkeys int

	People []Person
	Shapes map[string]int // users by the name of their shape; some have several
}

// Person is somebody whose password is known.
type Person struct {
	ID, Email, Phone, Password, Shape string // Email in lower case, and also where a soft delete has scrubbed it; "" is none

	// SignsIn says whether Email and Password must work on the new side when people whose address was never confirmed are
	// held and people with a second factor are allowed in. Where it is false they must not.
	SignsIn bool
}

// atLeast is the number of users from which on Fill leaves no shape out.
const atLeast = 200

// peopleOfShape bounds how many of each shape end up among the people of a Census.
const peopleOfShape = 3

// Fill fills an empty source with exactly that many users, most of them ordinary, and what belongs to them. The same seed and
// number give the same rows, byte for byte, on any day: what is banned for a time is so until 2099. From 200 users on every
// shape occurs; fewer are a random sample. Orphan profiles need a superuser.
func Fill(t testing.TB, url string, seed uint64, users int) Census {
	t.Helper()
	t.Logf("a source of %d users from seed %d", users, seed)
	g := newGenerator(seed)
	g.deal(users)
	on(t, url, "fill the source", g.write)
	return g.census
}

// deal makes the people: every shape once, then at random by weight.
func (g *generator) deal(n int) {
	total := 0
	for _, s := range shapes {
		total += s.weight
		switch {
		case n < atLeast:
		case s.side == "":
			g.one(s)
		default:
			g.lay(s)
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

// draw returns the shape that a number less than all the weights together falls on.
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

// lay lays a shape over the next base.
func (g *generator) lay(s shape) {
	s.over(g, g.bases[g.laid[s.side]])
	g.laid[s.side]++
	g.census.Shapes[s.name]++
}

func (a *account) person(shape string) Person {
	phone, _ := a.user["phone"].(string)
	if a.user["deleted_at"] != nil {
		phone = "" // scrubbed
	}
	return Person{
		ID:       a.id(),
		Email:    a.email,
		Phone:    phone,
		Password: a.password,
		Shape:    shape,
		SignsIn:  a.email != "" && !a.barred,
	}
}

// count tells the census what there is besides shapes and people.
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

// write copies everything, and tells the planner, in one transaction.
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

// writeOrphans adds the profiles that no user has, which the foreign key would refuse, and ends the transaction.
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
