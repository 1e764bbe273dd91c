package faults

import (
	"math"
	"net/http"
	"slices"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/xenon-auth/xenon/internal/testkit/dbtest"
)

// Every endpoint meets every transient error of a server or pooler, while it connects and at each of its statements,
// once and again and again. It answers as if nothing had happened, or 503 with Retry-After; a read that meets an error
// once always answers. What a 503 refused has not happened, and the same request succeeds afterwards.
func TestEveryEndpointAnswersEveryTransientError(t *testing.T) {
	t.Parallel()
	queue := make(chan operation)
	go func() {
		defer close(queue)
		for _, op := range operations {
			queue <- op
		}
	}()
	var all sync.WaitGroup
	var tries, refusals atomic.Int64
	for range 4 {
		url := dbtest.New(t)
		p := dbtest.NewErrorProxy(t, url)
		s := &faultySite{newSiteBy(t, url, p.URL()), p, &tries, &refusals}
		all.Go(func() {
			for op := range queue {
				s.meetErrors(t, op)
			}
			s.sound(t)
		})
	}
	all.Wait()
	t.Logf("%d requests met an error, %d of them were answered 503", tries.Load(), refusals.Load())
}

// faultySite is a site whose database answers with errors.
type faultySite struct {
	*site
	proxy           *dbtest.ErrorProxy
	tries, refusals *atomic.Int64
}

// meetErrors lets one operation meet all errors.
func (s *faultySite) meetErrors(t *testing.T, op operation) {
	t.Helper()
	statements := math.MaxInt
	for range 3 { // one of them may fetch keys or prepare a statement besides
		q := op.prepare(t, s.site)
		s.proxy.Arm(dbtest.ServerError{}, dbtest.AtStatement, 1, 0)
		if w := q.who.do(t.Context(), q.method, q.path, q.body); !success(w.Code) {
			t.Errorf("%s without an error: %d %s", op.name, w.Code, w.Body)
			return
		}
		statements = min(statements, s.proxy.Seen(dbtest.AtStatement))
	}
	for _, times := range []int{1, -1} {
		s.meetEach(t, op, dbtest.AtConnect, 1, times)
		for at := 1; at <= statements; at++ {
			s.meetEach(t, op, dbtest.AtStatement, at, times)
		}
	}
}

// patience is how often one request is made again after a 503, below every limit of an account.
const patience = 5

// meetEach lets requests of an operation meet each error. One that was refused is made again with the next error.
func (s *faultySite) meetEach(t *testing.T, op operation, phase dbtest.Phase, at, times int) {
	t.Helper()
	for errors := dbtest.TransientErrors(); len(errors) > 0; {
		q := op.prepare(t, s.site)
		done := false
		for i := 0; i < patience && len(errors) > 0 && !done; i++ {
			done = s.meet(t, op, q, errors[0], phase, at, times)
			errors = errors[1:]
		}
		if !done {
			if w := q.who.do(t.Context(), q.method, q.path, q.body); !success(w.Code) && !slices.Contains(q.again, w.Code) {
				t.Errorf("%s, %s %d: afterwards got %d %s", op.name, phase, at, w.Code, w.Body)
			}
		}
		q.after(t)
	}
}

// meet lets one request meet one error, and reports whether it was carried out.
func (s *faultySite) meet(t *testing.T, op operation, q request, e dbtest.ServerError, phase dbtest.Phase, at, times int) bool {
	t.Helper()
	if phase == dbtest.AtConnect {
		s.open.Close()
		s.restart(t)
	}
	q.who.address = s.somebody().address // so that no limit of IP addresses is met
	s.proxy.Arm(e, phase, at, times)
	w := q.who.do(t.Context(), q.method, q.path, q.body)
	sent := s.proxy.Disarm()
	s.tries.Add(1)
	switch {
	case success(w.Code) && sent > 0:
		return true
	case w.Code != http.StatusServiceUnavailable || w.Header().Get("Retry-After") == "" || sent == 0:
		t.Errorf("%s, %v %s %d: got %d %s after %d errors", op.name, e, phase, at, w.Code, w.Body, sent)
	case op.reads && times == 1:
		t.Errorf("%s, %v %s %d: a read was given up: %s", op.name, e, phase, at, w.Body)
	default:
		s.refusals.Add(1)
	}
	return false
}
