package run_test

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/xenon-auth/xenon/internal/testkit/dbtest"
	"github.com/xenon-auth/xenon/internal/testkit/importtest"
	"github.com/xenon-auth/xenon/internal/testkit/supabasetest"
	"github.com/xenon-auth/xenon/migrations"
	"github.com/xenon-auth/xenon/shared/importer"
	"github.com/xenon-auth/xenon/shared/postgres"
)

// killableServer is a Postgres server of one test, which can be killed and started again. Its URL through the proxy
// stays the same.
type killableServer struct {
	t       *testing.T
	options postgres.Options
	server  *postgres.Server
	proxy   *dbtest.Proxy
}

// newKillableServer starts a server. If fast is true, the server does not flush to disk (postgres.Options.Fast).
func newKillableServer(t *testing.T, fast bool) *killableServer {
	t.Helper()
	dir := t.TempDir()
	if err := os.Chmod(filepath.Dir(dir), 0o711); err != nil { // the operating system user of the server needs access
		t.Fatal(err)
	}
	m := &killableServer{t: t, options: postgres.Options{Dir: filepath.Join(dir, "kept"), Fast: fast}}
	m.start()
	t.Cleanup(func() { _ = m.server.Stop() })
	m.proxy = dbtest.NewProxy(t, m.server.URL("postgres"))
	return m
}

func (m *killableServer) start() {
	var err error
	if m.server, err = postgres.Start(context.WithoutCancel(m.t.Context()), m.options); err != nil {
		m.t.Fatal(err)
	}
}

// url returns the URL of the server through the proxy.
func (m *killableServer) url() string { return m.proxy.URL() }

// killAndRestart kills every process of the server at the same time, as the kernel does when memory is short, and
// starts the server again.
func (m *killableServer) killAndRestart() {
	text, err := os.ReadFile(filepath.Join(m.server.Dir, "data", "postmaster.pid"))
	if err != nil {
		m.t.Error(err)
		return
	}
	first, _, _ := strings.Cut(string(text), "\n")
	postmaster, err := strconv.Atoi(first)
	if err != nil {
		m.t.Error(err)
		return
	}
	// Without /proc the children exit without a signal when the postmaster has ended.
	children, _ := os.ReadFile(fmt.Sprintf("/proc/%[1]d/task/%[1]d/children", postmaster))
	_ = syscall.Kill(postmaster, syscall.SIGKILL)
	for child := range strings.FieldsSeq(string(children)) {
		if pid, err := strconv.Atoi(child); err == nil {
			_ = syscall.Kill(pid, syscall.SIGKILL)
		}
	}
	_ = m.server.Stop() // the error says that the server was killed
	m.start()
	u, err := url.Parse(m.server.URL("postgres"))
	if err != nil {
		m.t.Error("not a URL")
		return
	}
	m.proxy.ForwardTo(u.Host)
}

// TestR56_ServersKilled kills the server of the source once and that of the target three times. The commit of a batch
// does not wait for the disk of the target (synchronous_commit), so a kill can lose batches: the import must copy them
// again.
func TestR56_ServersKilled(t *testing.T) {
	t.Parallel()
	source, target := newKillableServer(t, true), newKillableServer(t, false)
	supabasetest.CreateTables(t, source.url())
	supabasetest.Fill(t, source.url(), 57, 400)
	if _, err := migrations.Up(t.Context(), target.url()); err != nil {
		t.Fatal(err)
	}
	m := &importer.Import{From: source.url(), To: target.url(), Holder: "test", Now: time.Now}
	kills := []func(){target.killAndRestart, source.killAndRestart, target.killAndRestart, target.killAndRestart}
	events := 0
	m.Progress = func(e importer.Event) {
		if e.Waiting != "" {
			return
		}
		if events++; events%4 == 0 && len(kills) > 0 {
			kills[0]()
			kills = kills[1:]
		}
	}
	for try := 1; ; try++ {
		st, err := m.Run(t.Context(), importer.Options{BatchSize: 20, MFA: "allow"}, false, 2)
		if err == nil && st.State == "complete" && len(kills) == 0 {
			break
		}
		if err != nil && !errors.Is(err, importer.ErrUnavailable) || try == 5 {
			t.Fatalf("try %d of 5: error %v, state %q; want the run complete", try, err, st.State)
		}
	}
	m.Progress = nil
	importtest.CheckVerificationIsEqual(t, m)
	fresh := importtest.NewImport(t, source.url())
	importtest.RunToCompletion(t, fresh, importer.Options{BatchSize: 20, MFA: "allow"})
	if diff := importtest.Diff(
		importtest.Contents(t, target.url(), importtest.QueriesOfImportedTables, importtest.QueriesOfLedger),
		importtest.Contents(t, fresh.To, importtest.QueriesOfImportedTables, importtest.QueriesOfLedger),
	); diff != "" {
		t.Errorf("after the kills the target differs from that of an import without faults:%s", diff)
	}
}

