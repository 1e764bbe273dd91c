//go:build node

package conformance

import (
	"flag"
	"net/http"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/xenon-auth/xenon/internal/testkit/dbtest"
	"github.com/xenon-auth/xenon/internal/testkit/xenontest"
)

// clientDir is the folder with the tests that use Better Auth's unmodified client (the stock client). Its parent folder
// has node_modules. `make client-newest` sets the path of a copy that has a newer client.
var clientDir = flag.String("client", "client", "the folder with the tests that use Better Auth's client")

// strictSettings are settings that require confirmations by mail and cache sessions in a cookie.
var strictSettings = []string{
	"REQUIRE_EMAIL_VERIFICATION=on", "SEND_VERIFICATION_ON_SIGN_IN=on", "AUTO_SIGN_IN_AFTER_VERIFICATION=on",
	"DELETE_USER_VERIFICATION=on", "CHANGE_EMAIL_CONFIRMATION=on", "COOKIE_CACHE=compact",
}

// TestR01_StockClientWorks runs the tests in client/, which use Better Auth's unmodified client from npm, against
// Xenon.
func TestR01_StockClientWorks(t *testing.T) {
	t.Parallel()
	runStockClient(t, startXenonForStockClient(t), "*.test.mjs", "react/*.test.mjs", "xenon/*.test.mjs")
}

// TestR01_StockClientWorksWithStrictSettings runs the tests in client/strict against Xenon with strictSettings, which
// change the responses.
func TestR01_StockClientWorksWithStrictSettings(t *testing.T) {
	t.Parallel()
	runStockClient(t, startXenonForStockClient(t, strictSettings...), "strict/*.test.mjs")
}

// passwordlessSettings switch sign-in by mail on.
var passwordlessSettings = []string{"MAGIC_LINK=on", "EMAIL_OTP=on"}

// TestR01_StockClientSignsInByMail runs the tests in client/passwordless, which use the client's plugins magicLink and
// emailOTP.
func TestR01_StockClientSignsInByMail(t *testing.T) {
	t.Parallel()
	runStockClient(t, startXenonForStockClient(t, passwordlessSettings...), "passwordless/*.test.mjs")
}

// twoFactorSettings switch the plugin of client/two_factor on.
var twoFactorSettings = []string{"TWO_FACTOR=on"}

// TestR01_StockClientWorksWithSecondFactor runs the tests in client/two_factor, which use the client's plugin
// twoFactor.
func TestR01_StockClientWorksWithSecondFactor(t *testing.T) {
	t.Parallel()
	runStockClient(t, startXenonForStockClient(t, twoFactorSettings...), "two_factor/*.test.mjs")
}

// The tests of the stock client pass against Better Auth itself, too, except those of the profile API, which only Xenon
// has.
func TestStockClientTestsPassAgainstBetterAuth(t *testing.T) {
	t.Parallel()
	t.Run("plain", func(t *testing.T) {
		t.Parallel()
		runStockClient(t, startBetterAuthForStockClient(t), "*.test.mjs", "react/*.test.mjs")
	})
	t.Run("second factor", func(t *testing.T) {
		t.Parallel()
		runStockClient(t, startBetterAuthForStockClient(t, twoFactorSettings...), "two_factor/*.test.mjs")
	})
	t.Run("strict", func(t *testing.T) {
		t.Parallel()
		runStockClient(t, startBetterAuthForStockClient(t, strictSettings...), "strict/*.test.mjs")
	})
	t.Run("passwordless", func(t *testing.T) {
		t.Parallel()
		runStockClient(t, startBetterAuthForStockClient(t, passwordlessSettings...), "passwordless/*.test.mjs")
	})
}

// The client plugin admin works with Xenon and with Better Auth.
func TestR01_StockAdminClientWorks(t *testing.T) {
	t.Parallel()
	settings := []string{"ADMIN=on", "RATE_LIMIT=off"}
	x := xenontest.Start(t, append(settings, "MAIL=none")...)
	xenon := runningServer{name: "Xenon", url: x.Origin, origin: x.Origin}
	database := dbtest.New(t)
	betterAuth := runningServer{name: "Better Auth", origin: "http://localhost:3000"}
	betterAuth.url = startBetterAuth(t, append(settings, "DATABASE_URL="+database, "BETTER_AUTH_URL="+betterAuth.origin,
		"BETTER_AUTH_SECRET=a secret of the tests, long enough")...)
	for url, s := range map[string]runningServer{x.Database: xenon, database: betterAuth} {
		t.Run(s.name, func(t *testing.T) {
			t.Parallel()
			ix := interchange{origin: s.origin, database: url}
			admin := jsonObject{"name": "Admin", "email": "admin@example.com", "password": "correct horse battery"}
			v := ix.newVisitor(t)
			v.checkStatus(v.post(s, "/sign-up/email", admin), http.StatusOK)
			ix.exec(t, `UPDATE "user" SET role = 'admin'`)
			runStockClient(t, s, "admin/*.test.mjs")
		})
	}
}

// startXenonForStockClient starts Xenon without rate limits.
func startXenonForStockClient(t *testing.T, settings ...string) runningServer {
	t.Helper()
	outbox := filepath.Join(t.TempDir(), "mail.jsonl")
	x := xenontest.Start(t, append(settings, "RATE_LIMIT=off", "MAIL_FILE="+outbox)...)
	return runningServer{name: "Xenon", url: x.Origin, origin: x.Origin, outbox: outbox}
}

// startBetterAuthForStockClient starts Better Auth on a database whose tables Xenon's migrations have created.
func startBetterAuthForStockClient(t *testing.T, settings ...string) runningServer {
	t.Helper()
	const origin = "http://localhost:3000" // nothing listens there: the tests send their requests to url
	outbox := filepath.Join(t.TempDir(), "mail.jsonl")
	url := startBetterAuth(t, append(settings, "RATE_LIMIT=off", "MAIL_FILE="+outbox, "DATABASE_URL="+dbtest.New(t),
		"BETTER_AUTH_URL="+origin, "BETTER_AUTH_SECRET=a secret of the tests, long enough")...)
	return runningServer{name: "Better Auth", url: url, origin: origin, outbox: outbox}
}

// runStockClient runs the test files of clientDir that match the patterns against s.
func runStockClient(t *testing.T, s runningServer, patterns ...string) {
	t.Helper()
	args := []string{"--test"}
	for _, pattern := range patterns {
		files, err := filepath.Glob(filepath.Join(*clientDir, pattern))
		if err != nil || len(files) == 0 {
			t.Fatalf("test files that match %s: got none (error %v), want at least one", pattern, err)
		}
		args = append(args, files...)
	}
	cmd := exec.CommandContext(t.Context(), "node", args...)
	cmd.Env = append(cmd.Environ(), "SERVER_URL="+s.url, "SERVER_ORIGIN="+s.origin, "SERVER_MAILS="+s.outbox)
	out, err := cmd.CombinedOutput()
	t.Logf("%s", out)
	if err != nil {
		t.Errorf("the tests of the stock client against %s: got the error %v, want them to pass (see the log above)",
			s.name, err)
	}
}
