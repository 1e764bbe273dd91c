package tables

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5/pgconn"
)

// executeAll executes statements, each in a savepoint.
func (b *beginning) executeAll(ctx context.Context, lists ...[]statement) error {
	for _, list := range lists {
		for i := range list {
			s := &list[i]
			if s.SQL = b.executable(*s); s.SQL == "" {
				continue
			}
			if err := b.execute(ctx, *s); err != nil {
				return err
			}
		}
	}
	return nil
}

// executable returns the statement for the target. It is empty if the target needs none.
func (b *beginning) executable(s statement) string {
	switch {
	case s.Kind == "SCHEMA" && s.Section == tables && !strings.Contains(s.SQL, " IF NOT EXISTS "):
		return strings.Replace(s.SQL, "CREATE SCHEMA ", "CREATE SCHEMA IF NOT EXISTS ", 1)
	case isPrivileges(s.Kind):
		return b.withoutUnknownRoles(s)
	}
	return s.SQL
}

// execute executes a statement. If Postgres rejects it, the object is left out, or the move cannot begin.
func (b *beginning) execute(ctx context.Context, s statement) error {
	e, err := try(ctx, b.dst, s.SQL)
	switch {
	case err != nil:
		return fmt.Errorf("create %s %s: %w", strings.ToLower(s.Kind), s.Name, err)
	case e == nil:
	case s.isEssential() || slices.Contains(duplicates, e.Code):
		b.fatal = append(b.fatal, fmt.Sprintf("%s %s: %s", strings.ToLower(s.Kind), s.Name, b.advice(e)))
	case b.belongsToLeftOut(s):
		b.skipped = append(b.skipped, s)
	default:
		b.leftOut = append(b.leftOut, LeftOut{s.Kind, s.Name, e.Message})
	}
	return nil
}

// belongsToLeftOut reports whether a statement only adds privileges or a comment to an object that is left out.
func (b *beginning) belongsToLeftOut(s statement) bool {
	return (s.Kind == "ACL" || s.Kind == "COMMENT") && slices.ContainsFunc(b.leftOut, func(o LeftOut) bool {
		_, name, _ := strings.Cut(o.Name, ".")
		return strings.HasSuffix(s.Name, " "+name)
	})
}

// duplicates are the SQLSTATEs of an object that exists already.
var duplicates = []string{"42P07", "42710", "42723", "42P06"}

// advice returns the message of Postgres with what the operator can do.
func (b *beginning) advice(e *pgconn.PgError) string {
	switch {
	case slices.Contains(duplicates, e.Code):
		return e.Message + " in the target. Rename it there, exclude the table, or give Xenon's tables a schema of their " +
			"own (SCHEMA=xenon)"
	case slices.Contains(undefined, e.Code) && len(b.missing) > 0:
		return e.Message + ". The target does not offer these extensions of the source: " + strings.Join(b.missing, ", ") +
			". Install what is missing there, or leave the table behind with --exclude"
	}
	return e.Message
}

// undefined are the SQLSTATEs of an object, a function, a file or a schema that does not exist.
var undefined = []string{"42704", "42883", "58P01", "3F000"}

// optionalKinds are objects without which the rows and their protection are complete.
var optionalKinds = []string{
	"VIEW",
	"MATERIALIZED VIEW",
	"FUNCTION",
	"PROCEDURE",
	"AGGREGATE",
	"TRIGGER",
	"INDEX",
	"INDEX ATTACH",
	"RULE",
	"COMMENT",
	"ACL",
	"DEFAULT ACL",
	"STATISTICS",
	"EXTENSION",
	"EVENT TRIGGER",
	"TEXT SEARCH CONFIGURATION",
	"TEXT SEARCH DICTIONARY",
	"OPERATOR",
	"CAST",
	"CONVERSION",
	foreignKey,
}

// isEssential reports whether a move cannot begin without the object. A permissive policy allows access, so without it
// a table is better protected; a restrictive one is essential.
func (s statement) isEssential() bool {
	if s.Kind == "POLICY" {
		return strings.Contains(s.SQL, " AS RESTRICTIVE ")
	}
	return !slices.Contains(optionalKinds, s.Kind)
}

func isPrivileges(kind string) bool { return kind == "ACL" || kind == "DEFAULT ACL" }

// withoutUnknownRoles returns the GRANT and REVOKE statements that name only roles of the target. Each is one line.
func (b *beginning) withoutUnknownRoles(s statement) string {
	if s.Kind == "DEFAULT ACL" {
		// Supabase grants every new table of public to anonymous visitors. In the target that would include Xenon's tables.
		return ""
	}
	var kept []string
	for _, line := range strings.Split(s.SQL, "\n") {
		role := strings.TrimSuffix(strings.TrimSuffix(line, ";"), " WITH GRANT OPTION")
		for _, before := range []string{" TO ", " FROM "} {
			if i := strings.LastIndex(role, before); i >= 0 {
				role = role[i+len(before):]
			}
		}
		if role == "PUBLIC" || slices.Contains(b.roles, strings.Trim(role, `"`)) || isShimRole(role) {
			kept = append(kept, line)
		}
	}
	return strings.Join(kept, "\n")
}

func isShimRole(role string) bool {
	return slices.Contains([]string{"anon", "authenticated", "service_role"}, role)
}