// TestR56_CrashBeforeMarkDone kills the target when a batch is committed but not yet flushed to disk, and the import is
// about to mark it as done. The crash loses the batch, so the import must not mark it as done.
func TestR56_CrashBeforeMarkDone(t *testing.T) {
	t.Parallel()
	from, target := supabasetest.New(t), newKillableServer(t, false)
	supabasetest.Fill(t, from, 58, 200)
	if _, err := migrations.Up(t.Context(), target.url()); err != nil {
		t.Fatal(err)
	}
	o := importer.Options{BatchSize: 20, MFA: "allow"}
	m := &importer.Import{From: from, To: target.url(), Holder: "test", Now: time.Now}
	if _, err := m.Begin(t.Context(), o, false); err != nil {
		t.Fatal(err)
	}
	importtest.Exec(t, target.url(), "alter system set wal_writer_delay = '10s'")
	importtest.Exec(t, target.url(), `select pg_reload_conf();
create function hold() returns trigger language plpgsql as $$ begin perform pg_advisory_xact_lock(7); return new;
  end $$;
create trigger hold before update of copied on supabase_import.batch for each row when (new.number = 3)
  execute function hold()`)
	killWhileWaiting(t, m, o, target)
	importtest.CheckSameAsNewImport(t, m, o)
}

// killWhileWaiting runs an import and kills the target while a trigger there waits for advisory lock 7. After that no
// process has the lock.
func killWhileWaiting(t *testing.T, m *importer.Import, o importer.Options, target *killableServer) {
	t.Helper()
	lock, err := pgx.Connect(t.Context(), target.url())
	if err != nil {
		t.Fatal(err)
	}
	defer lock.Close(context.WithoutCancel(t.Context()))
	if _, err := lock.Exec(t.Context(), "select pg_advisory_lock(7)"); err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() {
		_, err := m.Run(t.Context(), o, false, 1)
		ended <- err
	}()
	importtest.Eventually(t, "the import to wait for the lock", func() bool {
		return importtest.Value(
			t,
			target.url(),
			"select exists (select from pg_locks where locktype = 'advisory' and not granted)::text",
		) == "true"
	})
	target.killAndRestart()
	if err := <-ended; err != nil {
		t.Fatalf("run: %v", err)
	}
}

// TestR56_CrashAfterARejection kills the target when the import writes a user without the profile that the target
// rejects. The rejection of the profile must be stored already; otherwise the import would reject other rows instead.
func TestR56_CrashAfterARejection(t *testing.T) {
	t.Parallel()
	from, target := supabasetest.New(t), newKillableServer(t, false)
	supabasetest.Fill(t, from, 59, 60)
	if _, err := migrations.Up(t.Context(), target.url()); err != nil {
		t.Fatal(err)
	}
	o := importer.Options{BatchSize: 60, MFA: "allow"}
	m := &importer.Import{From: from, To: target.url(), Holder: "test", Now: time.Now}
	if _, err := m.Begin(t.Context(), o, false); err != nil {
		t.Fatal(err)
	}
	// The user must be the first of the batch. Otherwise the batch has commits from before the crash, and the import
	// repeats the whole batch.
	user := importtest.Value(
		t,
		from,
		`select u.id::text from auth.users u where `+importtest.HasOneProvider+` order by u.id limit 1`,
	)
	importtest.Exec(
		t,
		from,
		`delete from public.profiles where user_id < '`+user+`'; delete from auth.users where id < '`+user+`'`,
	)
	importtest.Exec(t, target.url(), "alter system set wal_writer_delay = '10s'")
	importtest.Exec(t, target.url(), `select pg_reload_conf();
alter table user_profile add constraint no check (user_id <> '`+user+`');
create function hold() returns trigger language plpgsql as $$ begin
  if exists (select from supabase_import.ruling where reason = 'target_error') then
    perform pg_advisory_xact_lock(7); end if;
  return new;
end $$;
create trigger hold after insert on "user" for each row when (new.id = '`+user+`') execute function hold()`)
	killWhileWaiting(t, m, o, target)
	if got := importtest.Column(
		t,
		m.To,
		`select source::text || ' ' || key from supabase_import.ruling where reason = 'target_error'`,
	); len(got) != 1 ||
		got[0] != "profile "+user {
		t.Errorf("the stored rejections are %v, want one for the profile of the user %s alone", got, user)
	}
}

