package load

import (
	"bufio"
	"context"
	"io"
	"net/http/httptest"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/xenon-auth/xenon/internal/testkit/dbtest"
	"github.com/xenon-auth/xenon/shared/config"
	"github.com/xenon-auth/xenon/shared/password"
)

// environmentCount is the number of processes, each with a pool of one connection.
const environmentCount = 50

// roundActions are the actions that the user of each environment does, one in each round. Users begin at different
// steps, so that different actions run concurrently.
var roundActions = []func(*loadUser) error{
	(*loadUser).getSession, (*loadUser).writeProfile, (*loadUser).updateUser, (*loadUser).readProfile,
	(*loadUser).createAnotherAccount,
	(*loadUser).listSessions, (*loadUser).signOutAndIn, (*loadUser).getToken, (*loadUser).signInOnOtherDevice,
	(*loadUser).revokeOtherSessions,
}

// Fifty processes start at the same time and use a PgBouncer with five connections. In every round, the first requests
// wait for locked tables until each of the fifty processes has received one.
func TestFiftyProcessesShareFiveConnectionsThroughThePooler(t *testing.T) {
	database := dbtest.New(t)
	env := settingsWithNewKeys(t, database)
	env["JWKS_URL"] = serveJWKS(t, env)
	env["DATABASE_URL"] = dbtest.StartPgbouncer(t, database)
	env["GOMAXPROCS"] = "1" // a Lambda function has at most one processor at this size
	c := &userGroup{}
	begin := time.Now()
	var sent sync.WaitGroup
	var all []*childProcess
	for i := range environmentCount {
		process := startChild(t, environmentRole, env)
		all = append(all, process)
		b := newClient(c, &pipeConn{process.in, process.out, &sent, true})
		c.users = append(c.users, newLoadUser(b, i))
	}
	runAtSameTime(t, c, database, &sent, (*loadUser).register)
	t.Logf("%v until all of %d processes were started and their users registered", time.Since(begin), environmentCount)
	for round := range len(roundActions) {
		runAtSameTime(
			t,
			c,
			database,
			&sent,
			func(p *loadUser) error { return roundActions[(p.number+round)%len(roundActions)](p) },
		)
	}
	c.checkFaultsAndDatabase(t, database)
	var taken uint64
	for _, process := range all {
		taken += readMemory(t, process.cmd.Process.Pid, "smaps_rollup", "Pss") // counts shared memory once
	}
	plain, passwords := c.takeTimes()
	t.Logf("%d requests in %v, in %d MiB together", len(plain)+len(passwords), time.Since(begin), taken>>20)
}

// serveJWKS serves the JWKS of the environments and returns its URL.
func serveJWKS(t *testing.T, env map[string]string) string {
	t.Helper()
	cfg, err := config.LoadAPI(func(name string) string { return env[name] })
	if err != nil {
		t.Fatal(err)
	}
	mux, db := newHandler(cfg, 1, password.NewCheap())
	t.Cleanup(db.Close)
	server := httptest.NewServer(mux)
	t.Cleanup(server.Close)
	return server.URL + "/api/auth/jwks"
}

// runAtSameTime runs do for all users while all tables are locked, and unlocks the tables when all users have sent
// their first request. So these requests are concurrent even on a slow machine.
func runAtSameTime(t *testing.T, c *userGroup, database string, sent *sync.WaitGroup, do func(*loadUser) error) {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), database)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(context.WithoutCancel(t.Context()))
	tx, err := conn.Begin(t.Context())
	if err == nil {
		_, err = tx.Exec(t.Context(), `LOCK TABLE "user", session, account, user_profile`)
	}
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range c.users {
		if p.stopped {
			continue
		}
		p.conn.(*pipeConn).waiting = true
		sent.Add(1)
	}
	unlocked := make(chan error)
	go func() {
		sent.Wait()
		unlocked <- tx.Commit(context.WithoutCancel(t.Context()))
	}()
	c.forAll(do)
	if err := <-unlocked; err != nil {
		t.Fatal(err)
	}
}

// pipeConn is the connection to a child process.
type pipeConn struct {
	io.Writer
	out     *bufio.Reader
	sent    *sync.WaitGroup
	waiting bool // true until a request was sent in this round
}

func (p *pipeConn) Write(request []byte) (int, error) {
	n, err := p.Writer.Write(request)
	if p.waiting {
		p.waiting = false
		p.sent.Done()
	}
	return n, err
}

func (p *pipeConn) Read(b []byte) (int, error) { return p.out.Read(b) }

// Close does nothing: startChild ends the child process.
func (p *pipeConn) Close() error { return nil }
