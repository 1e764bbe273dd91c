package tables_test

import (
	"sync"
	"testing"

	"github.com/xenon-auth/xenon/internal/testkit/dbtest"
	"github.com/xenon-auth/xenon/shared/importer"
	"github.com/xenon-auth/xenon/shared/importer/tables"
)

// While rows are copied, row security is not yet on. So only the owner may read them until it is.
func TestPrivilegesComeAfterRowSecurity(t *testing.T) {
	t.Parallel()
	m := importInto(t, `create table letters (id int primary key); insert into letters values (1);
		alter table letters enable row level security; grant select on letters to anon`, "")
	const mayRead = "select has_table_privilege('anon', 'public.letters', 'select')"
	var once sync.Once
	m.Progress = func(importer.Event) {
		once.Do(func() {
			if dbtest.Value[bool](t, m.To, mayRead) {
				t.Error("anon may read the table after its rows are copied and before row security is on")
			}
		})
	}
	move(t, m, tables.Options{})
	if !dbtest.Value[bool](t, m.To, mayRead) {
		t.Error("anon may not read the table after the move, want the privileges of the source")
	}
}
