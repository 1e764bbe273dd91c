package schema

import (
	"context"
	"fmt"
	"strings"

	"github.com/jackc/pgx/v5"
)

// Grants returns the statements that give a role the privileges that requests need in the schema called name, and
// revoke all others on the same tables. With these the role can read and write rows, but not create, alter or drop
// tables.
func Grants(name, role string) []string {
	grantee := quoteIdentifier(role)
	all := []string{"GRANT USAGE ON SCHEMA " + quoteIdentifier(name) + " TO " + grantee}
	for _, t := range Tables {
		table := pgx.Identifier{name, t.Name}.Sanitize()
		all = append(all, "REVOKE ALL ON "+table+" FROM "+grantee, "GRANT "+t.Grants+" ON "+table+" TO "+grantee)
	}
	return all
}

// Executor is a connection or a transaction.
type Executor interface {
	Querier
	Begin(ctx context.Context) (pgx.Tx, error)
}

// Grant gives an existing role the privileges of Grants in one transaction. It returns an error for a role that has
// more privileges: a role that owns the tables, is a superuser, bypasses row level security, can create roles, or can
// create tables in the schema.
func Grant(ctx context.Context, db Executor, name, role string) error {
	return pgx.BeginFunc(ctx, db, func(tx pgx.Tx) error {
		for _, sql := range Grants(name, role) {
			if _, err := tx.Exec(ctx, sql); err != nil {
				return fmt.Errorf("%s: %w", sql, err)
			}
		}
		return checkNotTooPrivileged(ctx, tx, name, role)
	})
}

// checkNotTooPrivileged returns an error if the role has privileges that requests do not need.
func checkNotTooPrivileged(ctx context.Context, tx pgx.Tx, name, role string) error {
	var super, owner, create, public bool
	err := tx.QueryRow(ctx, `
		SELECT r.rolsuper OR r.rolbypassrls OR r.rolcreaterole,
		       EXISTS (
		         SELECT FROM pg_class c WHERE c.relnamespace = n.oid AND c.relname = ANY ($3::text[])
		         AND pg_has_role(r.oid, c.relowner, 'USAGE')),
		       has_schema_privilege(r.oid, n.oid, 'CREATE'),
		       EXISTS (
		         SELECT FROM aclexplode(n.nspacl) a WHERE a.grantee = 0 AND a.privilege_type = 'CREATE')
		FROM pg_roles r, pg_namespace n
		WHERE r.rolname = $1 AND n.nspname = $2`, role, name, TableNames()).Scan(&super, &owner, &create, &public)
	if err != nil {
		return fmt.Errorf("read the privileges of the role %s: %w", role, err)
	}
	var why []string
	if super {
		why = append(why, "it can create roles, bypasses row level security, or is a superuser")
	}
	if owner {
		why = append(why, "it owns the tables, or is a member of their owner")
	}
	if create && !super && !owner {
		repair := "REVOKE CREATE ON SCHEMA " + quoteIdentifier(name) + " FROM " + quoteIdentifier(role) + ";"
		if public {
			repair = "REVOKE CREATE ON SCHEMA " + quoteIdentifier(name) + " FROM PUBLIC;"
		}
		why = append(why, "it can create tables in the schema "+name+" (repair: "+repair+")")
	}
	if len(why) > 0 {
		return fmt.Errorf("the role %s has more privileges than requests need: %s", role, strings.Join(why, "; "))
	}
	return nil
}
