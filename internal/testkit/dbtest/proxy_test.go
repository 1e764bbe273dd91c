package dbtest

import (
	"context"
	"errors"
	"net"
	"net/url"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
)

// execWithin executes a statement, and returns its error or, after the timeout, context.DeadlineExceeded.
func execWithin(t *testing.T, conn *pgx.Conn, timeout time.Duration) error {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), timeout)
	defer cancel()
	_, err := conn.Exec(ctx, "SELECT 1")
	return err
}

func TestCloseConnectionsClosesConnectionsAndAcceptsNewOnes(t *testing.T) {
	t.Parallel()
	p := NewProxy(t, New(t))
	conn := connect(t, p.URL())
	if got, want := p.Accepted(), 1; got != want {
		t.Errorf("accepted connections: got %d, want %d", got, want)
	}
	p.CloseConnections()
	if err := execWithin(t, conn, time.Minute); err == nil {
		t.Error("a statement on a connection after Cut succeeded, want an error")
	}
	if err := execWithin(t, connect(t, p.URL()), time.Minute); err != nil {
		t.Errorf("a statement on a new connection after Cut: got the error %v, want none", err)
	}
}

func TestFreezeForwardsNothingUntilResume(t *testing.T) {
	t.Parallel()
	p := NewProxy(t, New(t))
	conn, waiting := connect(t, p.URL()), connect(t, p.URL())
	p.Freeze()
	if err := execWithin(t, conn, 50*time.Millisecond); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("a statement after Freeze: got the error %v, want context.DeadlineExceeded", err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	if _, err := pgx.Connect(ctx, p.URL()); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("a new connection after Freeze: got the error %v, want context.DeadlineExceeded", err)
	}
	answer := make(chan error)
	go func() {
		_, err := waiting.Exec(t.Context(), "SELECT 1")
		answer <- err
	}()
	p.Resume()
	if err := <-answer; err != nil {
		t.Errorf("a statement after Resume, on a connection opened before Freeze: got the error %v, want none", err)
	}
}

func TestRefuseKeepsThePortAndRefusesConnections(t *testing.T) {
	t.Parallel()
	p := NewProxy(t, New(t))
	conn := connect(t, p.URL())
	p.RefuseConnections()
	if err := execWithin(t, conn, time.Minute); err == nil {
		t.Error("a statement on a connection after Refuse succeeded, want an error")
	}
	if _, err := pgx.Connect(t.Context(), p.URL()); !errors.Is(err, syscall.ECONNREFUSED) {
		t.Errorf("a new connection after Refuse: got the error %v, want ECONNREFUSED", err)
	}
	if l, err := net.Listen("tcp", p.url.Host); err == nil {
		_ = l.Close()
		t.Error("listen on the port of a proxy after Refuse: got no error, want one, because the proxy keeps the port")
	}
	p.Resume()
	if err := execWithin(t, connect(t, p.URL()), time.Minute); err != nil {
		t.Errorf("a statement after Resume: got the error %v, want none", err)
	}
}

func TestResetEndsConnectionsWithATCPReset(t *testing.T) {
	t.Parallel()
	p := NewProxy(t, New(t))
	conn := connect(t, p.URL())
	p.ResetAtNextResponse()
	if err := execWithin(t, conn, time.Minute); err == nil {
		t.Error("a statement after Reset succeeded, want an error")
	}
	if _, err := pgx.Connect(t.Context(), p.URL()); !errors.Is(err, syscall.ECONNRESET) {
		t.Errorf("a new connection after Reset: got the error %v, want ECONNRESET", err)
	}
	p.Resume()
	if err := execWithin(t, connect(t, p.URL()), time.Minute); err != nil {
		t.Errorf("a statement after Resume: got the error %v, want none", err)
	}
}

func TestDelayDelaysResponsesUntilResume(t *testing.T) {
	t.Parallel()
	p := NewProxy(t, New(t))
	conn := connect(t, p.URL())
	const delay = 200 * time.Millisecond
	p.Delay(delay)
	began := time.Now()
	if err := execWithin(t, conn, time.Minute); err != nil {
		t.Error(err)
	}
	if took := time.Since(began); took < delay {
		t.Errorf("the response of a delayed statement came after %v, want at least %v", took, delay)
	}
	answer := make(chan error)
	p.Delay(time.Hour)
	go func() { answer <- execWithin(t, conn, time.Minute) }()
	p.Resume()
	if err := <-answer; err != nil {
		t.Errorf("a statement after Resume: got the error %v, want none", err)
	}
}

func TestForwardSendsNewConnectionsToAnotherServer(t *testing.T) {
	t.Parallel()
	p := NewProxy(t, "postgres://postgres@127.0.0.1:1/postgres") // no server listens there
	if _, err := pgx.Connect(t.Context(), p.URL()); err == nil {
		t.Error("a connection through a proxy without a server succeeded, want an error")
	}
	u, err := url.Parse(New(t))
	if err != nil {
		t.Fatal("the database URL is not a URL")
	}
	p.ForwardTo(u.Host)
	u.Host = p.url.Host
	if err := execWithin(t, connect(t, u.String()), time.Minute); err != nil {
		t.Errorf("a statement after Forward: got the error %v, want none", err)
	}
}
