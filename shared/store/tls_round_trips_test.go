package store_test

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"flag"
	"fmt"
	"net/url"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5"

	"github.com/xenon-auth/xenon/internal/testkit/dbtest"
	"github.com/xenon-auth/xenon/migrations"
	"github.com/xenon-auth/xenon/shared/postgres"
	"github.com/xenon-auth/xenon/shared/store"
)

var update = flag.Bool("update", false, "write the table of round trips into docs/lambda.md")

// tlsPostgres is a Postgres server with TLS and a database with all migrations.
type tlsPostgres struct {
	t   *testing.T
	url url.URL // without parameters
	ca  string  // the file with the certificate
}

// startTLSPostgres starts a server. Postgres itself writes the certificate and the key to its files, because the key
// must belong to the account that runs it.
func startTLSPostgres(t *testing.T, cert tls.Certificate, ca string) *tlsPostgres {
	t.Helper()
	server, err := postgres.Start(t.Context(), postgres.Options{Fast: true})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := server.Stop(); err != nil {
			t.Error(err)
		}
	})
	u, err := url.Parse(server.URL("postgres"))
	if err != nil {
		t.Fatal("the URL of the server is invalid") // the error itself would show the password
	}
	u.Host = "localhost:" + u.Port()
	p := &tlsPostgres{t, *u, ca}
	if _, err := migrations.Up(t.Context(), p.urlWith("sslmode", "disable")); err != nil {
		t.Fatal(err)
	}
	key, err := x509.MarshalPKCS8PrivateKey(cert.PrivateKey)
	if err != nil {
		t.Fatal(err)
	}
	p.query(copyToFile("server.key", "PRIVATE KEY", key))
	p.query(copyToFile("server.crt", "CERTIFICATE", cert.Certificate[0]))
	p.set("ssl", "on")
	return p
}

func copyToFile(name, kind string, der []byte) string {
	text := pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der})
	return fmt.Sprintf("COPY (SELECT regexp_split_to_table('%s', '\n')) TO PROGRAM 'umask 077; cat >%s'", text, name)
}

// urlWith returns the URL with parameters given as name, value, name, value, ….
func (p *tlsPostgres) urlWith(parameters ...string) string {
	u := p.url
	u.RawQuery = queryOf(parameters...)
	return u.String()
}

// query runs a statement on a new connection and returns its first value as text, or "".
func (p *tlsPostgres) query(sql string) (value string) {
	p.t.Helper()
	conn, err := pgx.Connect(p.t.Context(), p.urlWith("sslmode", "disable"))
	if err != nil {
		p.t.Fatal("connect to the server: ", errors.Unwrap(err)) // the error itself would show the password
	}
	defer conn.Close(context.WithoutCancel(p.t.Context()))
	results, err := conn.PgConn().Exec(p.t.Context(), sql).ReadAll()
	if err != nil {
		p.t.Fatalf("%.40s: %v", sql, err)
	}
	if rows := results[0].Rows; len(rows) > 0 {
		return string(rows[0][0])
	}
	return ""
}

// set changes a setting of the server, and waits until new connections have it.
func (p *tlsPostgres) set(name, value string) {
	p.t.Helper()
	p.query("ALTER SYSTEM SET " + name + " = '" + value + "'")
	p.query("SELECT pg_reload_conf()")
	for p.query("SHOW "+name) != value {
		if p.t.Context().Err() != nil {
			p.t.Fatalf("%s: got no %s before the end of the test", name, value)
		}
	}
}

// countFirst counts the round trips of a first statement with parameters in the URL. The next one takes one.
func (p *tlsPostgres) countFirst(parameters ...string) int {
	p.t.Helper()
	first, second := firstRoundTrips(p.t, p.urlWith(parameters...))
	if second != 1 {
		p.t.Errorf("%v: the second statement takes %d round trips, want 1", parameters, second)
	}
	return first
}

