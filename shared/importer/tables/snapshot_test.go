package tables_test

import (
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/xenon-auth/xenon/internal/testkit/dbtest"
	"github.com/xenon-auth/xenon/shared/importer"
	"github.com/xenon-auth/xenon/shared/importer/tables"
)

// The source changes as soon as the first part is copied. All tables have the rows of before, so a row never refers to
// a row that is missing, and the verification names the tables that changed.
func TestMoveCopiesOneSnapshotOfTheSource(t *testing.T) {
	t.Parallel()
	m := importInto(t, `create table posts (id int primary key); insert into posts select generate_series(1, 30);
		create table comments (id int primary key, post int not null references posts);
		insert into comments select n, n from generate_series(1, 30) n;
		create table tags (id int primary key); insert into tags select generate_series(1, 30)`, "")
	var once sync.Once
	m.Progress = func(e importer.Event) {
		once.Do(func() {
			dbtest.Exec(t, m.From, `insert into posts values (31); insert into comments values (31, 31);
				delete from comments where id = 1; delete from posts where id = 1`)
		})
	}
	result := move(t, m, tables.Options{})
	if problems := result.Problems(); len(problems) > 0 || result.Rows() != 90 {
		t.Errorf("the move: got %d rows and the problems %q, want 90 rows and none", result.Rows(), problems)
	}
	m.Progress = nil
	v, err := tables.Verify(t.Context(), m.Env(), "supabase", 1)
	if err != nil {
		t.Fatal(err)
	}
	var different []string
	for _, s := range v.Tables {
		if !s.Equal {
			different = append(different, s.Name)
		}
	}
	if diff := cmp.Diff([]string{"public.comments", "public.posts"}, different); v.Equal || diff != "" {
		t.Errorf("tables that differ from the source (equal %t, -want +got):\n%s", v.Equal, diff)
	}
}
