package copy_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/xenon-auth/xenon/internal/testkit/importtest"
	"github.com/xenon-auth/xenon/internal/testkit/supabasetest"
	"github.com/xenon-auth/xenon/shared/importer"
	"github.com/xenon-auth/xenon/shared/importer/run"
)

// terminateConnectionAtMarkDone makes the target terminate the connection that is about to mark a batch as done. It
// does so for the first n attempts.
func terminateConnectionAtMarkDone(t *testing.T, to string, n int) {
	t.Helper()
	importtest.Exec(t, to, fmt.Sprintf(`create sequence marks;
create function terminate() returns trigger language plpgsql as $$ begin
  if nextval('marks') <= %d then
    perform pg_terminate_backend(pg_backend_pid());
    perform pg_sleep(60);
  end if;
  return new;
end $$;
create trigger terminate before update on supabase_import.batch for each row
  when (new.copied and not old.copied) execute function terminate()`, n))
}

// A batch stays open if the connection on which it was copied breaks before it is marked as done. If this happens ten
// times in a row, the import ends with an error that a later call can resolve.
func TestRunEndsIfTheConnectionBreaksBeforeTheMarkEachTime(t *testing.T) {
	t.Parallel()
	from := supabasetest.New(t)
	supabasetest.FillBulk(t, from, 5, 5, 5)
	m := importtest.NewImport(t, from)
	m.RetryDelay = time.Millisecond
	if _, err := m.Begin(t.Context(), importtest.BatchesOf40, false); err != nil {
		t.Fatal(err)
	}
	terminateConnectionAtMarkDone(t, m.To, 2*run.Tries)
	_, err := m.Run(t.Context(), importtest.BatchesOf40, false, 1)
	if !errors.Is(err, importer.ErrUnavailable) || !strings.Contains(err.Error(), "breaks repeatedly") {
		t.Errorf("the connection breaks before each mark: got %v, want ErrUnavailable with \"breaks repeatedly\"", err)
	}
	if got := importtest.Value(t, m.To, "select last_value::text from marks"); got != fmt.Sprint(run.Tries) {
		t.Errorf("the import tried to mark the batch %s times, want %d", got, run.Tries)
	}
	importtest.Exec(t, m.To, "drop trigger terminate on supabase_import.batch")
	importtest.RunToCompletion(t, m, importtest.BatchesOf40)
	importtest.CheckSameAsNewImport(t, m, importtest.BatchesOf40)
}
