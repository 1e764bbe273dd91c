package pg_test

import (
	"cmp"
	"crypto/tls"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/xenon-auth/xenon/shared/pg"
)

// isVerified reports whether a connection to the host of f requires a certificate for this host.
func isVerified(f *pgconn.FallbackConfig) bool {
	return f.TLSConfig != nil && !f.TLSConfig.InsecureSkipVerify && f.TLSConfig.ServerName == f.Host
}

func TestConnectionsToOtherMachinesVerifyCertificates(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ url, host, negotiation string }{
		{
			"postgres://u:p@ep-x-pooler.eu-central-1.aws.neon.tech/db?sslmode=require&channel_binding=require",
			"ep-x-pooler.eu-central-1.aws.neon.tech", "direct",
		},
		{"postgres://u:p@ep-x.neon.tech/db?sslnegotiation=postgres", "ep-x.neon.tech", "postgres"},
		{"postgres://u:p@localhost/db?host=ep-x.neon.tech", "ep-x.neon.tech", "direct"},
		{"postgres://u:p@db.example.com,ep-x.neon.tech/db", "db.example.com", "postgres"},
		{"postgres://u:p@db.example.com/db", "db.example.com", "postgres"},
		{"postgres://u:p@db.example.com/db?ssl=no-verify", "db.example.com", "postgres"},
		{"postgres://u:p@db.example.com/db?ssl=true", "db.example.com", "postgres"},
		{"postgres://u:p@db.example.com/db?sslmode=prefer", "db.example.com", "postgres"},
		{"postgres://u:p@db.example.com/db?sslmode=disable&sslmode=verify-ca", "db.example.com", "postgres"},
		{"postgres://u:p@203.0.113.7:6543/db?sslmode=allow", "203.0.113.7", "postgres"},
		{"postgres://u:p@[2001:db8::1]:6543/db", "2001:db8::1", "postgres"},
		{"postgres://u:p@localhost/db?host=db.example.com", "db.example.com", "postgres"},
		{"postgres://u:p@localhost/db?h%6fst=db.example.com", "db.example.com", "postgres"},
		{"postgres:///db?host=db.example.com&user=u&password=p", "db.example.com", "postgres"},
		{"postgres://u:p@localhost,db.example.com/db", "localhost", "postgres"},
		{"postgres://u:p@localhost:1,db.example.com:2/db?sslmode=prefer", "localhost", "postgres"},
		{"postgres://u:p@localhost/db?host=127.0.0.1,db.example.com&port=1,2", "127.0.0.1", "postgres"},
		{"postgres://u:p@localhost%2Cdb.example.com/db", "localhost", "postgres"},
		{"postgres://u:p@localhost.example.com/db", "localhost.example.com", "postgres"},
		{"postgres://u:p@127.0.0.1.example.com/db", "127.0.0.1.example.com", "postgres"},
	} {
		cc, err := pg.Parse(c.url)
		if err != nil {
			t.Errorf("Parse(%s): got %v, want no error", c.url, err)
			continue
		}
		for _, f := range append([]*pgconn.FallbackConfig{{Host: cc.Host, TLSConfig: cc.TLSConfig}}, cc.Fallbacks...) {
			if !isVerified(f) {
				t.Errorf("Parse(%s): the certificate of %s is not verified, want it verified", c.url, f.Host)
			}
		}
		if got := cmp.Or(cc.SSLNegotiation, "postgres"); cc.Host != c.host || got != c.negotiation {
			t.Errorf("Parse(%s): got host %q and TLS negotiation %q, want %q and %q",
				c.url, cc.Host, got, c.host, c.negotiation)
		}
	}
}

func TestPlaintextOnlyToThisMachine(t *testing.T) {
	t.Parallel()
	for _, rest := range []string{
		"db.example.com/db?sslmode=disable", "db.example.com/db?ssl=false", "db.example.com/db?ssl%6dode=disable",
		"localhost/db?host=db.example.com&sslmode=disable", "localhost,db.example.com/db?sslmode=disable",
		"localhost/db?sslmode=require&sslmode=disable&host=10.0.0.1",
	} {
		if _, err := pg.Parse("postgres://u:p@" + rest); err == nil || !strings.Contains(err.Error(), "without TLS") {
			t.Errorf("Parse(postgres://u:p@%s): got %v, want an error with \"without TLS\"", rest, err)
		}
	}
	for _, rest := range []string{
		"localhost/db?sslmode=disable", "127.0.0.1:5432/db?sslmode=disable", "[::1]/db?ssl=0",
		"host.docker.internal:5432/db?sslmode=disable",
		"localhost,127.0.0.1/db?sslmode=disable", "%2Fvar%2Frun%2Fpostgresql/db", "/db?host=/var/run/postgresql",
		"localhost/db?host=/tmp",
		"@/db", ":5432/db?host=/tmp",
	} {
		if cc, err := pg.Parse("postgres://u:p@" + rest); err != nil || cc.TLSConfig != nil {
			t.Errorf("Parse(postgres://u:p@%s): got error %v, want none, and settings without TLS", rest, err)
		}
	}
}

