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

// Class is a class of errors that a caller handles in the same way.
type Class int

// The classes. Appendix A of the Postgres manual lists the SQLSTATEs; poolers use some of them for other errors.
const (
	Unclassified      Class = iota // no error, an error of the statement or its values, or an unknown error
	ConnectionBroken               // the connection is lost or was never opened: a new connection may work
	TemporaryError                 // a temporary error: the same statement on the same connection may work later
	StatementCanceled              // the statement took too long, or its context was canceled
	LoginRejected                  // the login is rejected until an operator corrects the URL or the server
)

// classBySQLState maps a SQLSTATE, or the prefix of several SQLSTATEs, to a class.
var classBySQLState = map[string]Class{
	"08":    ConnectionBroken,  // connection exception; PgBouncer uses 08P01 for most of its own errors
	"25006": TemporaryError,    // read_only_sql_transaction: a standby, or a provider that stopped writes to a full disk
	"25P02": TemporaryError,    // in_failed_sql_transaction
	"25P03": ConnectionBroken,  // idle_in_transaction_session_timeout
	"28":    LoginRejected,     // invalid authorization
	"3D000": LoginRejected,     // invalid_catalog_name: no such database
	"40":    TemporaryError,    // transaction rollback: serialization failure, deadlock
	"53":    TemporaryError,    // insufficient resources: disk, memory, connections
	"55P03": TemporaryError,    // lock_not_available
	"57014": StatementCanceled, // query_canceled
	"57P":   ConnectionBroken,  // shut down, crashed or not started yet
	"58":    TemporaryError,    // system error: of disk or operating system
	"XX000": TemporaryError,    // internal_error; Neon's proxy and Supabase's pooler use it for their own errors
}

// adviceByText lists messages of poolers that reject a login, each with advice for the operator. By its SQLSTATE alone,
// such an error would have another class. The messages are those of Neon's proxy (github.com/neondatabase/neon,
// proxy/src), Supavisor (github.com/supabase/supavisor, lib/supavisor) and PgBouncer (src/client.c). "*" matches any
// characters.
var adviceByText = []struct{ text, advice string }{
	{"Tenant or user not found", noProjectAdvice},
	{"tenant/user * not found", noProjectAdvice},
	{"no tenant identifier provided", noProjectAdvice},
	{"Invalid format for user or db_name", noProjectAdvice},
	{"user not found in the database", "the pooler does not know the user in the URL"},
	{"password authentication failed", wrongLoginAdvice},
	{"SASL authentication failed", wrongLoginAdvice},
	{"no such user", wrongLoginAdvice},
	{"role * does not exist", wrongLoginAdvice},
	{"database * does not exist", noDatabaseAdvice},
	{"no such database", noDatabaseAdvice},
	{"unsupported startup parameter", unsupportedParameterAdvice},
	{"endpoint could not be found", noEndpointAdvice},
	{"endpoint cannot be found", noEndpointAdvice},
	{"Endpoint ID is not specified", noEndpointAdvice},
	{"endpoint is disabled", "the endpoint is disabled: enable it in Neon's console"},
	{"endpoint has been disabled", "the endpoint is disabled: enable it in Neon's console"},
	{"is not allowed to connect to this endpoint", ipNotAllowedAdvice},
	{"from a blocked network", ipNotAllowedAdvice},
	{"ddress not in tenant allow_list", ipNotAllowedAdvice}, // Address or address
	{"tenant is banned", "the pooler has banned the project: ask the provider of the database"},
	{"SSL connection is required", "the server accepts only TLS connections: remove sslmode=disable from the URL"},
	{"has exceeded the", "a quota of the project is used up: ask the provider of the database to raise it"},
}

// The advice of rejections and classify for the operator.
const (
	noProjectAdvice = "the pooler does not know the project in the URL: copy the user, postgres.<project reference>, " +
		"and the host from the dashboard of Supabase; if the project is paused, resume it"
	wrongLoginAdvice           = "the server rejects the user or the password in the URL"
	noDatabaseAdvice           = "the database in the URL does not exist"
	noEndpointAdvice           = "the host in the URL is not an endpoint of a Neon project"
	unsupportedParameterAdvice = "the pooler does not support a parameter in the URL: remove it, or connect without the " +
		"pooler"
	ipNotAllowedAdvice = "the server does not accept connections from this IP address: allow it in the settings of the " +
		"database"
	untrustedCertificateAdvice = "the server's certificate is not trusted: add sslrootcert=<file of the CA certificate> " +
		"to the URL. Supabase's certificate can be downloaded in the dashboard, under database settings"
	loginRejectedAdvice = "the server rejects the login"
)

