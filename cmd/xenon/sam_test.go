package main

import (
	"encoding/json"
	"io"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"go.yaml.in/yaml/v3"

	"github.com/xenon-auth/xenon/internal/testkit/dbtest"
)

func TestSamTemplateHasRoutesAndNoCloudResources(t *testing.T) {
	t.Parallel()
	text, err := samTemplate("amd64", map[string]string{
		"MAIL_FILE": "/dev/stdout", "BETTER_AUTH_TRUSTED_ORIGINS": "https://a.example,https://b.example",
	})
	if err != nil {
		t.Fatal(err)
	}
	var got template
	if err := yaml.Unmarshal(text, &got); err != nil {
		t.Fatal(err)
	}
	want := readProjectTemplate(t).routes()
	for folder, routes := range want {
		if len(routes) == 0 {
			delete(want, folder) // HTTP requests do not start this function
		}
	}
	if diff := cmp.Diff(got.routes(), want); diff != "" {
		t.Errorf("routes of the template for SAM by folder (-got +want):\n%s", diff)
	}
	var whole struct {
		Globals   map[string]properties
		Resources map[string]struct{ Properties properties }
	}
	if err := json.Unmarshal(text, &whole); err != nil {
		t.Fatal(err)
	}
	function := properties{
		"Runtime": "provided.al2023", "Handler": "bootstrap", "Timeout": 15.0, "MemorySize": 256.0,
		"Architectures": []any{"x86_64"},
		"Environment":   properties{"Variables": properties{"MAIL_FILE": "", "BETTER_AUTH_TRUSTED_ORIGINS": ""}},
	}
	if diff := cmp.Diff(whole.Globals["Function"], function); diff != "" {
		t.Errorf("Globals of the template for SAM (-got +want):\n%s", diff)
	}
	for _, never := range []string{"CorsConfiguration", "ARN", "Fn::", "ReservedConcurrent", "Policies", "LogGroup"} {
		if strings.Contains(string(text), never) {
			t.Errorf("the template for SAM: got %s in it, want it removed\n%s", never, text)
		}
	}
}

func TestSamTemplateHasArchitectureOfTheMachine(t *testing.T) {
	t.Parallel()
	text, err := samTemplate("arm64", nil)
	if err != nil || !strings.Contains(string(text), `"arm64"`) {
		t.Errorf("the template for SAM with arm64: got the error %v, want arm64 in the template\n%s", err, text)
	}
}

// xenon sam runs cat, which prints the file env.json.
func TestSamWritesFilesForContainers(t *testing.T) {
	t.Chdir(repositoryRoot)
	dir, database := t.TempDir(), dbtest.New(t)
	code, out, stderr := runXenon(
		t,
		[]string{
			"sam",
			"--addr",
			"localhost:3210",
			"--dir",
			dir,
			"--arch",
			"amd64",
			"--gateway",
			"127.0.0.1",
			"cat",
			filepath.Join(dir, "sam/env.json"),
		},
		"DATABASE_URL",
		database,
		"RATE_LIMIT",
		"off",
		"AWS_REGION",
		"eu-central-1",
	)
	var got struct{ Parameters map[string]string }
	if err := json.Unmarshal([]byte(out), &got); code != exitDone || err != nil {
		t.Fatalf("xenon sam: got %d %v, want success and JSON\n%s", code, err, stderr)
	}
	outside, err := url.Parse(database)
	if err != nil {
		t.Fatal(err)
	}
	outside.Host = "host.docker.internal:" + outside.Port()
	if got.Parameters["DATABASE_URL"] != outside.String() {
		// The URL contains a password, so it is not printed.
		t.Error("DATABASE_URL in env.json: got another URL than that of the database with the host host.docker.internal")
	}
	if got := len(got.Parameters["BETTER_AUTH_SECRET"]); got < 32 {
		t.Errorf("BETTER_AUTH_SECRET in env.json: got %d characters, want at least 32", got)
	}
	for _, secret := range []string{"DATABASE_URL", "BETTER_AUTH_SECRET"} {
		delete(got.Parameters, secret)
	}
	want := map[string]string{
		"BETTER_AUTH_URL": "http://localhost:3210", "JWKS_URL": "http://host.docker.internal:3210/api/auth/jwks",
		"RATE_LIMIT": "off",
		"MAIL_FILE":  "/dev/stdout", "SIGNING_KEYS_FILE": "/var/task/signing-keys.json",
	}
	if diff := cmp.Diff(got.Parameters, want); diff != "" {
		t.Errorf("env.json without the secrets (-got +want):\n%s", diff)
	}
	for _, file := range []string{"env.json", "signing-keys.json", "template.json"} {
		info, err := os.Stat(filepath.Join(dir, "sam", file))
		if err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("the file %s: got %v, %v, want mode 0600", file, info, err)
		}
	}
}

