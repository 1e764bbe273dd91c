package importer

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5"

	"github.com/xenon-auth/xenon/shared/config"
	tables "github.com/xenon-auth/xenon/shared/schema"
)

// column is a column of a table, by its type as format_type writes it.
type column struct {
	name, typ string
	precision *int // of a time, where the column has one
	generated bool
	check     []string // what the column's CHECK constraints mention in quotes
	labels    []string // of an enum type
	unique    bool     // never NULL, and the same in no two rows
}

// table is a table as the catalog has it.
type table struct {
	name     string // as asked for, qualified
	exists   bool
	readable bool
	remote   bool // a foreign table: its rows lie on another server
	columns  []column
}

func (t table) there() bool { return t.exists && t.readable }

func (t table) column(name string) (column, bool) {
	i := slices.IndexFunc(t.columns, func(c column) bool { return c.name == name })
	if i < 0 {
		return column{}, false
	}
	return t.columns[i], true
}

func (t table) has(name string) bool {
	_, ok := t.column(name)
	return ok
}

// fit gives mapped times the precision of their columns, so that both sides round alike.
func (t table) fit(cols []mapped) []mapped {
	for i, m := range cols {
		if c, _ := t.column(m.name); c.precision != nil && m.typ == "timestamptz" {
			cols[i].typ = fmt.Sprintf("timestamptz(%d)", *c.precision)
		}
	}
	return cols
}

// sql is the table's name, quoted.
func (t table) sql() string { return pgx.Identifier(strings.SplitN(t.name, ".", 2)).Sanitize() }

const tableQuery = `
select c.oid is not null,
       coalesce(c.oid is not null and has_schema_privilege(current_user, c.relnamespace, 'usage') and has_table_privilege(current_user, c.oid, 'select'), false),
       coalesce(c.relkind = 'f', false),
       coalesce((select json_agg(json_build_object(
                          'name', a.attname, 'type', format_type(a.atttypid, null), 'precision', case when a.atttypid in ('timestamp'::regtype, 'timestamptz'::regtype) then nullif(a.atttypmod, -1) end, 'generated', a.attgenerated <> '',
                          'check', (select string_agg(pg_get_constraintdef(k.oid), ' ') from pg_constraint k where k.conrelid = c.oid and k.contype = 'c' and k.conkey = array[a.attnum]),
                          'unique', a.attnotnull and exists (select from pg_index i where i.indrelid = c.oid and i.indisunique and i.indisvalid and i.indpred is null
                            and i.indnkeyatts = 1 and i.indkey[0] = a.attnum),
                          'labels', (select json_agg(e.enumlabel order by e.enumsortorder) from pg_enum e where e.enumtypid = a.atttypid))
                        order by a.attnum)
                 from pg_attribute a where a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped), '[]')
from (select 1) one left join pg_class c on c.relname = $2 and c.relkind in ('r', 'p', 'v', 'm', 'f')
     and c.relnamespace = (select oid from pg_namespace where nspname = $1)`

var quoted = regexp.MustCompile(`'((?:[^']|'')*)'`)

// describe reads what the catalog says about a table; one that is absent is no error.
func describe(ctx context.Context, db *pgx.Conn, name string) (table, error) {
	t := table{name: name}
	schema, relation, ok := strings.Cut(name, ".")
	if !ok {
		return t, fmt.Errorf("%w: the table %q has to be named with its schema, such as public.%s", ErrRefused, name, name)
	}
	var columns []struct {
		Name, Type, Check string
		Generated, Unique bool
		Precision         *int
		Labels            []string
	}
	if err := db.QueryRow(ctx, tableQuery, schema, relation).Scan(&t.exists, &t.readable, &t.remote, &columns); err != nil {
		return t, fmt.Errorf("describe %s: %w", name, err)
	}
	for _, c := range columns {
		col := column{name: c.Name, typ: c.Type, precision: c.Precision, generated: c.Generated, unique: c.Unique, labels: c.Labels}
		if slices.Contains(choices, c.Name) { // what is checked elsewhere does not decide how anything is mapped
			for _, m := range quoted.FindAllStringSubmatch(c.Check, -1) {
				col.check = append(col.check, strings.ReplaceAll(m[1], "''", "'"))
			}
		}
		t.columns = append(t.columns, col)
	}
	return t, nil
}

// digest is a short name for the columns of tables and their types.
func digest(tables ...table) string {
	h := sha256.New()
	for _, t := range tables {
		fmt.Fprintf(h, "%s %t\n", t.name, t.there())
		for _, c := range t.columns {
			fmt.Fprintf(h, "  %s %s %v %v\n", c.name, c.typ, c.check, c.labels)
		}
	}
	return hex.EncodeToString(h.Sum(nil)[:8])
}

// source is what there is to read.
type source struct {
	server                                         string
	version                                        int  // server_version_num
	icu                                            bool // has the root collation of ICU
	users, identities, profiles, factors, passkeys table
}

func (s source) digest() string {
	return digest(s.users, s.identities, s.profiles, s.factors, s.passkeys)
}

// target is where it goes.
type target struct {
	server, schema         string
	version                int
	user, account, profile table
	misfit                 *tables.Error // what does not fit of the tables
	touches                bool          // its trigger sets user_profile.updated_at even when the import writes
}

func (t target) digest() string { return digest(t.user, t.account, t.profile) }

