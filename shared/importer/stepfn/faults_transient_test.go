package stepfn_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/xenon-auth/xenon/internal/testkit/dbtest"
	"github.com/xenon-auth/xenon/internal/testkit/importtest"
	"github.com/xenon-auth/xenon/internal/testkit/sample"
	"github.com/xenon-auth/xenon/internal/testkit/supabasetest"
	"github.com/xenon-auth/xenon/shared/importer"
	"github.com/xenon-auth/xenon/shared/importer/copy"
	"github.com/xenon-auth/xenon/shared/importer/run"
	"github.com/xenon-auth/xenon/shared/importer/stepfn"
)

// optionsForThreeBatches are options with which a source of 25 users has three batches.
var optionsForThreeBatches = importer.Options{BatchSize: 10, MFA: "allow"}

// shortRetryDelay is the RetryDelay of these tests. It can be short, because no database has to recover.
const shortRetryDelay = 10 * time.Millisecond

// step is an action of the state machine, or another operation of the importer.
type step struct {
	name string
	do   func(context.Context, *importer.Import) error
}

// stepOfAction returns the step that runs an action on the whole run.
func stepOfAction(action string) step {
	return step{action, func(ctx context.Context, m *importer.Import) error {
		job := stepfn.Job{
			Mode: stepfn.ModeImport, Run: "supabase", Options: optionsForThreeBatches, Concurrency: 1, Holder: m.Holder,
		}
		job.Options.Run = job.Run
		answer, err := stepfn.RunAction(
			ctx,
			m.Env(),
			stepfn.Action{Action: action, Job: job, Shard: run.Shard{Count: 1}, Error: stepfn.Failure{Error: "States.Timeout"}},
		)
		if s, ok := answer.(stepfn.StepResult); ok && err == nil && !s.Done {
			return errors.New("the action returned done: false")
		}
		return err
	}}
}

// steps has the steps of a whole import and its rollback. Each step depends on the one before.
var importSteps = []step{
	stepOfAction("plan"),
	stepOfAction("begin"),
	stepOfAction("park"),
	{"close a pass with parked batches", stepOfAction("close").do},
	{"begin again", stepOfAction("begin").do},
	stepOfAction("copy"),
	stepOfAction("close"),
	stepOfAction("follow"),
	stepOfAction("verify"),
	stepOfAction("verdict"),
	stepOfAction("tables"),
	stepOfAction("report"),
	stepOfAction("gate"),
	{"status", func(ctx context.Context, m *importer.Import) error { _, err := m.Status(ctx, "supabase"); return err }},
	{"list plain copies", func(ctx context.Context, m *importer.Import) error {
		_, err := copy.ListPlainCopies(ctx, m.Env(), optionsForThreeBatches)
		return err
	}},
	{"return to source", func(ctx context.Context, m *importer.Import) error {
		var text strings.Builder
		_, _, err := m.ReturnToSource(ctx, "supabase", &text)
		if err == nil &&
			(!strings.HasSuffix(text.String(), "COMMIT;\n") ||
				strings.Count(text.String(), "BEGIN;")-strings.Count(text.String(), "ROLLBACK;") != 1) {
			err = fmt.Errorf("the text is not one transaction: %s", text.String())
		}
		return err
	}},
	stepOfAction("rollback"),
}

// faultyDatabases has a source and a target behind proxies that send errors.
type faultyDatabases struct {
	m        *importer.Import
	from, to *dbtest.ErrorProxy
	direct   string // URL of the target without the proxy
}

func newFaultyDatabases(t *testing.T, from string) *faultyDatabases {
	t.Helper()
	s := &faultyDatabases{direct: dbtest.New(t), from: dbtest.NewErrorProxy(t, from)}
	s.to = dbtest.NewErrorProxy(t, s.direct)
	s.m = &importer.Import{
		From:       s.from.URL(),
		To:         s.to.URL(),
		Holder:     "test",
		Shared:     true,
		Now:        time.Now,
		RetryDelay: shortRetryDelay,
	}
	return s
}

// runWithoutFaults runs all steps without errors. In a new target the steps also create the schema of the import, so
// they send other requests than later.
func (s *faultyDatabases) runWithoutFaults(t *testing.T) {
	t.Helper()
	s.runAllSteps(t, func(st step) {
		if err := st.do(t.Context(), s.m); err != nil {
			t.Errorf("the step %s without a fault: got %v, want no error", st.name, err)
		}
	})
}