func TestSamCreatesTablesInTheSchemaOfTheSettings(t *testing.T) {
	t.Chdir(repositoryRoot)
	database := dbtest.NewEmpty(t)
	settings := []string{"DATABASE_URL", database, "SCHEMA", "xenon"}
	args := []string{"sam", "--dir", t.TempDir(), "--arch", "amd64", "--gateway", "127.0.0.1", "true"}
	if code, _, stderr := runXenon(t, args, settings...); code != exitDone {
		t.Fatalf("xenon sam: got the exit code %d, want %d\n%s", code, exitDone, stderr)
	}
	code, out, stderr := runXenon(t, []string{"schema", "status"}, settings...)
	if code != exitDone || strings.Contains(out, "pending") {
		t.Errorf("xenon schema status after xenon sam: got the exit code %d, want %d and no pending migration\n%s%s",
			code, exitDone, out, stderr)
	}
}

func TestSamReportsErrors(t *testing.T) {
	t.Chdir(repositoryRoot)
	database := dbtest.New(t)
	for _, c := range []struct {
		name string
		args []string
		env  []string
		want string
		code int
	}{
		{"no architecture", []string{"true"}, nil, "missing flags: --arch", exitUsage},
		{
			"no host",
			[]string{"--arch", "arm64", "--addr", "3000", "true"},
			nil, "such as --addr localhost:3000",
			exitFailed,
		},
		{"bad settings", []string{"--arch", "arm64", "true"}, []string{"CLIENT_IP", "x"}, "CLIENT_IP", exitFailed},
		{
			"invalid JWKS_URL",
			[]string{"--arch", "arm64", "true"},
			[]string{"JWKS_URL", "http:///jwks"},
			"JWKS_URL",
			exitFailed,
		},
		{"the command fails", []string{"--arch", "arm64", "false"}, nil, "false: exit status 1", exitFailed},
	} {
		args := append([]string{"sam", "--dir", t.TempDir(), "--gateway", "127.0.0.1"}, c.args...)
		code, _, stderr := runXenon(t, args, append(c.env, "DATABASE_URL", database)...)
		if code != c.code || !strings.Contains(stderr, c.want) {
			t.Errorf("xenon sam, %s: got the exit code %d, want %d and %q in the output\n%s",
				c.name, code, c.code, c.want, stderr)
		}
	}
}

func TestForwardPortReachesServerOnLoopbackInterface(t *testing.T) {
	t.Parallel()
	echo, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer echo.Close()
	go func() {
		for {
			conn, err := echo.Accept()
			if err != nil {
				return
			}
			go func() { _, _ = io.Copy(conn, conn); conn.Close() }()
		}
	}()
	free, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	free.Close()
	if err := forwardPort(t.Context(), free.Addr().String(), echo.Addr().String()); err != nil {
		t.Fatal(err)
	}
	conn, err := net.Dial("tcp", free.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if _, err := io.WriteString(conn, "ping"); err != nil {
		t.Fatal(err)
	}
	got := make([]byte, 4)
	if _, err := io.ReadFull(conn, got); err != nil || string(got) != "ping" {
		t.Errorf("send ping to the forwarded port: got %q and the error %v, want ping back", got, err)
	}
	for name, from := range map[string]string{"taken": echo.Addr().String(), "not of this machine": "192.0.2.1:5432"} {
		if err := forwardPort(t.Context(), from, echo.Addr().String()); err != nil {
			t.Errorf("forwardPort from a host and port that is %s: got the error %v, want none", name, err)
		}
	}
}
