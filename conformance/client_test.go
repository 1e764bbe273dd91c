//go:build node

package conformance

import (
	"flag"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/xenon-auth/xenon/internal/testkit/dbtest"
)

// clientDir is where the tests of the stock client are, next to a node_modules: make client-newest copies them to another.
var clientDir = flag.String("client", "client", "the folder of the stock client's tests")

// strict are the settings of a server that asks before it does anything.
var strict = []string{
	"REQUIRE_EMAIL_VERIFICATION=on", "SEND_VERIFICATION_ON_SIGN_IN=on", "AUTO_SIGN_IN_AFTER_VERIFICATION=on",
	"DELETE_USER_VERIFICATION=on", "CHANGE_EMAIL_CONFIRMATION=on", "COOKIE_CACHE=compact",
}

// TestR01_StockClient runs the client from npm, as it is, through every call it has for what we serve.
func TestR01_StockClient(t *testing.T) {
	t.Parallel()
	stockClient(t, newXenon(t), "*.test.mjs", "react/*.test.mjs", "xenon/*.test.mjs")
}

// TestR01_StockClientOfAStrictServer is the same with the options that answer otherwise.
func TestR01_StockClientOfAStrictServer(t *testing.T) {
	t.Parallel()
	stockClient(t, newXenon(t, strict...), "strict/*.test.mjs")
}

// What the tests above ask for is what the library itself gives.
func TestStockClientOfTheLibrary(t *testing.T) {
	t.Parallel()
	t.Run("plain", func(t *testing.T) {
		t.Parallel()
		stockClient(t, newLibrary(t), "*.test.mjs", "react/*.test.mjs")
	})
	t.Run("strict", func(t *testing.T) {
		t.Parallel()
		stockClient(t, newLibrary(t, strict...), "strict/*.test.mjs")
	})
}

func newXenon(t *testing.T, settings ...string) party {
	t.Helper()
	outbox := filepath.Join(t.TempDir(), "mail.jsonl")
	x := startXenon(t, append(settings, "RATE_LIMIT=off", "MAIL_FILE="+outbox)...)
	return party{name: "Xenon", url: x.origin, origin: x.origin, outbox: outbox}
}

// newLibrary starts the library alone, on a database made by our migrations.
func newLibrary(t *testing.T, settings ...string) party {
	t.Helper()
	const origin = "http://localhost:3000" // nobody listens there: the tests send requests to url
	outbox := filepath.Join(t.TempDir(), "mail.jsonl")
	url := joinLibrary(t, append(settings, "RATE_LIMIT=off", "MAIL_FILE="+outbox, "DATABASE_URL="+dbtest.New(t),
		"BETTER_AUTH_URL="+origin, "BETTER_AUTH_SECRET=a secret of the tests, long enough")...)
	return party{name: "library", url: url, origin: origin, outbox: outbox}
}

// stockClient runs the files of clientDir that fit the patterns against s.
func stockClient(t *testing.T, s party, patterns ...string) {
	t.Helper()
	args := []string{"--test"}
	for _, pattern := range patterns {
		files, err := filepath.Glob(filepath.Join(*clientDir, pattern))
		if err != nil || len(files) == 0 {
			t.Fatalf("%s: no tests, %v", pattern, err)
		}
		args = append(args, files...)
	}
	cmd := exec.CommandContext(t.Context(), "node", args...)
	cmd.Env = append(cmd.Environ(), "SERVER_URL="+s.url, "SERVER_ORIGIN="+s.origin, "SERVER_MAILS="+s.outbox)
	out, err := cmd.CombinedOutput()
	t.Logf("%s", out)
	if err != nil {
		t.Errorf("the stock client against %s: %v", s.name, err)
	}
}
