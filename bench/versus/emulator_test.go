package versus

import (
	"fmt"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/xenon-auth/xenon/internal/testkit/freeport"
)

// The subjects of workloads that run a function under the Lambda emulator.
const (
	emulatorSubject         = "Xenon, Lambda emulator"
	emulatorArgon2idSubject = emulatorSubject + ", argon2id"
	emulatorScryptSubject   = emulatorSubject + ", scrypt"
)

// functionName returns the name of a function's process in the tables.
func functionName(folder, subject string) string {
	return "functions/" + folder + strings.TrimPrefix(subject, emulatorSubject)
}

// emulatorWorkload returns a workload that sends calls to a function under the emulator, with the database and settings
// of s. Workloads of the same function and subject share one process. A new process gets the call next(0) first. The
// process is started only if the flags select the workload.
func (w *benchmarkSetup) emulatorWorkload(
	b *testing.B,
	folder, subject, request string,
	s server,
	count int,
	next func(i int) httpCall,
) workload {
	b.Helper()
	if !isSelected(request, subject) {
		return workload{request: request, subject: subject}
	}
	workload := w.startFunction(b, folder, subject, s, next).httpWorkloadAs(subject, request, [3]int{count}, next)
	workload.function = folder
	return workload
}

// startFunction starts a function under the emulator, unless it is already started.
func (w *benchmarkSetup) startFunction(
	b *testing.B, folder, subject string, s server, next func(i int) httpCall,
) server {
	b.Helper()
	name := functionName(folder, subject)
	f, started := w.functions[name]
	if !started {
		f = startEmulator(b, w.buildFunctionBootstrap(b, folder), s.functionEnvironment(), w.sizes[folder], next(0))
		w.functions[name] = f
	}
	return f
}

// buildFunctionBootstrap builds a function, unless it is already built, and returns the path of the executable.
func (w *benchmarkSetup) buildFunctionBootstrap(b *testing.B, folder string) string {
	b.Helper()
	if w.bootstraps[folder] == "" {
		w.bootstraps[folder] = buildRelease(b, "functions/"+folder)
	}
	return w.bootstraps[folder]
}

// functionEnvironment returns the environment variables of a function with the database and settings of s. They contain
// the secrets, because Secrets Manager is not measured. The signing keys are those of s, which publishes them.
func (s server) functionEnvironment() []string {
	return []string{
		"DATABASE_URL=" + s.database, "BETTER_AUTH_SECRET=" + cookieSecret, "SIGNING_KEYS_FILE=" +
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
		tb.Fatalf("the emulator of the SAM CLI in .tools/sam: found %q (error %v), want one; run scripts/sam", found, err)
	}
	return found[0]
}

// startEmulator starts AWS's runtime interface emulator for a function and sends it the first event (begin), at which
// the emulator starts the function with the environment variables. The emulator handles one event at a time. The
// process id in the result is the function's. megabytes only sets AWS_LAMBDA_FUNCTION_MEMORY_SIZE: the emulator limits
// neither the memory nor the processor time of the function.
func startEmulator(tb testing.TB, bootstrap string, environment []string, megabytes int, begin httpCall) server {
	tb.Helper()
	f := server{name: emulatorSubject, address: freeport.Address(tb)}
	cmd := exec.Command(emulatorProgram(tb), "--log-level", "error", "--runtime-interface-emulator-address", f.address,
		"--runtime-api-address", freeport.Address(tb), bootstrap)
	cmd.Env = append(slices.Clone(environment), "AWS_LAMBDA_FUNCTION_TIMEOUT=15",
		"AWS_LAMBDA_FUNCTION_MEMORY_SIZE="+strconv.Itoa(megabytes))
	if err := cmd.Start(); err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { // an interrupt (Ctrl-C) ends both processes without this, because they are in this process group
		if function, err := childProcessID(cmd.Process.Pid); err == nil {
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
		tb.Fatal(fmt.Errorf("send the first event to %s in the emulator: %w", bootstrap, err))
	}
	if f.pid, err = childProcessID(cmd.Process.Pid); err != nil {
		tb.Fatal(err)
	}
	return f
}
