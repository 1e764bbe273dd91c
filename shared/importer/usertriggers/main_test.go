package usertriggers

import (
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"

	"github.com/xenon-auth/xenon/internal/testkit/supabasetest"
)

// remake creates triggers on auth.users of a new project and makes them again on "user". It returns the copies and the
// reasons by the names of the triggers.
func remake(t *testing.T, sql string, table UserTable) (copies map[string]Copy, reasons map[string]string) {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), supabasetest.New(t))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(t.Context())
	if _, err := conn.Exec(t.Context(), sql+"; SET search_path = ''"); err != nil {
		t.Fatal(err)
	}
	all, err := Read(t.Context(), conn)
	if err != nil {
		t.Fatal(err)
	}
	copies, reasons = map[string]Copy{}, map[string]string{}
	for _, trigger := range all {
		made, why := trigger.Remake(table, 1)
		if copies[trigger.Name] = made; why != "" {
			reasons[trigger.Name] = why
		}
	}
	return copies, reasons
}

// function returns SQL that creates a function and a trigger of the same name.
func function(name, body, trigger string) string {
	return strings.NewReplacer("{name}", name, "{body}", body, "{trigger}", trigger).Replace(`
		CREATE FUNCTION public.{name}() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN {body} END $$;
		CREATE TRIGGER {name} {trigger} EXECUTE FUNCTION public.{name}();`)
}