// firstRoundTrips counts the round trips of the first and of the second statement of a process, without TCP's own.
func firstRoundTrips(t *testing.T, databaseURL string) (first, second int) {
	t.Helper()
	wire := &dbtest.CountingDialer{}
	db := openStoreCountingRoundTrips(t, databaseURL, 1, wire)
	for _, trips := range []*int{&first, &second} {
		before := wire.RoundTrips()
		if _, _, err := db.SessionWithUser(t.Context(), []string{"none"}, time.Now()); !errors.Is(err, store.ErrNotFound) {
			t.Fatalf("a session that does not exist: got the error %v, want ErrNotFound", err)
		}
		*trips = wire.RoundTrips() - before
	}
	return first, second
}

// connectCounts are round trips of a first statement, without TCP's own.
type connectCounts struct {
	plain  int // without TLS
	asked  int // TLS after an SSLRequest
	direct int // TLS with direct negotiation
}

// The server, its TLS and SCRAM-SHA-256 are real. No Postgres before 17 accepts direct negotiation, so it is counted
// through a proxy that ends TLS, as Neon's does.
func TestRoundTripsOfAFirstStatementAreListed(t *testing.T) {
	t.Parallel()
	cert, ca := newCertificate(t, "localhost")
	p := startTLSPostgres(t, cert, ca)
	verified := []string{"sslmode", "verify-full", "sslrootcert", ca}
	var c connectCounts
	c.plain = p.countFirst("sslmode", "disable")
	c.asked = p.countFirst(append(verified, "channel_binding", "disable")...)
	bound := p.countFirst(append(verified, "channel_binding", "require")...)
	proxy := newTLSProxy(t, p.urlWith(), cert)
	c.direct, _ = firstRoundTrips(t, proxy.urlWith(append(verified, "sslnegotiation", "direct")...))
	throughProxy, _ := firstRoundTrips(t, proxy.urlWith(verified...))
	if bound != c.asked || throughProxy != c.asked {
		t.Errorf("first statement: got %d round trips with channel binding, %d through the proxy and %d without both, "+
			"want the same", bound, throughProxy, c.asked)
	}
	compareWithPage(t, roundTripTable(c))
}

func queryOf(parameters ...string) string {
	q := url.Values{}
	for i := 0; i < len(parameters); i += 2 {
		q.Set(parameters[i], parameters[i+1])
	}
	return q.Encode()
}

func roundTripTable(c connectCounts) string {
	const statement, tcp = 1, 1
	var b strings.Builder
	b.WriteString("| part | round trips | 1 ms | 10 ms | 80 ms |\n|---|--:|--:|--:|--:|\n")
	for _, row := range []struct {
		part  string
		trips int
	}{
		{"TCP", tcp},
		{"SSLRequest", c.asked - c.direct},
		{"TLS 1.3", c.direct - c.plain},
		{"start-up and SCRAM-SHA-256", c.plain - statement},
		{"the statement", statement},
		{"**together**", tcp + c.asked},
		{"**with direct negotiation**", tcp + c.direct},
		{"**on an open connection**", statement},
	} {
		fmt.Fprintf(&b, "| %s | %d | %d ms | %d ms | %d ms |\n", row.part, row.trips, row.trips, 10*row.trips, 80*row.trips)
	}
	return b.String()
}

func compareWithPage(t *testing.T, want string) {
	t.Helper()
	const page, begin, end = "../../docs/lambda.md", "<!-- round trips -->\n", "<!-- /round trips -->"
	text, err := os.ReadFile(page)
	if err != nil {
		t.Fatal(err)
	}
	head, rest, hasBegin := strings.Cut(string(text), begin)
	table, tail, hasEnd := strings.Cut(rest, end)
	if !hasBegin || !hasEnd {
		t.Fatalf("%s has no part between %q and %q", page, begin, end)
	}
	if *update {
		if err := os.WriteFile(page, []byte(head+begin+want+end+tail), 0o600); err != nil {
			t.Fatal(err)
		}
		return
	}
	if diff := cmp.Diff(want, table); diff != "" {
		t.Errorf("docs/lambda.md is out of date; run this test with -update (-want +got):\n%s", diff)
	}
}
