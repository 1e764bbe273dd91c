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

	"github.com/xenon-auth/xenon/internal/testkit/freeport"
)

// The subjects that are deployed functions.
const (
	ourEmulator      = "Xenon, Lambda emulator"
	emulatedArgon2id = ourEmulator + ", argon2id"
	emulatedScrypt   = ourEmulator + ", scrypt"
)

// functionName returns the name of a function's process in the tables.
func functionName(folder, subject string) string {
	return "functions/" + folder + strings.TrimPrefix(subject, ourEmulator)
}

// throughEmulator returns a workload that sends a request through its function under the emulator, with the database
// and settings of s. It starts a function once, also if the function serves several requests. The first event of the
// function is the first of calls.
func (w *benchmarkSetup) throughEmulator(
	b *testing.B,
	folder, subject, request string,
	s server,
	count int,
	next func(i int) httpCall,
) workload {
	b.Helper()
	name := functionName(folder, subject)
	f, started := w.functions[name]
	if !started {
		f = startEmulator(b, folder, w.bootstrap(b, folder), s, w.sizes[folder], next(0))
		w.functions[name] = f
	}
	workload := f.workloadOf(subject, request, [3]int{count}, next)
	workload.function = folder
	return workload
}

// bootstrap builds a function once.
func (w *benchmarkSetup) bootstrap(b *testing.B, folder string) string {
	b.Helper()
	if w.bootstraps[folder] == "" {
		w.bootstraps[folder] = build(b, "functions/"+folder)
	}
	return w.bootstraps[folder]
}

// functionEnvironment returns the environment of a function. It contains the secrets, because Secrets Manager is not
// measured. The signing keys are those of the running Xenon, which publishes them.
func (s server) functionEnvironment() []string {
	return []string{
		"DATABASE_URL=" + s.database, "BETTER_AUTH_SECRET=" + secret, "SIGNING_KEYS_FILE=" +
			filepath.Join(s.dir, "signing-keys.json"),
		"BETTER_AUTH_URL=http://" + s.host(), "JWKS_URL=http://" + s.address + "/api/auth/jwks", "PASSWORD_HASH=" + s.format,
		"RATE_LIMIT=off", "MAIL=none", "CLIENT_IP=xff:2",
	}
}

// emulatorProgram returns the path of the emulator in the SAM CLI.
func emulatorProgram(tb testing.TB) string {
	tb.Helper()
	machine := map[string]string{"amd64": "x86_64", "arm64": "arm64"}[runtime.GOARCH]
	found, err := filepath.Glob(filepath.Join(root,
		".tools/sam/lib/python3*/site-packages/samcli/local/rapid/aws-lambda-rie-"+machine))
	if err != nil || len(found) != 1 {
		tb.Fatalf("the emulator of the SAM CLI is not in .tools/sam (%v): run scripts/sam first", err)
	}
	return found[0]
}

// startEmulator starts AWS's runtime interface emulator and sends it the first event, at which it starts the function.
// The emulator handles one event at a time. The process id of the result is the function's. megabytes only sets
// AWS_LAMBDA_FUNCTION_MEMORY_SIZE: the emulator limits neither the memory nor the processor time of the function.
func startEmulator(tb testing.TB, folder, bootstrap string, s server, megabytes int, begin httpCall) server {
	tb.Helper()
	f := server{name: ourEmulator, address: freeport.Address(tb), database: s.database, format: s.format}
	cmd := exec.Command(emulatorProgram(tb), "--log-level", "error", "--runtime-interface-emulator-address", f.address,
		"--runtime-api-address", freeport.Address(tb), bootstrap)
	cmd.Env = append(s.functionEnvironment(), "AWS_LAMBDA_FUNCTION_TIMEOUT=15",
		"AWS_LAMBDA_FUNCTION_MEMORY_SIZE="+strconv.Itoa(megabytes))
	if err := cmd.Start(); err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { // in the process group of this process, so that an interrupt ends all of them
		if function, err := onlyChild(cmd.Process.Pid); err == nil {
			_ = syscall.Kill(function, syscall.SIGKILL)
		}
		_ = cmd.Process.Kill()
		_ = cmd.Wait() // always an error, because the process was killed
	})
	var err error
	for range 500 {
		if _, err = sendOne(tb.Context(), f.address, begin); err == nil {
			break
		}
		time.Sleep(10 * time.Millisecond)
	}
	if err != nil {
		tb.Fatal(fmt.Errorf("send the first event to functions/%s in the emulator: %w", folder, err))
	}
	if f.pid, err = onlyChild(cmd.Process.Pid); err != nil {
		tb.Fatal(err)
	}
	return f
}
