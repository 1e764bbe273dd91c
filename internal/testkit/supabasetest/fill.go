package supabasetest

import (
	"context"
	"testing"

	"github.com/jackc/pgx/v5"
)

// Census describes the rows that Fill wrote: the number of rows, the number of users of each shape, and some users with
// a known password.
type Census struct {
	Users, Identities, Profiles, Factors, Passkeys int

	People []Person
	Shapes map[string]int // users by the name of their shape; some have several
}

// Person is a user whose password is known.
type Person struct {
	ID, Email, Phone, Password, Shape string // Email in lower case, also after a soft delete; "" is none

	// SignsIn reports whether the user can sign in at the target with Email and Password, after an import with
	// --unconfirmed hold and --mfa allow.
	SignsIn bool
}

// atLeast is the minimum number of users for which every shape occurs.
const atLeast = 200

// peopleOfShape is the maximum number of users of each shape in Census.People.
const peopleOfShape = 3

// Fill fills an empty source with exactly that many users, most of them ordinary, and the rows that belong to them. The
// same seed and number always produce the same rows, on every day: temporary bans end in 2099. With 200 users or more
// every shape occurs; fewer users are a random sample. Orphan profiles need a superuser.
func Fill(t testing.TB, url string, seed uint64, users int) Census {
	t.Helper()
	t.Logf("a source of %d users from seed %d", users, seed)
	g := newGenerator(seed)
	g.generateUsers(users)
	on(t, url, "fill the source", g.write)
	return g.census
}

// generateUsers generates the users: every shape once, then random shapes by weight.
func (g *generator) generateUsers(n int) {
	total := 0
	for _, s := range shapes {
		total += s.weight
		switch {
		case n < atLeast:
		case s.part == "":
			g.generateShape(s)
		default:
			g.applyShape(s)
		}
	}
	for len(g.accounts) < n {
		s := shapeFor(g.rng.IntN(total))
		if len(g.accounts)+s.users() > n {
			s = shapes[0] // of a single user
		}
		g.generateShape(s)
	}
	g.addAuditLog()
	g.count()
}

// shapeFor returns the shape for a number below the sum of all weights.
func shapeFor(n int) shape {
	for _, s := range shapes {
		if n -= s.weight; n < 0 {
			return s
		}
	}
	panic("supabasetest: more than the weights")
}

// generateShape generates the users of one shape.
func (g *generator) generateShape(s shape) {
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

// applyShape applies a shape to the next base user.
func (g *generator) applyShape(s shape) {
	s.change(g, g.bases[g.applied[s.part]])
	g.applied[s.part]++
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
	g.census.Identities = len(g.rowsOf(func(a *account) []row { return a.identities }))
	g.census.Profiles = len(g.rowsOf(func(a *account) []row { return a.profiles })) + len(g.orphans)
	g.census.Factors = len(g.rowsOf(func(a *account) []row { return a.factors }))
	g.census.Passkeys = len(g.rowsOf(func(a *account) []row { return a.passkeys }))
}

// rowsOf returns the rows of one kind.
func (g *generator) rowsOf(kind func(*account) []row) []row {
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
		{users, g.rowsOf(func(a *account) []row { return []row{a.user} })},
		{identities, g.rowsOf(func(a *account) []row { return a.identities })},
		{factors, g.rowsOf(func(a *account) []row { return a.factors })},
		{passkeys, g.rowsOf(func(a *account) []row { return a.passkeys })},
		{profiles, g.rowsOf(func(a *account) []row { return a.profiles })},
		{sessions, g.rowsOf(func(a *account) []row { return a.sessions })},
		{oneTimeTokens, g.rowsOf(func(a *account) []row { return a.tokens })},
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

// writeOrphans adds the profiles without a user, which violate the foreign key, and ends the transaction.
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
