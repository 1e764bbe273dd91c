package inventory

import (
	"context"
	_ "embed" // the queries
	"strings"

	"github.com/jackc/pgx/v5"
)

// Publication is a publication for logical replication that has tables of the project. Supabase's Realtime reads one.
type Publication struct {
	Name string `json:"name"`
	// AllTables means that it has all tables of the database, also those that are created later.
	AllTables bool     `json:"allTables"`
	Tables    []string `json:"tables"` // of the project
	Next      string   `json:"next" db:"-"`
}

// realtime is the publication of Supabase's Realtime.
const realtime = "supabase_realtime"

var (
	//go:embed publications.sql
	publicationsQuery string
	//go:embed supabase_triggers.sql
	supabaseTriggersQuery string
)

// Storage and Realtime are the services that read policies of their tables.
const storagePoliciesQuery = `
SELECT format('%I.%I: %I', schemaname, tablename, policyname)
FROM pg_policies
WHERE schemaname IN ('storage', 'realtime')
ORDER BY 1`

// readSupabase reads what the project has added to Supabase's tables and services. It stays there.
func (r *inventoryReader) readSupabase(ctx context.Context) (err error) {
	r.Publications, err = queryRows(ctx, r.src, pgx.RowToStructByPos[Publication], publicationsQuery, managedSchemas)
	if err != nil {
		return err
	}
	r.SupabaseTriggers, err = queryRows(ctx, r.src, pgx.RowToStructByPos[Object], supabaseTriggersQuery, managedSchemas)
	if err != nil {
		return err
	}
	r.StoragePolicies, err = queryRows(ctx, r.src, pgx.RowTo[string], storagePoliciesQuery)
	return err
}

// next tells what the operator does instead.
func (p Publication) next() string {
	switch {
	case p.Name == realtime:
		return stays + ": Realtime is a service of Supabase. Clients need another way to learn of changes of these tables"
	case p.AllTables:
		return stays + ": in the target it would also have Xenon's tables, with password hashes. " +
			"Create one for your tables instead, and its subscriptions"
	}
	return stays + ": create it and its subscriptions again after the move"
}

// nextOfSupabaseTrigger tells what the operator does instead of a trigger on a table of Supabase.
func nextOfSupabaseTrigger(o Object) string {
	if strings.Contains(o.Name, " on storage.") {
		return stays + ", as the files do: do what its function does where your application stores files"
	}
	return stays + ": the target does not have this table"
}
