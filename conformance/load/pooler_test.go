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

// environments is how many processes there are, each with a pool of one.
const environments = 50

// steps are what somebody does in each environment, one a round. Everybody begins at another one, so that there is everything at
// once.
var steps = []func(*person) error{
	(*person).getSession, (*person).writeProfile, (*person).updateUser, (*person).readProfile, (*person).beginAnew,
	(*person).listSessions, (*person).comeBack, (*person).getToken, (*person).otherDevice, (*person).revokeOthers,
}

// TestSC004_FiftyProcessesThroughThePooler: fifty processes that start at once, through a PgBouncer that has five connections.
// In every round nobody is answered before all fifty have asked.
func TestSC004_FiftyProcessesThroughThePooler(t *testing.T) {
	database := dbtest.New(t)
	env := settings(t, database)
	env["JWKS_URL"] = publish(t, env)
	env["DATABASE_URL"] = dbtest.Pgbouncer(t, database)
	env["GOMAXPROCS"] = "1" // a function has less than one processor
	c := &crowd{}
	begin := time.Now()
	var asked sync.WaitGroup
	var all []*child
	for i := range environments {
		process := spawn(t, asEnvironment, env)
		all = append(all, process)
		b := newBrowser(c, &pipes{process.in, process.out, &asked, true})
		c.people = append(c.people, newPerson(b, i))
	}
	atOnce(t, c, database, &asked, (*person).enter)
	t.Logf("%v to start %d processes and answer them all", time.Since(begin), environments)
	for round := range len(steps) {
		atOnce(t, c, database, &asked, func(p *person) error { return steps[(p.number+round)%len(steps)](p) })
	}
	c.check(t, database)
	var taken uint64
	for _, process := range all {
		taken += memory(t, process.cmd.Process.Pid, "smaps_rollup", "Pss") // what they share counts once
	}
	plain, passwords := c.times()
	t.Logf("%d requests in %v, in %d MiB together", len(plain)+len(passwords), time.Since(begin), taken>>20)
}

// publish serves the keys, as the site of the environments does.
func publish(t *testing.T, env map[string]string) string {
	t.Helper()
	cfg, err := config.LoadAPI(func(name string) string { return env[name] })
	if err != nil {
		t.Fatal(err)
	}
	mux, db := endpoints(cfg, 1, password.Cheap())
	t.Cleanup(db.Close)
	server := httptest.NewServer(mux)
	t.Cleanup(server.Close)
	return server.URL + "/api/auth/jwks"
}

// atOnce lets everybody do something while all tables are locked, and unlocks them when all have asked: so every first request
// is under way at the same moment, however slow this machine is.
func atOnce(t *testing.T, c *crowd, database string, asked *sync.WaitGroup, do func(*person) error) {
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
	for _, p := range c.people {
		if p.stopped {
			continue
		}
		p.conn.(*pipes).silent = true
		asked.Add(1)
	}
	unlocked := make(chan error)
	go func() {
		asked.Wait()
		unlocked <- tx.Commit(context.WithoutCancel(t.Context()))
	}()
	c.everybody(do)
	if err := <-unlocked; err != nil {
		t.Fatal(err)
	}
}

// pipes are the way to a child and back.
type pipes struct {
	io.Writer
	out    *bufio.Reader
	asked  *sync.WaitGroup
	silent bool // has not asked in this round
}

func (p *pipes) Write(request []byte) (int, error) {
	n, err := p.Writer.Write(request)
	if p.silent {
		p.silent = false
		p.asked.Done()
	}
	return n, err
}

func (p *pipes) Read(b []byte) (int, error) { return p.out.Read(b) }

// Close leaves the end of the child to spawn.
func (p *pipes) Close() error { return nil }
