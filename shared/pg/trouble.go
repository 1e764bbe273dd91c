package pg

import (
	"cmp"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"

	"github.com/jackc/pgx/v5/pgconn"
)

// Trouble says what helps against an error.
type Trouble int

// The kinds of trouble. Postgres' manual lists SQLSTATEs in appendix A; poolers use some of them in their own way.
const (
	None      Trouble = iota // of the statement or its values, or of nothing that is known here
	Broken                   // the connection is lost or was never made: a new one may do
	Transient                // the server could not do it this time: the same statement on the same connection may do
	Canceled                 // the statement took too long
	Rejected                 // the server or pooler does not let this URL in: a person has to correct something
)

// states is what helps by SQLSTATE, or by its beginning.
var states = map[string]Trouble{
	"08":    Broken,    // connection exception; PgBouncer's word for most of its own troubles (08P01)
	"25006": Transient, // read_only_sql_transaction: a standby, or a disk so full that the host stopped all writing
	"25P02": Transient, // in_failed_sql_transaction
	"25P03": Broken,    // idle_in_transaction_session_timeout
	"28":    Rejected,  // invalid authorization
	"3D000": Rejected,  // invalid_catalog_name: no such database
	"40":    Transient, // transaction rollback: serialization failure, deadlock
	"53":    Transient, // insufficient resources: disk, memory, connections
	"55P03": Transient, // lock_not_available
	"57014": Canceled,  // query_canceled
	"57P":   Broken,    // shut down, crashed or not started yet
	"58":    Transient, // system error: of disk or operating system
	"XX000": Transient, // internal_error; the word of Neon's proxy and Supabase's pooler for all their own troubles
}

// rejections are texts by which poolers reject a login with a SQLSTATE that says something else, and what to do. The
// texts are those of Neon's proxy (github.com/neondatabase/neon, proxy/src), Supavisor (github.com/supabase/supavisor,
// lib/supavisor) and PgBouncer (src/client.c); "*" stands for a name.
var rejections = []struct{ text, advice string }{
	{"Tenant or user not found", tenant},
	{"tenant/user * not found", tenant},
	{"no tenant identifier provided", tenant},
	{"Invalid format for user or db_name", tenant},
	{"user not found in the database", "the pooler does not know the user of the URL"},
	{"password authentication failed", wrongLogin},
	{"SASL authentication failed", wrongLogin},
	{"no such user", wrongLogin},
	{"role * does not exist", wrongLogin},
	{"database * does not exist", noDatabase},
	{"no such database", noDatabase},
	{"unsupported startup parameter", "the pooler does not take a parameter of the URL: leave it out, or connect without the pooler"},
	{"endpoint could not be found", noEndpoint},
	{"endpoint cannot be found", noEndpoint},
	{"Endpoint ID is not specified", noEndpoint},
	{"endpoint is disabled", "the endpoint is disabled: enable it in Neon's console"},
	{"endpoint has been disabled", "the endpoint is disabled: enable it in Neon's console"},
	{"is not allowed to connect to this endpoint", notAllowed},
	{"from a blocked network", notAllowed},
	{"ddress not in tenant allow_list", notAllowed},
	{"tenant is banned", "the pooler has banned the project: ask its operator"},
	{"SSL connection is required", "the server takes only TLS: remove sslmode=disable from the URL"},
	{"has exceeded the", "a quota of the project is used up: raise it with the database's provider"},
}

// What to do about a rejection.
const (
	tenant = "the pooler does not know the project of the URL: its user is postgres.<project reference> and its host that of " +
		"the project's region, as the dashboard shows them; a paused project has to be resumed"
	wrongLogin = "the server does not accept the user or the password of the URL"
	noDatabase = "the database that the URL names does not exist"
	noEndpoint = "the host of the URL is no endpoint of a Neon project"
	notAllowed = "the server does not accept connections from this address: allow it where the database is run"
	noTrust    = "the server's certificate is not trusted here: name the file of its authority in the URL, sslrootcert=<file>. " +
		"Supabase's can be downloaded in the dashboard, under database settings"
	noLogin = "the server does not accept the connection that the URL asks for"
)

// Classify says what helps against an error of pgx.
func Classify(err error) Trouble {
	trouble, _ := classify(err)
	return trouble
}

// Explain adds to an error that is Rejected one sentence about what to do.
func Explain(err error) error {
	if trouble, advice := classify(err); trouble == Rejected {
		return fmt.Errorf("%s (%w)", advice, withoutURL(err))
	}
	return err
}

// withoutURL leaves out host and user, which pgx puts before the reason.
func withoutURL(err error) error {
	if e, ok := errors.AsType[*pgconn.PgError](err); ok {
		return e
	}
	if e, ok := errors.AsType[*tls.CertificateVerificationError](err); ok {
		return e
	}
	return err
}

// RolledBack reports whether the server says that it did not carry out the statement, nor anything sent along with it.
func RolledBack(err error) bool {
	e, ok := errors.AsType[*pgconn.PgError](err)
	return ok && !ends(e) && e.Code != "XX000" && !strings.HasPrefix(e.Code, "08")
}

// Unsent reports whether no statement was sent: the server refused the connection, or pgx had none.
func Unsent(err error) bool {
	return errors.As(err, new(*pgconn.ConnectError)) && errors.As(err, new(*pgconn.PgError)) || pgconn.SafeToRetry(err)
}

// ends reports whether a server's error ends the connection.
func ends(e *pgconn.PgError) bool { return cmp.Or(e.SeverityUnlocalized, e.Severity) != "ERROR" }

func classify(err error) (Trouble, string) {
	if e, ok := errors.AsType[*pgconn.PgError](err); ok {
		return ofState(e, errors.As(err, new(*pgconn.ConnectError)))
	}
	var network net.Error
	switch {
	case err == nil:
		return None, ""
	case errors.As(err, new(*tls.CertificateVerificationError)):
		return Rejected, noTrust
	case errors.Is(err, context.DeadlineExceeded), errors.Is(err, context.Canceled):
		return Canceled, ""
	case errors.As(err, &network), errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, net.ErrClosed),
		errors.As(err, new(*pgconn.ConnectError)), pgconn.SafeToRetry(err), strings.Contains(err.Error(), "conn closed"):
		return Broken, ""
	}
	return None, ""
}

// ofState is the trouble of a server's error, which may have come while connecting.
func ofState(e *pgconn.PgError, connecting bool) (Trouble, string) {
	trouble := byState(e.Code)
	if trouble == Transient || trouble == Broken || trouble == None && connecting {
		for _, r := range rejections {
			if matches(e.Message, r.text) {
				return Rejected, r.advice
			}
		}
	}
	switch {
	case trouble == None && connecting:
		return Rejected, noLogin
	case trouble == Transient && (connecting || ends(e)):
		return Broken, "" // whatever ends a connection with this takes another one
	case e.Code == "3D000":
		return Rejected, noDatabase
	case trouble == Rejected:
		return Rejected, wrongLogin
	}
	return trouble, ""
}

func byState(code string) Trouble {
	for _, n := range []int{5, 3, 2} {
		if trouble, ok := states[code[:min(n, len(code))]]; ok {
			return trouble
		}
	}
	return None
}

// matches reports whether a message contains the text, in which "*" stands for anything.
func matches(message, text string) bool {
	for part := range strings.SplitSeq(text, "*") {
		_, rest, ok := strings.Cut(message, part)
		if !ok {
			return false
		}
		message = rest
	}
	return true
}
