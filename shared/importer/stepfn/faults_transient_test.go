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

// threeBatches is an import of three batches.
var threeBatches = importer.Options{BatchSize: 10, MFA: "allow"}

// shortPause is the first wait after a simulated error: no database has to recover.
const shortPause = 10 * time.Millisecond

// step is an action of the state machine, or a command that is not an action.
type step struct {
	name string
	do   func(context.Context, *importer.Import) error
}

// act returns the step that runs an action on the whole run.
func act(action string) step {
	return step{action, func(ctx context.Context, m *importer.Import) error {
		job := stepfn.Job{Mode: stepfn.ModeImport, Run: "supabase", Options: threeBatches, Concurrency: 1, Holder: m.Holder}
		job.Options.Run = job.Run
		answer, err := stepfn.Act(
			ctx,
			m.Env(),
			stepfn.Action{Action: action, Job: job, Shard: run.Shard{Count: 1}, Error: stepfn.Failure{Error: "States.Timeout"}},
		)
		if s, ok := answer.(stepfn.StepResult); ok && err == nil && !s.Done {
			return errors.New("not done")
		}
		return err
	}}
}

// steps has the steps of a whole import and its rollback. Each step depends on the one before.
var steps = []step{
	act("plan"),
	act("begin"),
	act("park"),
	{"close a pass with parked batches", act("close").do},
	{"begin again", act("begin").do},
	act("copy"),
	act("close"),
	act("verify"),
	act("verdict"),
	act("report"),
	act("gate"),
	{"status", func(ctx context.Context, m *importer.Import) error { _, err := m.Status(ctx, "supabase"); return err }},
	{"list plain copies", func(ctx context.Context, m *importer.Import) error {
		_, err := copy.ListPlain(ctx, m.Env(), threeBatches)
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
	act("rollback"),
}

// databases has a source and a target behind proxies that send errors.
type databases struct {
	m        *importer.Import
	from, to *dbtest.ErrorProxy
	direct   string // URL of the target without the proxy
}

func newDatabases(t *testing.T, from string) *databases {
	t.Helper()
	s := &databases{direct: dbtest.New(t), from: dbtest.NewErrorProxy(t, from)}
	s.to = dbtest.NewErrorProxy(t, s.direct)
	s.m = &importer.Import{
		From:       s.from.URL(),
		To:         s.to.URL(),
		Holder:     "test",
		Shared:     true,
		Now:        time.Now,
		RetryDelay: shortPause,
	}
	return s
}

// withoutFaults runs a cycle without errors. The first cycle creates the objects that later cycles expect.
func (s *databases) withoutFaults(t *testing.T) {
	t.Helper()
	s.runAllSteps(t, func(st step) {
		if err := st.do(t.Context(), s.m); err != nil {
			t.Errorf("%s without a fault: %v", st.name, err)
		}
	})
}

// countRequests returns the number of requests of each step, by step, database and phase.
func (s *databases) countRequests(t *testing.T) map[string]int {
	t.Helper()
	s.withoutFaults(t)
	counts := map[string]int{}
	s.runAllSteps(t, func(st step) {
		for _, p := range s.proxies() {
			p.SetError(dbtest.ServerError{}, dbtest.AtConnect, 1, 0)
		}
		if err := st.do(t.Context(), s.m); err != nil {
			t.Errorf("%s without a fault: %v", st.name, err)
		}
		for side, p := range s.proxies() {
			for _, phase := range []dbtest.Phase{dbtest.AtConnect, dbtest.AtStatement} {
				counts[fmt.Sprint(st.name, side, phase)] = p.RequestCount(phase)
			}
		}
	})
	return counts
}

func (s *databases) proxies() map[string]*dbtest.ErrorProxy {
	return map[string]*dbtest.ErrorProxy{"source": s.from, "target": s.to}
}

// runAllSteps runs all steps, and then checks that the target is empty again.
func (s *databases) runAllSteps(t *testing.T, do func(step)) {
	t.Helper()
	for _, st := range steps {
		if st.name == "verdict" {
			if n := importtest.Value(t, s.direct, `select count(*)::text from "user"`); n == "0" {
				t.Error("no user was copied")
			}
		}
		do(st)
	}
	if n := importtest.Value(t, s.direct, `select count(*)::text from "user"`); n != "0" {
		t.Errorf("the rollback left %s users", n)
	}
}

// combination is an error of a server that a step receives.
type combination struct {
	number int
	error  dbtest.ServerError
	phase  dbtest.Phase
	side   string
}

// combinations returns every error in both phases and from both databases, or a sample: every error once, and each of
// the four combinations of phase and database equally often.
func combinations(t *testing.T) (all []combination) {
	t.Helper()
	faults := dbtest.TransientErrors()
	order := sample.Random(t).Perm(len(faults))
	for i, e := range faults {
		for j, c := range []combination{
			{4 * i, e, dbtest.AtConnect, "source"},
			{4*i + 1, e, dbtest.AtConnect, "target"},
			{4*i + 2, e, dbtest.AtStatement, "source"},
			{4*i + 3, e, dbtest.AtStatement, "target"},
		} {
			if sample.Whole() || order[i]%4 == j {
				all = append(all, c)
			}
		}
	}
	return all
}

// Every step of an import receives every transient error of a server or pooler, at connect and at a statement, from the
// source and from the target. It reports that it waits, continues, and completes.
func TestEveryStepRetriesEveryTransientError(t *testing.T) {
	t.Parallel()
	from := supabasetest.New(t)
	supabasetest.Fill(t, from, 71, 25)
	queue := make(chan combination)
	go func() {
		defer close(queue)
		for _, c := range combinations(t) {
			queue <- c
		}
	}()
	var all sync.WaitGroup
	var mu sync.Mutex
	cases := map[string]int{}
	requests := newDatabases(t, from).countRequests(t)
	for range 3 {
		s := newDatabases(t, from)
		all.Go(func() {
			s.withoutFaults(t)
			for c := range queue {
				s.runAllSteps(t, func(st step) {
					trips := requests[fmt.Sprint(st.name, c.side, c.phase)]
					if trips == 0 {
						if err := st.do(t.Context(), s.m); err != nil {
							t.Errorf("%s, which sends no request to the %s: %v", st.name, c.side, err)
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
					p.SetError(c.error, c.phase, 1+c.number%trips, 1)
					err := st.do(t.Context(), s.m)
					if sent := p.ClearError(); err != nil || sent != 1 || !strings.Contains(strings.Join(waits, "\n"), c.error.Code) {
						t.Errorf("%s, %v %s %d of %d of the %s: got %v after %d errors, and the events of waiting %q",
							st.name, c.error, c.phase, 1+c.number%trips, trips, c.side, err, sent, waits)
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

// An error that a retry cannot resolve ends the import immediately, with an error that says what to correct.
func TestRejectedLoginsEndAnImportImmediately(t *testing.T) {
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
			_, err := s.Plan(t.Context(), threeBatches)
			sent := p.ClearError()
			if !errors.Is(err, importer.ErrRefused) || sent != 1 || !strings.Contains(err.Error(), c.want) ||
				!strings.Contains(err.Error(), side) {
				t.Errorf("%s at the %s: got %v after %d attempts, want %q", message, side, err, sent, c.want)
			}
			if strings.Contains(fmt.Sprint(err), "127.0.0.1") {
				t.Errorf("%s: the error contains the host: %v", message, err)
			}
		}
	}
}

// If a database stays unavailable, the import ends with the error that Step Functions retries.
func TestLastingTransientErrorsAreUnavailable(t *testing.T) {
	t.Parallel()
	from := supabasetest.New(t)
	supabasetest.Fill(t, from, 72, 25)
	p := dbtest.NewErrorProxy(t, from)
	m := &importer.Import{
		From: p.URL(), To: dbtest.New(t), Holder: "test", Shared: true, Now: time.Now, RetryDelay: shortPause,
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
	err := act("plan").do(t.Context(), m)
	if got := stepfn.ErrorName(
		err,
	); got != "Unavailable" || waits == 0 ||
		!strings.Contains(err.Error(), "Control plane request failed") {
		t.Errorf("got %s, %v after %d events of waiting", got, err, waits)
	}
	p.ClearError()
	if err := act("plan").do(t.Context(), m); err != nil {
		t.Errorf("afterwards: %v", err)
	}
}
