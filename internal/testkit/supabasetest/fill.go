package supabasetest

import (
	"context"
	"testing"

	"github.com/jackc/pgx/v5"
)

// Summary describes the rows that Fill wrote: the number of rows, the number of users of each kind, and some users with
// a known password.
type Summary struct {
	Users, Identities, Profiles, Factors, Passkeys int

	KnownUsers []KnownUser
	Kinds      map[string]int // number of users by kind; a user can have several kinds
}

// KnownUser is a user whose password is in plain text in this package.
type KnownUser struct {
	// Email and Phone are "" if the user has none. Email is in lower case, and that of a soft-deleted user is the email
	// before the deletion.
	ID, Email, Phone, Password, Kind string

	// SignsIn reports whether the user can sign in at the target with Email and Password, after an import with
	// --unconfirmed hold and --mfa allow.
	SignsIn bool
}

// minUsersForAllKinds is a number of users that is large enough for every kind.
const minUsersForAllKinds = 200

// maxKnownUsersPerKind is how often the users of a kind are put into Summary.KnownUsers, each time with all users that
// the kind creates together.
const maxKnownUsersPerKind = 3

// Fill fills an empty source with the given number of users, most of them ordinary, and the rows that belong to them.
// The same seed and number always produce the same rows: no time depends on the current date, and temporary bans end in
// 2099. With 200 users or more every kind occurs; fewer users are a random sample. Fill needs a superuser, because some
// profiles have no user.
func Fill(t testing.TB, url string, seed uint64, users int) Summary {
	t.Helper()
	t.Logf("a source of %d users from seed %d", users, seed)
	g := newGenerator(seed)
	g.generateUsers(users)
	withConnection(t, url, "fill the source", g.writeTables)
	return g.summary
}

// generateUsers generates n users: from minUsersForAllKinds on, every kind once, and then random kinds by weight.
func (g *generator) generateUsers(n int) {
	total := 0
	for _, s := range userKinds {
		total += s.weight
		switch {
		case n < minUsersForAllKinds:
		case s.part == "":
			g.generateKind(s)
		default:
			g.changeNextBaseUser(s)
		}
	}
	for len(g.accounts) < n {
		s := kindFor(g.rng.IntN(total))
		if len(g.accounts)+s.userCount() > n {
			s = userKinds[0] // this kind creates a single user
		}
		g.generateKind(s)
	}
	g.addAuditLog()
	g.countRows()
}

// kindFor returns the kind for a random number from 0 to the sum of all weights, exclusive.
func kindFor(n int) userKind {
	for _, s := range userKinds {
		if n -= s.weight; n < 0 {
			return s
		}
	}
	panic("supabasetest: the number is not below the sum of the weights")
}

// generateKind generates the users of one kind.
func (g *generator) generateKind(s userKind) {
	before := len(g.accounts)
	s.make(g)
	for _, a := range g.accounts[before:] {
		g.summary.Kinds[s.name]++
		if s.base {
			g.bases = append(g.bases, a)
		}
		if a.password != "" && g.summary.Kinds[s.name] <= maxKnownUsersPerKind*s.userCount() {
			g.summary.KnownUsers = append(g.summary.KnownUsers, a.knownUser(s.name))
		}
	}
}

// changeNextBaseUser applies a kind to the next base user whose part no kind has changed.
func (g *generator) changeNextBaseUser(s userKind) {
	s.change(g, g.bases[g.applied[s.part]])
	g.applied[s.part]++
	g.summary.Kinds[s.name]++
}

func (a *account) knownUser(kind string) KnownUser {
	phone, _ := a.user["phone"].(string)
	if a.user["deleted_at"] != nil {
		phone = "" // a soft delete overwrites it
	}
	return KnownUser{
		ID:       a.id(),
		Email:    a.email,
		Phone:    phone,
		Password: a.password,
		Kind:     kind,
		SignsIn:  a.email != "" && !a.cannotSignIn,
	}
}

// countRows adds the numbers of rows to the summary.
func (g *generator) countRows() {
	g.summary.Users = len(g.accounts)
	g.summary.Identities = len(g.rowsOf(func(a *account) []row { return a.identities }))
	g.summary.Profiles = len(g.rowsOf(func(a *account) []row { return a.profiles })) + len(g.orphans)
	g.summary.Factors = len(g.rowsOf(func(a *account) []row { return a.factors }))
	g.summary.Passkeys = len(g.rowsOf(func(a *account) []row { return a.passkeys }))
}

// rowsOf returns the rows of one kind of all accounts.
func (g *generator) rowsOf(kind func(*account) []row) []row {
	var rows []row
	for _, a := range g.accounts {
		rows = append(rows, kind(a)...)
	}
	return rows
}

// writeTables copies all rows into the tables and runs ANALYZE, in one transaction.
func (g *generator) writeTables(ctx context.Context, conn *pgx.Conn) error {
	if _, err := conn.Exec(ctx, "BEGIN"); err != nil {
		return err
	}
	for _, part := range []struct {
		table
		rows []row
	}{
		{usersTable, g.rowsOf(func(a *account) []row { return []row{a.user} })},
		{identitiesTable, g.rowsOf(func(a *account) []row { return a.identities })},
		{factorsTable, g.rowsOf(func(a *account) []row { return a.factors })},
		{passkeysTable, g.rowsOf(func(a *account) []row { return a.passkeys })},
		{profilesTable, g.rowsOf(func(a *account) []row { return a.profiles })},
		{sessionsTable, g.rowsOf(func(a *account) []row { return a.sessions })},
		{oneTimeTokensTable, g.rowsOf(func(a *account) []row { return a.tokens })},
		{ssoProvidersTable, g.ssoProviders},
		{ssoDomainsTable, g.ssoDomains},
		{samlProvidersTable, g.samlProviders},
		{auditLogTable, g.audit},
	} {
		if err := part.add(ctx, conn, part.rows); err != nil {
			return err
		}
	}
	return g.writeOrphans(ctx, conn)
}

// writeOrphans adds the profiles without a user, which violate the foreign key. Then it runs ANALYZE and commits the
// transaction.
func (g *generator) writeOrphans(ctx context.Context, conn *pgx.Conn) error {
	if len(g.orphans) > 0 {
		if _, err := conn.Exec(ctx, "SET LOCAL session_replication_role = replica"); err != nil {
			return err
		}
		if err := profilesTable.add(ctx, conn, g.orphans); err != nil {
			return err
		}
	}
	_, err := conn.Exec(ctx, "ANALYZE auth.users, auth.identities, public.profiles; COMMIT")
	return err
}