func TestParseKeepsUserPasswordHostAndOptionsOfTheURL(t *testing.T) {
	t.Parallel()
	type parts struct{ user, password, host, port, database, options string }
	for text, want := range map[string]parts{
		"postgres://u:p@localhost/db?options=-c%20search_path%3Dauth": {
			"u", "p", "localhost", "5432", "db", "-c search_path=auth",
		},
		"postgres://u:p@localhost/db?options=a+b%2Bc%25&pgbouncer=true": {
			"u", "p", "localhost", "5432", "db", "a+b+c%",
		},
		"postgresql://u:p%20q%25%2F%3F%40@localhost:1/d%20b": {
			"u", "p q%/?@", "localhost", "1", "d b", "",
		},
		"postgres://u:p@ss@localhost/db": {
			"u", "p@ss", "localhost", "5432", "db", "",
		},
		"postgres://u:p?a=b@localhost/db": {
			"u", "p?a=b", "localhost", "5432", "db", "",
		},
		"postgres://u.ref:p+q:r@[::1]:6/db": {
			"u.ref", "p+q:r", "::1", "6", "db", "",
		},
		"postgres://localhost/db?user=u&password=p%26%3D%20x&application_name=a%20b": {
			"u", "p&= x", "localhost", "5432", "db", "",
		},
		"postgres://u:p@%2Ftmp:7/db": {"u", "p", "/tmp", "7", "db", ""},
	} {
		c, err := pg.Parse(text)
		if err != nil {
			t.Errorf("Parse(%s): got %v, want no error", text, err)
			continue
		}
		got := parts{c.User, c.Password, c.Host, fmt.Sprint(c.Port), c.Database, c.RuntimeParams["options"]}
		if got != want {
			t.Errorf("Parse(%s): got %+v, want %+v", text, got, want)
		}
	}
}

// The path of a certificate file may have a space, which the URL has as %20.
func TestCertificateFileMayHaveSpace(t *testing.T) {
	t.Parallel()
	file := strings.ReplaceAll(filepath.Join(t.TempDir(), "no such.pem"), " ", "%20")
	_, err := pg.Parse("postgres://u:hunter2@db.example.com/db?sslrootcert=" + file)
	if err == nil || !strings.Contains(err.Error(), "no such.pem") {
		t.Errorf("Parse with a certificate file that does not exist: got %v, want an error that names it", err)
	}
	file = filepath.Join(t.TempDir(), "a b.pem")
	if err := os.WriteFile(file, []byte(authority), 0o600); err != nil {
		t.Fatal(err)
	}
	c, err := pg.Parse("postgres://u:hunter2@db.example.com/db?sslrootcert=" + strings.ReplaceAll(file, " ", "%20"))
	if err != nil || c.TLSConfig.RootCAs == nil {
		t.Errorf("Parse with a certificate file: got error %v, want its certificates as the root CAs", err)
	}
}

// authority is a CA certificate that is not in the trust store of the system.
const authority = `-----BEGIN CERTIFICATE-----
MIIBdjCCAR2gAwIBAgIUaxRrWajI5ayfhy2xMH0+xO/4ESMwCgYIKoZIzj0EAwIw
ETEPMA0GA1UEAwwGbm9ib2R5MB4XDTI2MTEyODIxMTg1OVoXDTM2MTEyNTIxMTg1
OVowETEPMA0GA1UEAwwGbm9ib2R5MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAE
XZT5fBTVTlLZ5xsXv6e9mj/GP66twPLesP86a9P0tV+n5So+TN6W+1k1Yeb4JMpZ
gGo8Tk+cyP51BbGjvvwXUqNTMFEwHQYDVR0OBBYEFBztbzq5fBBWXaj6C23UzGRU
uQEsMB8GA1UdIwQYMBaAFBztbzq5fBBWXaj6C23UzGRUuQEsMA8GA1UdEwEB/wQF
MAMBAf8wCgYIKoZIzj0EAwIDRwAwRAIgab6Dap08IBvN22dHeUqt3YGxEHlQtt0W
r2mLWUPZd+wCIFZ9Q5K9EdcdDAAfTQ64XoBK9sA1FXEwDkKfoG8QUrnE
-----END CERTIFICATE-----
`

func TestParametersOfOtherDriversAreIgnored(t *testing.T) {
	t.Parallel()
	for query, want := range map[string][]string{
		"pgbouncer=true&connection_limit=1&pool_timeout=0&schema=public": {
			"pgbouncer", "connection_limit", "pool_timeout", "schema",
		},
		"uselibpqcompat=true&sslmode=require":                  {"uselibpqcompat"},
		"supa=base-pooler.x&workaround=supabase-pooler.vercel": {"supa", "workaround"},
		"serverVersion=16&charset=utf8":                        {"serverVersion", "charset"},
		"currentSchema=public&prepareThreshold=0":              {"currentSchema", "prepareThreshold"},
		"client_encoding=UTF8&gssencmode=disable&keepalives=1": {"client_encoding", "gssencmode", "keepalives"},
		"ssl=no-verify&max=3&pool_max_conns=10":                {"ssl", "max", "pool_max_conns"},
		"default_query_exec_mode=cache_statement":              {"default_query_exec_mode"},
		"": nil,
		"application_name=a&statement_timeout=5&search_path=x&sslmode=disable": nil,
	} {
		text := "postgres://u:p@localhost/db?" + query
		c, err := pg.Parse(text)
		if err != nil {
			t.Errorf("Parse with ?%s: got %v, want no error", query, err)
			continue
		}
		if got := pg.IgnoredParameters(text); !slices.Equal(got, want) {
			t.Errorf("IgnoredParameters with ?%s = %v, want %v", query, got, want)
		}
		for name := range c.RuntimeParams {
			if slices.Contains(want, name) {
				t.Errorf("Parse with ?%s: pgx sends the ignored parameter %s to the server, want it dropped", query, name)
			}
		}
	}
}