// Classify returns the class of an error of pgx.
func Classify(err error) Class {
	class, _ := classify(err)
	return class
}

// Explain puts advice for the operator before the text of an error of the class LoginRejected. It returns any other
// error unchanged.
func Explain(err error) error {
	if class, advice := classify(err); class == LoginRejected {
		return fmt.Errorf("%s (%w)", advice, withoutURL(err))
	}
	return err
}

// withoutURL returns the error of the server or of the certificate that err wraps, without the host and the user that
// pgx writes before it. It returns any other error unchanged.
func withoutURL(err error) error {
	if e, ok := errors.AsType[*pgconn.PgError](err); ok {
		return e
	}
	if e, ok := errors.AsType[*tls.CertificateVerificationError](err); ok {
		return e
	}
	return err
}

// IsRolledBack reports whether the error proves that the statement had no effect, and neither had the statements that
// were sent with it.
func IsRolledBack(err error) bool {
	e, ok := errors.AsType[*pgconn.PgError](err)
	return ok && !serverEndsConnection(e) && e.Code != "XX000" && !strings.HasPrefix(e.Code, "08")
}

// IsUnsent reports whether the error proves that no statement was sent: the server rejected the connection, or pgx had
// no open connection.
func IsUnsent(err error) bool {
	return errors.As(err, new(*pgconn.ConnectError)) && errors.As(err, new(*pgconn.PgError)) || pgconn.SafeToRetry(err)
}

// serverEndsConnection reports whether the server closes the connection after the error.
func serverEndsConnection(e *pgconn.PgError) bool {
	return cmp.Or(e.SeverityUnlocalized, e.Severity) != "ERROR"
}

// classify returns the class of an error of pgx, and advice for the class LoginRejected.
func classify(err error) (Class, string) {
	if e, ok := errors.AsType[*pgconn.PgError](err); ok {
		return classifyServerError(e, errors.As(err, new(*pgconn.ConnectError)))
	}
	var network net.Error
	switch {
	case err == nil:
		return Unclassified, ""
	case errors.As(err, new(*tls.CertificateVerificationError)):
		return LoginRejected, untrustedCertificateAdvice
	case errors.Is(err, context.DeadlineExceeded), errors.Is(err, context.Canceled):
		return StatementCanceled, ""
	case errors.As(err, &network), errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF),
		errors.Is(err, net.ErrClosed), errors.As(err, new(*pgconn.ConnectError)), pgconn.SafeToRetry(err),
		strings.Contains(err.Error(), "conn closed"):
		return ConnectionBroken, ""
	}
	return Unclassified, ""
}

// classifyServerError returns the class of an error that the server sent, and advice for the class LoginRejected.
// connecting is true if the server sent the error before the connection was open.
func classifyServerError(e *pgconn.PgError, connecting bool) (Class, string) {
	class := classOfSQLState(e.Code)
	if class == TemporaryError || class == ConnectionBroken || class == Unclassified && connecting {
		for _, r := range adviceByText {
			if matchesWithWildcards(e.Message, r.text) {
				return LoginRejected, r.advice
			}
		}
	}
	switch {
	case class == Unclassified && connecting:
		return LoginRejected, loginRejectedAdvice
	case class == TemporaryError && (connecting || serverEndsConnection(e)):
		return ConnectionBroken, "" // a new connection may work
	case e.Code == "3D000":
		return LoginRejected, noDatabaseAdvice
	case class == LoginRejected:
		return LoginRejected, wrongLoginAdvice
	}
	return class, ""
}

// classOfSQLState returns the class of a SQLSTATE, or Unclassified if it has no class.
func classOfSQLState(code string) Class {
	for _, n := range []int{5, 3, 2} {
		if class, ok := classBySQLState[code[:min(n, len(code))]]; ok {
			return class
		}
	}
	return Unclassified
}

// matchesWithWildcards reports whether a message contains the text, in which "*" matches any characters.
func matchesWithWildcards(message, text string) bool {
	for part := range strings.SplitSeq(text, "*") {
		_, rest, ok := strings.Cut(message, part)
		if !ok {
			return false
		}
		message = rest
	}
	return true
}
