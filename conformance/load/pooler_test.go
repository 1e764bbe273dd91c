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

// environments is the number of processes, each with a pool of one connection.
const environments = 50

// steps are the actions of the person in each environment, one in each round. Each person begins with another step, so
// that different actions run concurrently.
var steps = []func(*person) error{
	(*person).getSession, (*person).writeProfile, (*person).updateUser, (*person).readProfile,
	(*person).createAnotherAccount,
	(*person).listSessions, (*person).signOutAndIn, (*person).getToken, (*person).otherDevice, (*person).revokeOthers,
}

// Fifty processes start at the same time and use a PgBouncer with five connections. In every round no request is
// answered before all fifty were sent.
func TestFiftyProcessesThroughThePooler(t *testing.T) {
	database := dbtest.New(t)
	env := settings(t, database)
	env["JWKS_URL"] = publish(t, env)
	env["DATABASE_URL"] = dbtest.Pgbouncer(t, database)
	env["GOMAXPROCS"] = "1" // a Lambda function has at most one processor at this size
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
		taken += memory(t, process.cmd.Process.Pid, "smaps_rollup", "Pss") // counts shared memory once
	}
	plain, passwords := c.times()
	t.Logf("%d requests in %v, in %d MiB together", len(plain)+len(passwords), time.Since(begin), taken>>20)
}

// publish serves the JWKS of the environments.
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

// atOnce runs do for all people while all tables are locked, and unlocks them when all have sent their first request.
// So these requests are concurrent even on a slow machine.
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
	c.forAll(do)
	if err := <-unlocked; err != nil {
		t.Fatal(err)
	}
}

// pipes is the connection to a child process.
type pipes struct {
	io.Writer
	out    *bufio.Reader
	asked  *sync.WaitGroup
	silent bool // whether it has sent no request in this round
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

// Close does nothing: spawn ends the child process.
func (p *pipes) Close() error { return nil }
