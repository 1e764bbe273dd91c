// Package inventory lists what a Supabase project has besides its users and their profiles: the tables of its own
// schemas, how their rows reach users, and everything that uses the schema auth. It only reads the source.
package inventory

import (
	"context"
	_ "embed" // the queries
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

// Inventory describes the project's own schemas. Names are quoted as in SQL, and have their schema.
type Inventory struct {
	Tables []Table `json:"tables"`
	// UsesAuth lists the views, functions, policies and triggers that use the schema auth, such as auth.uid().
	UsesAuth []Object `json:"usesAuth"`
	// UserTriggers lists the triggers on auth.users that are not Supabase's own. They run at every sign-up or change.
	UserTriggers []Object `json:"userTriggers"`
	// SupabaseTriggers lists the project's triggers on other tables of Supabase, such as storage.objects.
	SupabaseTriggers []Object `json:"supabaseTriggers"`
	// StoragePolicies lists the policies of the tables of Supabase's Storage and Realtime.
	StoragePolicies []string `json:"storagePolicies"`
	// Publications lists the publications that have tables of the project.
	Publications []Publication `json:"publications"`
	Extensions   []Extension   `json:"extensions"`
	NotChecked   []string      `json:"notChecked"` // what the role may not read
}

// Table is a table of the project. A partitioned table includes its partitions.
type Table struct {
	Name string `json:"name"`
	Kind string `json:"kind"` // "table", "partitioned", "inherited" or "foreign"
	Rows int64  `json:"rows"`
	// Estimated means that Rows is from the statistics of Postgres, because the table is larger than maxCountedTableBytes.
	Estimated bool  `json:"estimated"`
	Bytes     int64 `json:"bytes"` // with indexes and TOAST
	// ReachesUsers is a shortest path of foreign keys from the table to auth.users, such as "author_id → public.profiles",
	// "id → auth.users". It is empty if there is none.
	ReachesUsers []string `json:"reachesUsers"`
	// UserColumns are columns of the type uuid without a foreign key that have ids of users among their first values.
	UserColumns []string `json:"userColumns"`
	// UserArrays are columns of the type uuid[] that have ids of users among their first elements. An array cannot have a
	// foreign key.
	UserArrays   []string `json:"userArrays"`
	RowSecurity  bool     `json:"rowSecurity"`
	Policies     int      `json:"policies"`
	Triggers     int      `json:"triggers"`
	Sequences    int      `json:"sequences"` // that belong to its columns
	NoPrimaryKey bool     `json:"noPrimaryKey"`
	// NameTaken means that one of Xenon's tables in the target has the same name.
	NameTaken bool `json:"nameTaken"`
	// Next is Moved, or why `xenon migrate tables` does not move the table. It is empty in a plan of an older release.
	Next string `json:"next"`
}

// UserColumnsAndArrays returns UserColumns and UserArrays, the latter with "[]" behind the name.
func (t Table) UserColumnsAndArrays() []string {
	all := slices.Clone(t.UserColumns)
	for _, column := range t.UserArrays {
		all = append(all, column+"[]")
	}
	return all
}

// Object is a view, function, policy or trigger.
type Object struct {
	Kind string `json:"kind"` // "view", "materialized view", "function", "policy" or "trigger"
	Name string `json:"name"` // of a policy or trigger: with its table
	// Uses has the names in the schema auth that the definition contains, such as "uid". For a trigger, it is the
	// definition of its function.
	Uses []string `json:"uses"`
	Next string   `json:"next" db:"-"` // what `xenon migrate tables` does with it, or whether it will work
}

// Extension is an extension that the project has installed.
type Extension struct {
	Name    string `json:"name"`
	Version string `json:"version"`
	Schema  string `json:"schema"`
	Target  string `json:"target"` // Installed, Available or Missing
	Next    string `json:"next"`   // what `xenon migrate tables` does with it
}

// The states of an extension at the target.
const (
	Installed = "installed"
	Available = "available" // CREATE EXTENSION can install it
	Missing   = "missing"
)

// Rows returns the number of rows of all tables.
func (v Inventory) Rows() (n int64) {
	for _, t := range v.Tables {
		n += t.Rows
	}
	return n
}

// Bytes returns the size of all tables.
func (v Inventory) Bytes() (n int64) {
	for _, t := range v.Tables {
		n += t.Bytes
	}
	return n
}

// HasAny reports whether the project has anything besides users and extensions.
func (v Inventory) HasAny() bool {
	return len(v.Tables)+len(v.UsesAuth)+len(v.UserTriggers)+len(v.SupabaseTriggers)+len(v.StoragePolicies)+
		len(v.Publications) > 0
}

var (
	//go:embed managed_schemas.txt
	managedSchemasFile string
	//go:embed tables.sql
	tablesQuery string
	//go:embed foreign_keys.sql
	foreignKeysQuery string
	//go:embed uses_auth.sql
	usesAuthQuery string
	//go:embed user_triggers.sql
	userTriggersQuery string
)

// managedSchemas are the schemas that Postgres, Supabase, extensions of Supabase or an import create.
var managedSchemas = strings.Fields(managedSchemasFile)

const extensionsQuery = `
SELECT e.extname, e.extversion, n.nspname
FROM pg_extension e
JOIN pg_namespace n ON n.oid = e.extnamespace
WHERE e.extname <> 'plpgsql'
ORDER BY 1`

// Read reads the inventory of the source. In the target, Xenon's tables have these names and are in this schema.
func Read(ctx context.Context, src, dst *pgx.Conn, schema string, names []string) (Inventory, error) {
	r := inventoryReader{src: src, dst: dst, schema: schema, names: names}
	for _, step := range []func(context.Context) error{
		r.readTables, r.readPaths, r.countRows, r.findUserColumns, r.readObjects, r.readSupabase,
		r.readExtensions,
	} {
		if err := step(ctx); err != nil {
			return r.Inventory, fmt.Errorf("read the project's own tables: %w", err)
		}
	}
	r.setNext()
	return r.Inventory, nil
}

// inventoryReader collects the inventory.
type inventoryReader struct {
	Inventory
	src, dst *pgx.Conn
	schema   string   // of Xenon's tables in the target
	names    []string // of these tables
	readable map[string]bool
	columns  map[string][]string // the columns of the type uuid without a foreign key, by table
	arrays   map[string][]string // the columns of the type uuid[], by table
}

func (r *inventoryReader) readTables(ctx context.Context) error {
	r.Tables, r.NotChecked = []Table{}, []string{}
	r.readable, r.columns, r.arrays = map[string]bool{}, map[string][]string{}, map[string][]string{}
	rows, err := r.src.Query(ctx, tablesQuery, managedSchemas, r.schema, r.names)
	if err != nil {
		return err
	}
	var t Table
	var readable bool
	var columns, arrays []string
	_, err = pgx.ForEachRow(rows, []any{
		&t.Name, &t.Kind, &t.Bytes, &t.Rows, &t.RowSecurity, &t.Policies, &t.Triggers, &t.Sequences, &t.NoPrimaryKey,
		&t.NameTaken, &readable, &columns, &arrays,
	}, func() error {
		t.ReachesUsers, t.UserColumns, t.UserArrays = []string{}, []string{}, []string{}
		r.readable[t.Name], r.columns[t.Name], r.arrays[t.Name] = readable, columns, arrays
		r.Tables = append(r.Tables, t)
		return nil
	})
	return err
}

func (r *inventoryReader) readObjects(ctx context.Context) error {
	var err error
	if r.UsesAuth, err = queryRows(ctx, r.src, pgx.RowToStructByPos[Object], usesAuthQuery, managedSchemas); err != nil {
		return err
	}
	r.UserTriggers, err = queryRows(ctx, r.src, pgx.RowToStructByPos[Object], userTriggersQuery)
	return err
}

// queryRows returns the rows of a query, an empty slice if there are none.
func queryRows[T any](ctx context.Context, db *pgx.Conn, read pgx.RowToFunc[T], sql string, args ...any) ([]T, error) {
	rows, err := db.Query(ctx, sql, args...)
	if err != nil {
		return nil, err
	}
	return pgx.AppendRows([]T{}, rows, read)
}

func (r *inventoryReader) readExtensions(ctx context.Context) error {
	rows, err := r.src.Query(ctx, extensionsQuery)
	if err != nil {
		return err
	}
	r.Extensions = []Extension{}
	var e Extension
	if _, err := pgx.ForEachRow(rows, []any{&e.Name, &e.Version, &e.Schema}, func() error {
		r.Extensions = append(r.Extensions, e)
		return nil
	}); err != nil {
		return err
	}
	for i := range r.Extensions {
		e := &r.Extensions[i]
		if e.Target, err = r.stateAtTarget(ctx, e.Name); err != nil {
			return err
		}
	}
	return nil
}

// stateAtTarget reports whether the target has an extension, or could install it.
func (r *inventoryReader) stateAtTarget(ctx context.Context, extension string) (state string, err error) {
	err = r.dst.QueryRow(ctx, `SELECT CASE WHEN installed_version IS NULL THEN $2 ELSE $3 END
FROM pg_available_extensions
WHERE name = $1`, extension, Available, Installed).Scan(&state)
	if errors.Is(err, pgx.ErrNoRows) {
		return Missing, nil
	}
	return state, err
}

// isReadDenied reports whether the role may not read a table, or row security would hide some of its rows.
func isReadDenied(err error) bool {
	pgErr, ok := errors.AsType[*pgconn.PgError](err)
	return ok && pgErr.Code == "42501"
}

const schemasQuery = `
SELECT nspname
FROM pg_namespace n
WHERE nspname !~ '^pg_'
  AND nspname <> ALL ($1)
  AND NOT EXISTS (SELECT FROM pg_depend d
    WHERE d.classid = 'pg_namespace'::regclass AND d.objid = n.oid AND d.deptype = 'e')
ORDER BY nspname`

// Schemas returns the names of the project's own schemas.
func Schemas(ctx context.Context, src *pgx.Conn) ([]string, error) {
	rows, err := src.Query(ctx, schemasQuery, managedSchemas)
	if err != nil {
		return nil, fmt.Errorf("read the project's own schemas: %w", err)
	}
	return pgx.CollectRows(rows, pgx.RowTo[string])
}

// IsManaged reports whether a schema is not the project's own: Postgres, Supabase, an extension or an import has
// created it.
func IsManaged(schema string) bool {
	return slices.Contains(managedSchemas, schema)
}