// countRequests returns how many requests each step sends, by step, database and phase.
func (s *faultyDatabases) countRequests(t *testing.T) map[string]int {
	t.Helper()
	s.runWithoutFaults(t)
	counts := map[string]int{}
	s.runAllSteps(t, func(st step) {
		for _, p := range s.proxies() {
			p.SetError(dbtest.ServerError{}, dbtest.AtConnect, 1, 0)
		}
		if err := st.do(t.Context(), s.m); err != nil {
			t.Errorf("the step %s without a fault: got %v, want no error", st.name, err)
		}
		for side, p := range s.proxies() {
			for _, phase := range []dbtest.Phase{dbtest.AtConnect, dbtest.AtStatement} {
				counts[fmt.Sprint(st.name, side, phase)] = p.RequestCount(phase)
			}
		}
	})
	return counts
}

func (s *faultyDatabases) proxies() map[string]*dbtest.ErrorProxy {
	return map[string]*dbtest.ErrorProxy{"source": s.from, "target": s.to}
}

// runAllSteps runs all steps, and then checks that the target is empty again.
func (s *faultyDatabases) runAllSteps(t *testing.T, do func(step)) {
	t.Helper()
	for _, st := range importSteps {
		if st.name == "verdict" {
			if n := importtest.Value(t, s.direct, `select count(*)::text from "user"`); n == "0" {
				t.Error("after the step verify the target has no user, want the copied users")
			}
		}
		do(st)
	}
	if n := importtest.Value(t, s.direct, `select count(*)::text from "user"`); n != "0" {
		t.Errorf("after the step rollback the target has %s users, want 0", n)
	}
}

// faultCase is an error that a step receives, with the phase and the database. number selects the request that
// receives it.
type faultCase struct {
	number int
	error  dbtest.ServerError
	phase  dbtest.Phase
	side   string // "source" or "target"
}

// faultCases returns every transient error in both phases and from both databases, or a sample: every error once, and
// each of the four combinations of phase and database about equally often.
func faultCases(t *testing.T) (all []faultCase) {
	t.Helper()
	faults := dbtest.TransientErrors()
	order := sample.NewRandom(t).Perm(len(faults))
	for i, e := range faults {
		for j, c := range []faultCase{
			{4 * i, e, dbtest.AtConnect, "source"},
			{4*i + 1, e, dbtest.AtConnect, "target"},
			{4*i + 2, e, dbtest.AtStatement, "source"},
			{4*i + 3, e, dbtest.AtStatement, "target"},
		} {
			if sample.RunsAllCases() || order[i]%4 == j {
				all = append(all, c)
			}
		}
	}
	return all
}

// Every step of an import receives every transient error of a server or pooler, when it connects and when it sends a
// statement, from the source and from the target; without XENON_WHOLE=1 a sample of these cases. The step reports that
// it waits, continues, and completes.
func TestEveryStepRetriesEveryTransientError(t *testing.T) {
	t.Parallel()
	from := supabasetest.New(t)
	supabasetest.Fill(t, from, 71, 25)
	queue := make(chan faultCase)
	go func() {
		defer close(queue)
		for _, c := range faultCases(t) {
			queue <- c
		}
	}()
	var all sync.WaitGroup
	var mu sync.Mutex
	cases := map[string]int{}
	requests := newFaultyDatabases(t, from).countRequests(t)
	for range 3 {
		s := newFaultyDatabases(t, from)
		all.Go(func() {
			s.runWithoutFaults(t)
			for c := range queue {
				s.runAllSteps(t, func(st step) {
					n := requests[fmt.Sprint(st.name, c.side, c.phase)]
					if n == 0 {
						if err := st.do(t.Context(), s.m); err != nil {
							t.Errorf("the step %s, which sends no request to the %s: got %v, want no error", st.name, c.side, err)
						}
						return
					}
					var waits []string
					s.m.Progress = func(e importer.Event) {
						if e.Waiting != "" {
							waits = append(waits, e.Waiting)
						}
					}
					p := s.proxies()[c.side]
					request := 1 + c.number%n
					p.SetError(c.error, c.phase, request, 1)
					err := st.do(t.Context(), s.m)
					if sent := p.ClearError(); err != nil || sent != 1 || !strings.Contains(strings.Join(waits, "\n"), c.error.Code) {
						t.Errorf("the step %s, while the %s returns %v (%s, request %d of %d): got the error %v, %d sent errors "+
							"and the waits %q, want no error, one sent error and a wait with its code",
							st.name, c.side, c.error, c.phase, request, n, err, sent, waits)
					}
					mu.Lock()
					cases[st.name]++
					mu.Unlock()
				})
			}
		})
	}
	all.Wait()
	total := 0
	for _, n := range cases {
		total += n
	}
	t.Logf("%d cases: %v", total, cases)
}

