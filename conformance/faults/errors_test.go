package faults

import (
	"math"
	"math/rand/v2"
	"net/http"
	"slices"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/xenon-auth/xenon/internal/testkit/dbtest"
	"github.com/xenon-auth/xenon/internal/testkit/sample"
)

// Postgres or a pooler answers each operation with every transient error, at the connect and at each statement, once
// and repeatedly. The endpoint answers normally or 503 with Retry-After. After a single error a read always answers
// normally. After a 503 the same request succeeds, or its status shows that the first request was committed. By default
// the test runs a sample: a third of the operations, and at each place a quarter of the errors, but every error at some
// place of each of these operations.
func TestEveryEndpointAnswersEveryTransientError(t *testing.T) {
	t.Parallel()
	random := sample.NewRandom(t)
	chosen := chooseOperations(random)
	queue := make(chan operation)
	go func() {
		defer close(queue)
		for _, op := range chosen {
			queue <- op
		}
	}()
	var all sync.WaitGroup
	var tries, refusals atomic.Int64
	order := random.Perm(len(dbtest.TransientErrors()))
	for range 4 {
		url := dbtest.New(t)
		p := dbtest.NewErrorProxy(t, url)
		s := &faultyServer{newTestServerBehind(t, url, p.URL()), p, order, &tries, &refusals}
		all.Go(func() {
			for op := range queue {
				s.runWithErrors(t, op)
			}
			s.checkInvariants(t)
		})
	}
	all.Wait()
	t.Logf("%d requests of %d operations with an error, %d of them were answered with 503",
		tries.Load(), len(chosen), refusals.Load())
}

// chooseOperations returns all operations with XENON_WHOLE=1, otherwise a random third of them.
func chooseOperations(random *rand.Rand) (chosen []operation) {
	if sample.RunsAllCases() {
		return operations
	}
	for _, i := range random.Perm(len(operations))[:(len(operations)+2)/3] {
		chosen = append(chosen, operations[i])
	}
	return chosen
}

// faultyServer is a test server whose database answers with errors.
type faultyServer struct {
	*testServer
	proxy           *dbtest.ErrorProxy
	order           []int // the errors in random order, for samples
	tries, refusals *atomic.Int64
}

// runWithErrors runs one operation with errors at each place: at the connect and at each statement.
func (s *faultyServer) runWithErrors(t *testing.T, op operation) {
	t.Helper()
	statements := math.MaxInt
	for range 3 { // a run may additionally fetch keys or prepare a statement, so the smallest count is used
		q := op.prepare(t, s.testServer)
		s.proxy.SetError(dbtest.ServerError{}, dbtest.AtStatement, 1, 0)
		if w := q.user.do(t.Context(), q.method, q.path, q.body); !isSuccess(w.Code) {
			t.Errorf("%s without an error of Postgres: got %d %s, want a status below 400", op.name, w.Code, w.Body)
			return
		}
		statements = min(statements, s.proxy.RequestCount(dbtest.AtStatement))
	}
	places := 0
	for _, count := range []int{1, -1} {
		s.runWithEachError(t, op, s.errorsAt(places), dbtest.AtConnect, 1, count)
		places++
		for number := 1; number <= statements; number++ {
			s.runWithEachError(t, op, s.errorsAt(places), dbtest.AtStatement, number, count)
			places++
		}
	}
}

// errorsAt returns the errors to send at the n-th place of an operation. In a sample each place has a quarter of all
// errors, and four consecutive places together have all errors. Every operation has at least four places: connect and
// statement, once and repeatedly.
func (s *faultyServer) errorsAt(n int) (chosen []dbtest.ServerError) {
	for i, e := range dbtest.TransientErrors() {
		if sample.RunsAllCases() || s.order[i]%4 == n%4 {
			chosen = append(chosen, e)
		}
	}
	return chosen
}

// maxErrorsBeforeRepeat is the largest number of errors that one request gets before it is sent without an error. It is
// below every rate limit of an account.
const maxErrorsBeforeRepeat = 5

// runWithEachError runs an operation with each of the errors. The proxy counts the requests of the phase from 1, and
// answers `count` of them (-1: all) with the error, beginning with the request `number`. After a 503 runWithEachError
// repeats the request with the next error.
func (s *faultyServer) runWithEachError(
	t *testing.T, op operation, errors []dbtest.ServerError, phase dbtest.Phase, number, count int,
) {
	t.Helper()
	for len(errors) > 0 {
		q := op.prepare(t, s.testServer)
		done := false
		for i := 0; i < maxErrorsBeforeRepeat && len(errors) > 0 && !done; i++ {
			done = s.runWithError(t, op, q, errors[0], phase, number, count)
			errors = errors[1:]
		}
		if !done {
			w := q.user.do(t.Context(), q.method, q.path, q.body)
			if !isSuccess(w.Code) && !slices.Contains(q.again, w.Code) {
				t.Errorf("%s, repeated without an error after errors %s, number %d: got %d %s, want a status below 400 or one "+
					"of %v", op.name, phase, number, w.Code, w.Body, q.again)
			}
		}
		q.after(t)
	}
}

// runWithError sends one request with one error, and reports whether the request succeeded.
func (s *faultyServer) runWithError(
	t *testing.T, op operation, q request, e dbtest.ServerError, phase dbtest.Phase, number, count int,
) bool {
	t.Helper()
	if phase == dbtest.AtConnect {
		s.open.Close()
		s.restartWithoutConnection(t)
	}
	q.user.ip = s.newUnregisteredUser().ip // so that the limits by IP address do not apply
	s.proxy.SetError(e, phase, number, count)
	w := q.user.do(t.Context(), q.method, q.path, q.body)
	sent := s.proxy.ClearError()
	s.tries.Add(1)
	switch {
	case isSuccess(w.Code) && sent > 0:
		return true
	case w.Code != http.StatusServiceUnavailable || w.Header().Get("Retry-After") == "" || sent == 0:
		t.Errorf("%s, error %v %s, number %d: got %d %s after %d errors, want 503 with Retry-After and at least one error",
			op.name, e, phase, number, w.Code, w.Body, sent)
	case op.isRead && count == 1:
		t.Errorf("%s, error %v once, %s, number %d: got 503 %s, want a retry of the read that succeeds",
			op.name, e, phase, number, w.Body)
	default:
		s.refusals.Add(1)
	}
	return false
}
