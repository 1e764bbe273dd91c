// Package usertriggers makes triggers of auth.users again on Xenon's table "user". Most projects have one that adds a
// row to a table of their own at each sign-up.
//
// A trigger is made again only if its function does not need what Xenon does not have. The package reads the function
// token by token and replaces the columns of auth.users by expressions on "user". It refuses what it cannot decide.
package usertriggers

import (
	"context"
	_ "embed" // triggers.sql
	"fmt"
	"strings"

	"github.com/jackc/pgx/v5"
)

// Trigger is a trigger on auth.users.
type Trigger struct {
	Name               string // quoted as in SQL
	Definition         string // as pg_get_triggerdef returns it, with all schemas
	Schema             string // of the function, quoted as in SQL
	Function           string // name of the function
	FunctionDefinition string // as pg_get_functiondef returns it
	Language           string // of the function
	Enabled            bool
	ForEachRow         bool
	Before             bool // it fires before the change
	OnDelete           bool
	OnInsertOrUpdate   bool
	TransitionTables   bool
}

//go:embed triggers.sql
var triggersQuery string

// Read reads the triggers on auth.users that are not Supabase's own. The search_path of the connection must be empty,
// so that definitions name all schemas.
func Read(ctx context.Context, src *pgx.Conn) ([]Trigger, error) {
	rows, err := src.Query(ctx, triggersQuery)
	if err != nil {
		return nil, fmt.Errorf("read the triggers on auth.users: %w", err)
	}
	all, err := pgx.CollectRows(rows, pgx.RowToStructByPos[Trigger])
	if err != nil {
		return nil, fmt.Errorf("read the triggers on auth.users: %w", err)
	}
	return all, nil
}

// Title returns the name of the trigger with its function.
func (t Trigger) Title() string {
	return fmt.Sprintf("%s: %s.%s()", t.Name, t.Schema, quote(t.Function))
}

// UserTable is Xenon's table "user" in the target.
type UserTable struct {
	Name         string // with its schema, quoted as in SQL
	UserMetadata bool   // it has the column "userMetadata"
	AppMetadata  bool   // it has the column "appMetadata"
}

// UserMetadataOf returns an SQL expression for raw_user_meta_data of a row of "user".
func (u UserTable) UserMetadataOf(row string) string {
	known := fmt.Sprintf("jsonb_build_object('name', %[1]s.name, 'full_name', %[1]s.name, 'avatar_url', %[1]s.image)", row)
	if u.UserMetadata {
		known += fmt.Sprintf(` || coalesce(%s."userMetadata", '{}')`, row)
	}
	return known
}

// AppMetadataOf returns an SQL expression for raw_app_meta_data of a row of "user".
func (u UserTable) AppMetadataOf(row string) string {
	if u.AppMetadata {
		return fmt.Sprintf(`coalesce(%s."appMetadata", '{}')`, row)
	}
	return "'{}'::jsonb"
}

// columnOf returns the SQL expression for a column of auth.users in a row of "user", and false for a column that Xenon
// does not have.
func (u UserTable) columnOf(row, column string) (string, bool) {
	switch column {
	case "id", "email":
		return row + "." + column, true
	case "created_at":
		return row + `."createdAt"`, true
	case "updated_at":
		return row + `."updatedAt"`, true
	case "phone":
		return "NULL::text", true
	case "raw_user_meta_data":
		return "(" + u.UserMetadataOf(row) + ")", true
	case "raw_app_meta_data":
		return u.AppMetadataOf(row), true
	}
	return "", false
}

// sources returns the columns of "user" from which a column of auth.users is made, as in the list of UPDATE OF.
func (u UserTable) sources(column string) (names []string) {
	switch column {
	case "id", "email":
		names = []string{column}
	case "created_at":
		names = []string{`"createdAt"`}
	case "updated_at":
		names = []string{`"updatedAt"`}
	case "raw_user_meta_data":
		if names = []string{"name", "image"}; u.UserMetadata {
			names = append(names, `"userMetadata"`)
		}
	case "raw_app_meta_data":
		if u.AppMetadata {
			names = []string{`"appMetadata"`}
		}
	}
	return names
}

// quote returns an identifier as in SQL.
func quote(name string) string {
	plain := name != "" && !isDigit(name[0])
	for i := range len(name) {
		plain = plain && (name[i] == '_' || isDigit(name[i]) || name[i] >= 'a' && name[i] <= 'z')
	}
	if plain {
		return name
	}
	return `"` + strings.ReplaceAll(name, `"`, `""`) + `"`
}
