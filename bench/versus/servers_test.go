package versus

import (
	"bufio"
	"context"
	_ "embed"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/xenon-auth/xenon/internal/testkit/freeport"
)

// Paths from this folder, in which Go runs the tests.
const (
	root         = "../.."
	referenceDir = root + "/conformance/reference"
)

//go:embed better_auth.mjs
var betterAuthServer string

// poolSize is the number of connections of each server to its database: Xenon's default for a process that serves all
// endpoints.
const poolSize = 10

// cookieSecret signs the cookies of both servers.
const cookieSecret = "a secret of the benchmarks, long enough"

// server is a running Xenon or Better Auth.
type server struct {
	name, address string
	pid           int
	database      string
	dir, format   string // of Xenon: the folder of its signing keys, and its PASSWORD_HASH
}

func (s server) host() string {
	return "localhost:" + s.address[strings.LastIndexByte(s.address, ':')+1:]
}

// buildRelease builds a command or a function with the flags of a release, and returns the path of the executable. The
// benchmark does not use internal/testkit/xenontest, which builds without these flags, reads the log into the memory of
// the test, and passes on the environment of the test: all three would change the measurement.
func buildRelease(tb testing.TB, folder string) string {
	tb.Helper()
	return buildReleaseOf(tb, root, folder)
}

// buildReleaseOf is buildRelease for a checkout of the repository.
func buildReleaseOf(tb testing.TB, tree, folder string) string {
	tb.Helper()
	out := filepath.Join(tb.TempDir(), "bootstrap")
	cmd := exec.Command("go", "build", "-tags", "lambda.norpc", "-trimpath", "-ldflags", "-s -w -buildid=", "-o", out,
		"./"+folder)
	cmd.Dir, cmd.Env = tree, append(os.Environ(), "CGO_ENABLED=0")
	if text, err := cmd.CombinedOutput(); err != nil {
		tb.Fatalf("build %s: %v: %s", folder, err, text)
	}
	return out
}

// xenonCommand returns the command `xenon dev` on a database.
func xenonCommand(program, database, dir, address, format string) *exec.Cmd {
	cmd := exec.Command(program, "dev", "--no-site", "--addr", address, "--dir", dir)
	cmd.Dir = root
	cmd.Env = append(plainEnvironment(), "DATABASE_URL="+database, "BETTER_AUTH_SECRET="+cookieSecret,
		"PASSWORD_HASH="+format, "RATE_LIMIT=off", "COOKIE_CACHE=off", "MAIL=none")
	return cmd
}

// betterAuthCommand returns the command of a Better Auth server on a database. more has additional environment
// variables.
func betterAuthCommand(database, address string, more ...string) *exec.Cmd {
	_, port, _ := net.SplitHostPort(address)
	cmd := exec.Command("node", "--input-type=module", "--eval", betterAuthServer)
	cmd.Dir = referenceDir
	cmd.Env = append(plainEnvironment(), "DATABASE_URL="+database, "BETTER_AUTH_SECRET="+cookieSecret,
		"BETTER_AUTH_URL=http://localhost:"+port,
		"RATE_LIMIT=off", "COOKIE_CACHE=off", "MAIL=none", "NODE_ENV=production", "PORT="+port, fmt.Sprint("POOL=", poolSize))
	cmd.Env = append(cmd.Env, more...)
	return cmd
}

// plainEnvironment returns the environment variables that every program needs, without settings of this process.
func plainEnvironment() []string {
	return []string{"PATH=" + os.Getenv("PATH"), "HOME=" + os.Getenv("HOME")}
}

func startXenon(tb testing.TB, program, database, format string) server {
	tb.Helper()
	s := server{name: "Xenon", address: freeport.Address(tb), database: database, dir: tb.TempDir(), format: format}
	cmd := xenonCommand(program, database, s.dir, s.address, format)
	startServer(tb, cmd, "Listening")
	s.pid = cmd.Process.Pid
	return s
}

func startBetterAuth(tb testing.TB, database string) server {
	tb.Helper()
	s := server{name: "Better Auth", address: freeport.Address(tb), database: database}
	cmd := betterAuthCommand(database, s.address, "PREPARE=1")
	startServer(tb, cmd, "Listening")
	s.pid = cmd.Process.Pid
	return s
}

// startServer runs a server until the test ends, and returns the line of its output that begins with ready. The server
// writes its log to a file, because writing the log is a part of its work.
func startServer(tb testing.TB, cmd *exec.Cmd, ready string) string {
	tb.Helper()
	log, err := os.Create(filepath.Join(tb.TempDir(), "log"))
	if err != nil {
		tb.Fatal(err)
	}
	defer log.Close()
	cmd.Stderr = log
	out, err := cmd.StdoutPipe()
	if err != nil {
		tb.Fatal(err)
	}
	in, err := cmd.StdinPipe()
	if err != nil {
		tb.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() {
		_ = in.Close()
		_ = cmd.Process.Kill()
		_ = cmd.Wait() // always an error, because the process was killed
	})
	line := awaitLine(out, ready)
	if line == "" {
		output, _ := os.ReadFile(log.Name())
		tb.Fatalf("%s ended before it listened:\n%s", filepath.Base(cmd.Path), output)
	}
	return line
}

// awaitLine reads lines until one that begins with ready, and returns it, or "" at the end of out. It discards the rest
// in the background.
func awaitLine(out io.Reader, ready string) string {
	lines := bufio.NewScanner(out)
	for lines.Scan() {
		if strings.HasPrefix(lines.Text(), ready) {
			go func() { _, _ = io.Copy(io.Discard, out) }()
			return lines.Text()
		}
	}
	return ""
}

// sendOne sends a single call and returns the body of the response.
func sendOne(ctx context.Context, address string, c httpCall) (string, error) {
	conn, err := new(net.Dialer).DialContext(ctx, "tcp", address)
	if err != nil {
		return "", err
	}
	defer conn.Close()
	if err := conn.SetDeadline(time.Now().Add(30 * time.Second)); err != nil {
		return "", err
	}
	if _, err := conn.Write(c.send); err != nil {
		return "", err
	}
	status, body, err := readAnswer(bufio.NewReader(conn), nil)
	if err == nil && (status != 200 || !c.isAnsweredBy(body)) {
		err = fmt.Errorf("the response to %.60q is %d %.200q, want the expected one", c.send, status, body)
	}
	return string(body), err
}
