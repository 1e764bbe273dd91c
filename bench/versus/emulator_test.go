package versus

import (
	"fmt"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// The subjects that are functions as they are deployed.
const (
	ourEmulator      = "Xenon, Lambda emulator"
	emulatedArgon2id = ourEmulator + ", argon2id"
	emulatedScrypt   = ourEmulator + ", scrypt"
)

// functionName is what the process of a function is called in the tables.
func functionName(folder, subject string) string {
	return "functions/" + folder + strings.TrimPrefix(subject, ourEmulator)
}

// through is a request by way of its function under the emulator, in the database of s and with its settings. A
// function that serves several requests is started once. Its first answer is that to the first of the calls, which
// bring events.
func (w *world) through(b *testing.B, folder, subject, request string, s server, count int, next func(i int) call) way {
	b.Helper()
	name := functionName(folder, subject)
	f, started := w.functions[name]
	if !started {
		f = startEmulator(b, folder, w.bootstrap(b, folder), s, w.sizes[folder], next(0))
		w.functions[name] = f
	}
	way := f.as(subject, request, [3]int{count}, next)
	way.function = folder
	return way
}

// bootstrap builds a function once.
func (w *world) bootstrap(b *testing.B, folder string) string {
	b.Helper()
	if w.bootstraps[folder] == "" {
		w.bootstraps[folder] = build(b, "functions/"+folder)
	}
	return w.bootstraps[folder]
}

// functionEnvironment is what a function runs with, its secrets at hand: Secrets Manager is not what is compared. Its
// keys are those of the running Xenon, which also publishes them.
func (s server) functionEnvironment() []string {
	return []string{
		"DATABASE_URL=" + s.database, "BETTER_AUTH_SECRET=" + secret, "SIGNING_KEYS_FILE=" + filepath.Join(s.dir, "signing-keys.json"),
		"BETTER_AUTH_URL=http://" + s.host(), "JWKS_URL=http://" + s.address + "/api/auth/jwks", "PASSWORD_HASH=" + s.format,
		"RATE_LIMIT=off", "MAIL=none", "CLIENT_IP=xff:2",
	}
}

// emulatorProgram is that of the SAM CLI.
func emulatorProgram(tb testing.TB) string {
	tb.Helper()
	machine := map[string]string{"amd64": "x86_64", "arm64": "arm64"}[runtime.GOARCH]
	found, err := filepath.Glob(filepath.Join(root, ".tools/sam/lib/python3*/site-packages/samcli/local/rapid/aws-lambda-rie-"+machine))
	if err != nil || len(found) != 1 {
		tb.Fatalf("the emulator of the SAM CLI is not in .tools/sam (%v): run scripts/sam first", err)
	}
	return found[0]
}

// startEmulator starts AWS's runtime interface emulator, which serves one event at a time and starts the function at
// the first one, and sends that. The process id is the function's.
func startEmulator(tb testing.TB, folder, bootstrap string, s server, megabytes int, begin call) server {
	tb.Helper()
	f := server{name: ourEmulator, address: freeAddress(tb), database: s.database, format: s.format}
	cmd := exec.Command(emulatorProgram(tb), "--log-level", "error", "--runtime-interface-emulator-address", f.address,
		"--runtime-api-address", freeAddress(tb), bootstrap)
	cmd.Env = append(s.functionEnvironment(), "AWS_LAMBDA_FUNCTION_TIMEOUT=15", "AWS_LAMBDA_FUNCTION_MEMORY_SIZE="+strconv.Itoa(megabytes))
	if err := cmd.Start(); err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { // in one process group with this process, so that an interrupt ends all of them
		if function, err := onlyChild(cmd.Process.Pid); err == nil {
			_ = syscall.Kill(function, syscall.SIGKILL)
		}
		_ = cmd.Process.Kill()
		_ = cmd.Wait() // killed: its exit code says nothing
	})
	var err error
	for range 500 {
		if _, err = one(tb.Context(), f.address, begin); err == nil {
			break
		}
		time.Sleep(10 * time.Millisecond)
	}
	if err != nil {
		tb.Fatal(fmt.Errorf("functions/%s under the emulator: %w", folder, err))
	}
	if f.pid, err = onlyChild(cmd.Process.Pid); err != nil {
		tb.Fatal(err)
	}
	return f
}
