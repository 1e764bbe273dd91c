package run

import (
	"context"
	_ "embed" // catalog.sql
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5"

	"github.com/xenon-auth/xenon/shared/importer/mapping"
	tables "github.com/xenon-auth/xenon/shared/schema"
)

//go:embed catalog.sql
var catalogQuery string

var stringLiteral = regexp.MustCompile(`'((?:[^']|'')*)'`)

// describeTable reads the description of a table from pg_catalog. A table that does not exist is not an error: then
// Exists is false. choices are the names of the fields for which user_profile allows only values of a list.
func describeTable(ctx context.Context, db *pgx.Conn, name string, choices []string) (mapping.Table, error) {
	all, err := describeTables(ctx, db, []string{name}, choices)
	if err != nil {
		return mapping.Table{Name: name}, err
	}
	return all[0], nil
}

// describeTables reads the descriptions of tables, in their order, with one query.
func describeTables(ctx context.Context, db *pgx.Conn, names, choices []string) ([]mapping.Table, error) {
	schemas, relations := make([]string, len(names)), make([]string, len(names))
	for i, name := range names {
		var ok bool
		if schemas[i], relations[i], ok = strings.Cut(name, "."); !ok {
			return nil, fmt.Errorf("%w: the name of the table %q needs its schema, such as public.%s", ErrRefused, name, name)
		}
	}
	rows, err := db.Query(ctx, catalogQuery, schemas, relations)
	if err != nil {
		return nil, fmt.Errorf("describe %s: %w", strings.Join(names, ", "), err)
	}
	all, err := pgx.CollectRows(
		rows,
		func(row pgx.CollectableRow) (mapping.Table, error) { return scanTable(row, choices) },
	)
	if err != nil {
		return nil, fmt.Errorf("describe %s: %w", strings.Join(names, ", "), err)
	}
	for i, name := range names {
		all[i].Name = name
	}
	return all, nil
}

// scanTable reads a row of the catalog query. It does not set Name.
func scanTable(row pgx.CollectableRow, choices []string) (t mapping.Table, err error) {
	var columns []struct {
		Name, Type, Check string
		Generated, Unique bool
		Precision         *int
		Labels            []string
	}
	if err := row.Scan(&t.Exists, &t.Readable, &t.Foreign, &columns); err != nil {
		return t, err
	}
	for _, c := range columns {
		column := mapping.TableColumn{
			Name: c.Name, Type: c.Type, Precision: c.Precision, Generated: c.Generated, Unique: c.Unique, Labels: c.Labels,
		}
		// The mapping does not use the CHECK constraints of other columns.
		if slices.Contains(choices, c.Name) {
			column.Allowed = quotedValues(c.Check)
		}
		t.Columns = append(t.Columns, column)
	}
	return t, nil
}

func quotedValues(check string) (values []string) {
	for _, m := range stringLiteral.FindAllStringSubmatch(check, -1) {
		values = append(values, strings.ReplaceAll(m[1], "''", "'"))
	}
	return values
}

const (
	hasICU = `EXISTS (
  SELECT FROM pg_collation
  WHERE collname = 'und-x-icu' AND collnamespace = 'pg_catalog'::regnamespace)`

	serverQuery = `SELECT current_setting('server_version'), current_setting('server_version_num')::int, ` + hasICU

	touchTriggerQuery = `SELECT EXISTS (
  SELECT FROM pg_trigger t
  JOIN pg_proc f ON f.oid = t.tgfoid
  JOIN pg_class c ON c.oid = t.tgrelid
  JOIN pg_namespace n ON n.oid = c.relnamespace
  WHERE n.nspname = $1
    AND c.relname = 'user_profile'
    AND f.proname = 'user_profile_touch'
    AND f.prosrc NOT LIKE '%xenon.keep_updated_at%')`

	hasSessionTables = `SELECT to_regclass('"supabaseSession"') IS NOT NULL
  AND to_regclass('"supabaseCredential"') IS NOT NULL AND to_regclass('"supabaseBridge"') IS NOT NULL`
)