// targetOnSmallDisk returns the URL of a migrated database on a disk with space for a few thousand users. enlarge adds
// space. If the test may not mount a file system, a trigger raises the error of a full disk instead.
func targetOnSmallDisk(t *testing.T) (target string, enlarge func()) {
	t.Helper()
	s := newKillableServer(t, true)
	u, err := url.Parse(s.server.URL("small"))
	if err != nil {
		t.Fatal("not a URL")
	}
	disk := filepath.Join(filepath.Dir(s.options.Dir), "disk")
	if err := os.Mkdir(disk, 0o755); err != nil {
		t.Fatal(err)
	}
	where := ""
	if err := syscall.Mount("tmpfs", disk, "tmpfs", 0, "size=14m,mode=0777"); err == nil {
		t.Cleanup(func() {
			_ = s.server.Stop()
			if err := syscall.Unmount(disk, 0); err != nil {
				t.Errorf("unmount the small disk: %v", err)
			}
		})
		account, err := postgres.UnprivilegedAccount()
		if err != nil {
			t.Fatal(err)
		}
		if err := account.TakeOwnership(disk); err != nil {
			t.Fatal(err)
		}
		importtest.Exec(t, s.server.URL("postgres"), "create tablespace small location '"+disk+"'")
		where = " tablespace small"
	}
	importtest.Exec(t, s.server.URL("postgres"), "create database small"+where)
	if _, err := migrations.Up(t.Context(), u.String()); err != nil {
		t.Fatal(err)
	}
	if where != "" {
		t.Log("the disk of the target is a small tmpfs")
		return u.String(), func() {
			if err := syscall.Mount("tmpfs", disk, "tmpfs", syscall.MS_REMOUNT, "size=500m,mode=0777"); err != nil {
				t.Fatal(err)
			}
		}
	}
	t.Log("a tmpfs cannot be mounted here: a trigger raises the error of a full disk")
	importtest.Exec(t, u.String(), `create function full_disk() returns trigger language plpgsql as $$ begin
  if (select count(*) > 1000 from "user") then raise exception 'could not extend file: No space left on device'
  using errcode = 'disk_full'; end if; return null; end $$;
create trigger full_disk after insert on "user" execute function full_disk();`)
	return u.String(), func() { importtest.Exec(t, u.String(), `drop trigger full_disk on "user"`) }
}

func TestFullDiskOfTargetStopsTheRun(t *testing.T) {
	t.Parallel()
	from := supabasetest.New(t)
	supabasetest.FillBulk(t, from, 6000, 6000, 4000)
	to, enlarge := targetOnSmallDisk(t)
	m := &importer.Import{From: from, To: to, Holder: "test", Now: time.Now}
	o := importer.Options{BatchSize: 300, MFA: "allow"}
	_, err := m.Run(t.Context(), o, false, 2)
	if !errors.Is(err, importer.ErrRefused) || !strings.Contains(err.Error(), "free space") {
		t.Fatalf("the disk of the target is full: got %v, want ErrRefused with the advice to free space", err)
	}
	incomplete := importtest.Value(
		t,
		to,
		`select count(*)::text from "user" u full join (select key from supabase_import.ledger where source = 'user') l
			on l.key = u.id where u.id is null or l.key is null`,
	)
	if incomplete != "0" {
		t.Errorf("after the error, %s users have a row or a ledger entry but not both, want 0", incomplete)
	}
	t.Logf("the disk was full after %s users", importtest.Value(t, to, `select count(*)::text from "user"`))
	enlarge()
	importtest.RunToCompletion(t, m, o)
	importtest.CheckSameAsNewImport(t, m, o)
}
