package pg_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/xenon-auth/xenon/internal/testkit/dbtest"
	"github.com/xenon-auth/xenon/shared/pg"
)

// connectAndQuery connects and runs a statement through a proxy that answers with e in the given phase. It returns the
// error of pgx.
func connectAndQuery(t *testing.T, p *dbtest.ErrorProxy, e dbtest.ServerError, phase dbtest.Phase) error {
	t.Helper()
	p.SetError(e, phase, 1, -1)
	defer p.ClearError()
	conn, err := pgx.Connect(t.Context(), p.URL())
	if err != nil {
		return fmt.Errorf("connect: %w", err)
	}
	defer conn.Close(context.WithoutCancel(t.Context()))
	_, err = conn.Exec(t.Context(), "SELECT 1", pgx.QueryExecModeExec)
	return err
}

func TestTransientErrorsAreBrokenOrTransient(t *testing.T) {
	t.Parallel()
	p := dbtest.NewErrorProxy(t, dbtest.New(t))
	for _, e := range dbtest.TransientErrors() {
		for _, phase := range []dbtest.Phase{dbtest.AtConnect, dbtest.AtStatement} {
			want := pg.ConnectionBroken
			serverEndsConnection := strings.HasPrefix(e.Code, "08") || strings.HasPrefix(e.Code, "57P")
			if phase == dbtest.AtStatement && e.Severity == "ERROR" && !serverEndsConnection {
				want = pg.TemporaryError
			}
			err := connectAndQuery(t, p, e, phase)
			if got := pg.Classify(err); got != want || pg.Explain(err).Error() != err.Error() {
				t.Errorf("%v %s: got class %d and text %q; want class %d and %q, unchanged",
					e, phase, got, pg.Explain(err), want, err)
			}
			if unsent := pg.IsUnsent(err); unsent != (phase == dbtest.AtConnect) {
				t.Errorf("%v %s: IsUnsent = %t, want true only for an error at connect", e, phase, unsent)
			}
		}
	}
}

// The messages are copied from poolers and servers. A retry does not help against any of these errors.
func TestRejectionsAreExplained(t *testing.T) {
	t.Parallel()
	p := dbtest.NewErrorProxy(t, dbtest.New(t))
	for _, c := range []struct{ code, message, advice string }{
		{"XX000", "Tenant or user not found", "postgres.<project reference>"},
		{"XX000", "(ENOTFOUND) tenant/user postgres.abcdefgh not found", "postgres.<project reference>"},
		{"XX000", `Authentication error, reason: "Invalid format for user or db_name"`, "postgres.<project reference>"},
		{"XX000", "(EAUTHQUERY) user not found in the database", "does not know the user"},
		{"28P01", `password authentication failed for user "postgres"`, "the user or the password"},
		{"XX000", "password authentication failed for user 'neondb_owner'", "the user or the password"},
		{
			"28000", `no pg_hba.conf entry for host "192.0.2.1", user "u", database "d", no encryption`,
			"the user or the password",
		},
		{"08P01", "no such user: nobody", "the user or the password"},
		{"XX000", `role "nobody" does not exist`, "the user or the password"},
		{"3D000", `database "nothing" does not exist`, "does not exist"},
		{"08P01", "no such database: nothing", "does not exist"},
		{"XX000", `database "nothing" does not exist`, "does not exist"},
		{"08P01", "unsupported startup parameter: search_path", "does not support a parameter"},
		{
			"XX000", "unsupported startup parameter: statement_timeout. Please use unpooled connection",
			"does not support a parameter",
		},
		{"42704", `unrecognized configuration parameter "frob"`, "rejects the login"},
		{"22023", `invalid value for parameter "TimeZone": "Nowhere"`, "rejects the login"},
		{"42501", `permission denied for database "d"`, "rejects the login"},
		{"XX000", "Control plane request failed: endpoint cannot be found", "not an endpoint"},
		{"XX000", "Control plane request failed: endpoint is disabled", "disabled"},
		{"XX000", "The requested endpoint could not be found, or you don't have access to it.", "not an endpoint"},
		{
			"XX000", "This IP address 192.0.2.1 is not allowed to connect to this endpoint.", "does not accept connections from",
		},
		{"XX000", "Address not in tenant allow_list: {192, 0, 2, 1}", "does not accept connections from"},
		{"XX000", "(EBANNED) tenant is banned: unpaid", "banned"},
		{"XX000", "SSL connection is required", "only TLS"},
		{
			"XX000", "Your account or project has exceeded the compute time quota. Upgrade your plan to increase limits.",
			"quota",
		},
	} {
		e := dbtest.ServerError{Severity: "FATAL", Code: c.code, Message: c.message}
		err := connectAndQuery(t, p, e, dbtest.AtConnect)
		text := pg.Explain(err).Error()
		hasBoth := strings.Contains(text, c.advice) && strings.Contains(text, c.message)
		if pg.Classify(err) != pg.LoginRejected || !hasBoth || strings.Contains(text, "127.0.0.1") {
			t.Errorf("%s %s: got class %d and text %s; want Rejected, and the advice and the message without the host",
				c.code, c.message, pg.Classify(err), text)
		}
	}
}

// Errors such as a full disk or a busy control plane are temporary, even if the message contains the word quota.
func TestTemporaryErrorsAreNotRejected(t *testing.T) {
	t.Parallel()
	p := dbtest.NewErrorProxy(t, dbtest.New(t))
	for _, c := range [][2]string{
		{
			"XX000",
			"Control plane request failed: endpoint is temporarily unavailable. Check your quotas and/or contact our support.",
		},
		{
			"XX000",
			"Failed to acquire permit to connect to the database. Too many database connection attempts are currently ongoing.",
		},
		{"XX000", "(ECHECKOUTTIMEOUT) unable to check out connection from the pool after 15000ms in Session mode"},
		{"XX000", "(EMAXCONNSESSION) max clients reached in session mode - max clients are limited to pool_size: 15"},
		{"XX000", "DbHandler exited"},
		{"XX000", "(EAUTHQUERY) authentication query failed: connection to database not available"},
		{"08P01", "server login has been failing, cached error: connect timeout (server_login_retry)"},
		{"53100", "could not extend file: No space left on device"},
	} {
		for _, phase := range []dbtest.Phase{dbtest.AtConnect, dbtest.AtStatement} {
			err := connectAndQuery(t, p, dbtest.ServerError{Severity: "FATAL", Code: c[0], Message: c[1]}, phase)
			if got := pg.Classify(err); got != pg.ConnectionBroken {
				t.Errorf("%s %s: got class %d, want Broken, so that the caller retries", c[1], phase, got)
			}
		}
	}
}

func TestErrorsOfStatementsHaveNoClass(t *testing.T) {
	t.Parallel()
	for _, code := range []string{"22001", "23505", "42501", "42P01", "42703", "54000", "0A000", "P0001", "XX001", ""} {
		err := &pgconn.PgError{Severity: "ERROR", Code: code, Message: `relation "x" does not exist`}
		if got := pg.Classify(err); got != pg.Unclassified {
			t.Errorf("SQLSTATE %q of a statement: got class %d, want None", code, got)
		}
	}
	if got := pg.Classify(&pgconn.PgError{Severity: "ERROR", Code: "57014"}); got != pg.StatementCanceled {
		t.Errorf("SQLSTATE 57014 (query_canceled): got class %d, want Canceled", got)
	}
	if pg.Classify(nil) != pg.Unclassified || pg.Classify(errors.New("something else")) != pg.Unclassified {
		t.Error("Classify of nil or of an unknown error: got a class, want None")
	}
}