// readSourceCatalog reads the catalog of the source.
func readSourceCatalog(ctx context.Context, db *pgx.Conn, o mapping.Options) (mapping.SourceCatalog, error) {
	var s mapping.SourceCatalog
	if err := db.QueryRow(ctx, serverQuery).Scan(&s.Server, &s.Version, &s.ICU); err != nil {
		return s, fmt.Errorf("read the version of the source: %w", err)
	}
	wanted := []describedTable{
		{"auth.users", &s.Users},
		{"auth.identities", &s.Identities},
		{"auth.mfa_factors", &s.Factors},
		{"auth.webauthn_credentials", &s.Passkeys},
		{"auth.sessions", &s.Sessions},
		{"auth.refresh_tokens", &s.RefreshTokens},
		{"auth.mfa_amr_claims", &s.AMRClaims},
	}
	if o.Profiles != mapping.NoProfiles {
		wanted = append(wanted, describedTable{o.Profiles, &s.Profiles})
	}
	return s, describeAll(ctx, db, o, wanted)
}

type describedTable struct {
	name string
	into *mapping.Table
}

func describeAll(ctx context.Context, db *pgx.Conn, o mapping.Options, wanted []describedTable) error {
	names := make([]string, len(wanted))
	for i, w := range wanted {
		names[i] = w.name
	}
	all, err := describeTables(ctx, db, names, o.ChoiceFields())
	for i, t := range all {
		*wanted[i].into = t
	}
	return err
}

// HasICU reports whether the server has the root collation of ICU.
func HasICU(ctx context.Context, db *pgx.Conn) (icu bool, err error) {
	err = db.QueryRow(ctx, "SELECT "+hasICU).Scan(&icu)
	return icu, Wrap("read the collations of the target", err)
}

// ReadTargetCatalog reads the catalog of the target, for the fields of the profile in the options.
func ReadTargetCatalog(ctx context.Context, db *pgx.Conn, o mapping.Options) (mapping.TargetCatalog, error) {
	var t mapping.TargetCatalog
	var icu bool
	if err := db.QueryRow(ctx, serverQuery).Scan(&t.Server, &t.Version, &icu); err != nil {
		return t, fmt.Errorf("read the version of the target: %w", err)
	}
	if err := db.QueryRow(ctx, "SELECT coalesce(current_schema()::text, '')").Scan(&t.Schema); err != nil {
		return t, fmt.Errorf("read the schema of the target: %w", err)
	}
	var mismatch *tables.Error
	err := tables.CheckTables(ctx, db, t.Schema, isNeededByImport, o.DeclaredFields()...)
	if err != nil && !errors.As(err, &mismatch) {
		return t, fmt.Errorf("check the tables of the target: %w", err)
	}
	if mismatch != nil {
		for _, p := range mismatch.Problems {
			t.Problems = append(t.Problems, p.String())
			t.WrongColumns = t.WrongColumns || p.Column != ""
		}
	}
	if err := db.QueryRow(ctx, touchTriggerQuery, t.Schema).Scan(&t.TouchTrigger); err != nil {
		return t, fmt.Errorf("look for triggers of the target: %w", err)
	}
	if err := db.QueryRow(ctx, hasSessionTables).Scan(&t.SessionTables); err != nil {
		return t, fmt.Errorf("look for the tables of sessions in the target: %w", err)
	}
	return t, describeAll(ctx, db, o, []describedTable{
		{t.Schema + ".user", &t.User},
		{t.Schema + ".account", &t.Account},
		{t.Schema + ".user_profile", &t.Profile},
		{t.Schema + ".twoFactor", &t.TwoFactor},
	})
}

// isNeededByImport reports whether an import needs a migration of the target. It does not need the columns that
// migrations from number 3 on add.
func isNeededByImport(migration int64) bool { return migration < 3 }

// readMapping returns the mapping for the options and the catalogs of both databases. It does not set AsOf.
func readMapping(ctx context.Context, src, dst *pgx.Conn, o mapping.Options) (mapping.Mapping, error) {
	m := mapping.Mapping{Options: o}
	var err error
	if m.Source, err = readSourceCatalog(ctx, src, o); err != nil {
		return m, err
	}
	m.Source.Profiles = o.RenameProfileColumns(m.Source.Profiles)
	m.Target, err = ReadTargetCatalog(ctx, dst, o)
	return m, err
}