func TestErrorNamesAllUnknownParameters(t *testing.T) {
	t.Parallel()
	for query, wants := range map[string][]string{
		"pgbuncer=true&sslmode=disable&frob=1":  {"pgbuncer", "frob", "options=-c"},
		"schema=auth":                           {"schema=auth", "SCHEMA=auth"},
		"currentSchema=a%20b&frob=1":            {"SCHEMA=a b", "frob"},
		"hostaddr=203.0.113.7":                  {"hostaddr"},
		"sslcrl=x&requirepeer=y&sslidentity=z":  {"sslcrl, requirepeer, sslidentity"},
		"client_encoding=latin1&replication=on": {"client_encoding, replication"},
		"SSLMODE=disable":                       {"SSLMODE"},
	} {
		_, err := pg.Parse("postgres://u:hunter2@localhost/db?" + query)
		for _, want := range wants {
			if err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "hunter2") {
				t.Errorf("Parse with ?%s: got %v, want an error with %q and without the password", query, err, want)
			}
		}
	}
}

func TestErrorsOfURLsHideThePassword(t *testing.T) {
	t.Parallel()
	for _, text := range []string{
		"", "hunter2", "mysql://u:hunter2@h/db", "host=h password=hunter2", "postgres:/u:hunter2@h/db",
		"postgres://u:hunter2@h/db\n",
		"postgres://u:hunter2@h:99999999/db", "postgres://u:hunter2%zz@h/db", "postgres://u:hunter2 @h/db",
		"postgres://u:hunter2\x00@h/db",
		"postgres://u:hun/ter2hunter2@h/db", "postgres://u:12/hunter2?hunter2=hunter2@h/db", "postgres://u:a@b/hunter2@h/db",
		"postgres://u:hunter2@[::1/db", "postgres://u:hunter2@[]/db", "postgres://u:hunter2@[::1]x/db",
		"postgres://u:hunter2@h:1,2:3,4/db?port=1,2",
		"postgres://u:hunter2@h/db?connect_timeout=x", "postgres://u:hunter2@h/db?channel_binding=hunter2",
		"postgres://u:hunter2@h/db?options=-c search_path=hunter2", "postgres://u:hunter2@h/db?password=hunter2=hunter2",
		"postgres://u:hunter2@h/db?hunter2", "postgres://u:x@h/db?sslmode=hunter2&password=hunter2",
		"postgres://u@h/db?password=hunter2%",
		"postgres://u:hunter2@h/db?target_session_attrs=hunter2",
		"postgres://u:hunter2@h/db?sslcert=/nothing&sslkey=/nothing",
	} {
		if _, err := pg.Parse(text); err == nil || strings.Contains(err.Error(), "hunter2") {
			t.Errorf("Parse(%q): got %v, want an error without the password", text, err)
		}
	}
}

func TestParseTurnsPreparedStatementsOff(t *testing.T) {
	t.Parallel()
	c, err := pg.Parse("postgres://u:p@localhost/db?default_query_exec_mode=cache_statement&statement_cache_capacity=9")
	if err != nil || c.StatementCacheCapacity != 0 || c.DescriptionCacheCapacity != 0 ||
		c.DefaultQueryExecMode.String() != "exec" {
		t.Errorf("Parse with a statement cache in the URL: got capacities %v and %v, mode %v, error %v; want 0, 0 and exec",
			c.StatementCacheCapacity, c.DescriptionCacheCapacity, c.DefaultQueryExecMode, err)
	}
}

// Postgres before 18 accepts only P-256 by default, and would ask for a key for it. Neon accepts X25519.
func TestFirstTLSMessageHasAKeyThatTheServerAccepts(t *testing.T) {
	t.Parallel()
	for host, isDefault := range map[string]bool{"db.example.com": false, "ep-x.neon.tech": true} {
		c, err := pg.Parse("postgres://u:p@" + host + "/db")
		if err != nil {
			t.Fatal(err)
		}
		if got := c.TLSConfig.CurvePreferences; (got == nil) != isDefault {
			t.Errorf("%s: got the key exchanges %v, want those of Go: %v", host, got, isDefault)
		}
		if slices.Contains(c.TLSConfig.CurvePreferences, tls.X25519MLKEM768) {
			t.Errorf("%s: the key exchanges contain X25519MLKEM768, so the first message has no key for P-256", host)
		}
	}
}