// If a database rejects the login, the plan ends after one attempt, with an error that says what to correct.
func TestRejectedLoginEndsThePlanImmediately(t *testing.T) {
	t.Parallel()
	from := supabasetest.New(t)
	direct := dbtest.New(t)
	for message, c := range map[string]struct{ code, want string }{
		"Tenant or user not found":                           {"XX000", "postgres.<project reference>"},
		`password authentication failed for user "u"`:        {"28P01", "the user or the password"},
		"password authentication failed for user 'u'":        {"XX000", "the user or the password"},
		`database "nothing" does not exist`:                  {"3D000", "does not exist"},
		"unsupported startup parameter: search_path":         {"08P01", "does not support a parameter"},
		`unrecognized configuration parameter "frob"`:        {"42704", "rejects the login"},
		"Control plane request failed: endpoint is disabled": {"XX000", "disabled"},
	} {
		for _, side := range []string{"source", "target"} {
			s := &importer.Import{From: from, To: direct, Holder: "test", Now: time.Now}
			p := dbtest.NewErrorProxy(t, map[string]string{"source": from, "target": direct}[side])
			if side == "source" {
				s.From = p.URL()
			} else {
				s.To = p.URL()
			}
			p.SetError(dbtest.ServerError{Severity: "FATAL", Code: c.code, Message: message}, dbtest.AtConnect, 1, -1)
			_, err := s.Plan(t.Context(), optionsForThreeBatches)
			sent := p.ClearError()
			if !errors.Is(err, importer.ErrRefused) || sent != 1 || !strings.Contains(err.Error(), c.want) ||
				!strings.Contains(err.Error(), side) {
				t.Errorf("the %s rejects the login with %q: got %v after %d attempts, want ErrRefused with %q and the name of the "+
					"database after one attempt", side, message, err, sent, c.want)
			}
			if strings.Contains(fmt.Sprint(err), "127.0.0.1") {
				t.Errorf("the %s rejects the login with %q: the error contains the host, want it not to: %v", side, message, err)
			}
		}
	}
}

// If a database stays unavailable, the plan ends with an error that the state machine retries.
func TestLastingTransientErrorEndsThePlanAsUnavailable(t *testing.T) {
	t.Parallel()
	from := supabasetest.New(t)
	supabasetest.Fill(t, from, 72, 25)
	p := dbtest.NewErrorProxy(t, from)
	m := &importer.Import{
		From: p.URL(), To: dbtest.New(t), Holder: "test", Shared: true, Now: time.Now, RetryDelay: shortRetryDelay,
	}
	waits := 0
	m.Progress = func(e importer.Event) {
		if e.Waiting != "" {
			waits++
		}
	}
	p.SetError(
		dbtest.ServerError{Severity: "FATAL", Code: "XX000", Message: "Control plane request failed"},
		dbtest.AtConnect,
		1,
		-1,
	)
	err := stepOfAction("plan").do(t.Context(), m)
	name := stepfn.ErrorName(err)
	if name != "Unavailable" || waits == 0 || !strings.Contains(err.Error(), "Control plane request failed") {
		t.Errorf("the source returns an error to every attempt: got %s, %v after %d waits, want Unavailable with the error "+
			"of the source after at least one wait", name, err, waits)
	}
	p.ClearError()
	if err := stepOfAction("plan").do(t.Context(), m); err != nil {
		t.Errorf("the plan after the source is available again: got %v, want no error", err)
	}
}