const serverQuery = `select current_setting('server_version'), current_setting('server_version_num')::int,
  exists (select from pg_collation where collname = 'und-x-icu' and collnamespace = 'pg_catalog'::regnamespace)`

// lookAtSource reads the source's catalog. profiles is the name of the profile table, "none" for none.
func lookAtSource(ctx context.Context, db *pgx.Conn, profiles string) (source, error) {
	var s source
	if err := db.QueryRow(ctx, serverQuery).Scan(&s.server, &s.version, &s.icu); err != nil {
		return s, fmt.Errorf("ask the source for its version: %w", err)
	}
	var err error
	for name, t := range map[string]*table{
		"auth.users": &s.users, "auth.identities": &s.identities, "auth.mfa_factors": &s.factors, "auth.webauthn_credentials": &s.passkeys,
	} {
		if *t, err = describe(ctx, db, name); err != nil {
			return s, err
		}
	}
	if profiles != noProfiles { // which may be one of the tables above
		s.profiles, err = describe(ctx, db, profiles)
	}
	return s, err
}

const touchQuery = `select exists (select from pg_trigger t join pg_proc f on f.oid = t.tgfoid join pg_class c on c.oid = t.tgrelid join pg_namespace n on n.oid = c.relnamespace
where n.nspname = $1 and c.relname = 'user_profile' and f.proname = 'user_profile_touch' and f.prosrc not like '%xenon.keep_updated_at%')`

// lookAtTarget reads the target's catalog.
func lookAtTarget(ctx context.Context, db *pgx.Conn) (target, error) {
	var t target
	var icu bool
	if err := db.QueryRow(ctx, serverQuery).Scan(&t.server, &t.version, &icu); err != nil {
		return t, fmt.Errorf("ask the target for its version: %w", err)
	}
	if err := db.QueryRow(ctx, "select coalesce(current_schema()::text, '')").Scan(&t.schema); err != nil {
		return t, fmt.Errorf("ask the target for its schema: %w", err)
	}
	err := tables.Check(ctx, db, t.schema, beforeImport)
	if err != nil && !errors.As(err, &t.misfit) {
		return t, fmt.Errorf("check the tables of the target: %w", err)
	}
	if err := db.QueryRow(ctx, touchQuery, t.schema).Scan(&t.touches); err != nil {
		return t, fmt.Errorf("look for triggers of the target: %w", err)
	}
	for name, table := range map[string]*table{"user": &t.user, "account": &t.account, "user_profile": &t.profile} {
		var err error
		if *table, err = describe(ctx, db, t.schema+"."+name); err != nil {
			return t, err
		}
	}
	return t, nil
}

// beforeImport is what the target must have: an import makes do without what later migrations add.
func beforeImport(migration int64) bool { return migration < 3 }

const noProfiles = "none"

// unreadable lists what keeps a run from starting.
func (s source) unreadable() []string {
	var why []string
	if s.version < 140000 {
		why = append(why, "the source is Postgres "+s.server+"; 14 or newer is needed")
	}
	for _, t := range []table{s.users, s.identities} {
		switch {
		case !t.exists:
			why = append(why, t.name+" is not there: is this a Supabase database?")
		case !t.readable:
			why = append(why, t.name+" may not be read by this role: use the role postgres, or grant select on it")
		}
	}
	for name, types := range map[string][]string{"id": {"uuid"}, "email": {"character varying", "text"}, "encrypted_password": {"character varying", "text"}, "email_confirmed_at": {"timestamp with time zone"}, "created_at": {"timestamp with time zone"}, "updated_at": {"timestamp with time zone"}} {
		c, _ := s.users.column(name)
		if s.users.there() && !slices.Contains(types, c.typ) {
			why = append(why, fmt.Sprintf("auth.users.%s is %q, not %s", name, c.typ, types[0]))
		}
	}
	for name, typ := range map[string]string{"id": "uuid", "user_id": "uuid", "provider": "text", "provider_id": "text", "identity_data": "jsonb"} {
		c, _ := s.identities.column(name)
		if s.identities.there() && c.typ != typ {
			why = append(why, fmt.Sprintf("auth.identities.%s is %q, not %s", name, c.typ, typ))
		}
	}
	slices.Sort(why)
	return why
}

// unfit lists what keeps the target from taking users.
func (t target) unfit() []string {
	var why []string
	if t.version < 140000 {
		why = append(why, "the target is Postgres "+t.server+"; 14 or newer is needed")
	}
	if t.touches {
		why = append(why, "the target's trigger user_profile_touch is of an older release: run `xenon schema up` first")
	}
	if t.misfit != nil {
		for _, p := range t.misfit.Problems {
			why = append(why, "the target's "+p.String())
		}
	}
	slices.Sort(why)
	if t.mayBeApplication() {
		why = append(why, "if the tables that do not fit are your application's own, leave them as they are and give Xenon a schema of its own, "+
			"for xenon schema up and every command of the import: SCHEMA=xenon")
	}
	return why
}

// mayBeApplication says whether the tables that do not fit may be an application's. Such tables are found where SCHEMA
// is not set.
func (t target) mayBeApplication() bool {
	return t.schema == config.DefaultSchema && t.misfit != nil &&
		slices.ContainsFunc(t.misfit.Problems, func(p tables.Problem) bool { return p.Column != "" })
}
