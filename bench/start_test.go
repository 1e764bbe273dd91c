package bench

import (
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

// BenchmarkStart measures the time from the start of a function's process to its first request for an event, which is
// Lambda's init phase. It also reports the size of the stripped arm64 binary.
func BenchmarkStart(b *testing.B) {
	functions, err := filepath.Glob("../functions/*")
	if err != nil || len(functions) == 0 {
		b.Fatalf("folders in functions/: found none (error %v), want at least one", err)
	}
	for _, function := range functions {
		b.Run(filepath.Base(function), func(b *testing.B) {
			native := buildFunction(b, function)
			size := fileSize(b, buildFunction(b, function, "GOOS=linux", "GOARCH=arm64"))
			for b.Loop() {
				startUntilFirstPoll(b, native)
			}
			b.ReportMetric(float64(size)/1e6, "MB-arm64")
		})
	}
}

func buildFunction(b *testing.B, function string, env ...string) string {
	b.Helper()
	out := filepath.Join(b.TempDir(), "bootstrap")
	cmd := exec.Command("go", "build", "-tags", "lambda.norpc", "-trimpath", "-ldflags", "-s -w -buildid=", "-o", out,
		function)
	cmd.Env = append(append(os.Environ(), "CGO_ENABLED=0"), env...)
	if text, err := cmd.CombinedOutput(); err != nil {
		b.Fatalf("build %s: %v: %s", function, err, text)
	}
	return out
}

func fileSize(b *testing.B, file string) int64 {
	b.Helper()
	info, err := os.Stat(file)
	if err != nil {
		b.Fatal(err)
	}
	return info.Size()
}

// startUntilFirstPoll runs a function until it requests an event from the Runtime API. This Runtime API has no events.
func startUntilFirstPoll(b *testing.B, program string) {
	b.Helper()
	requested := make(chan struct{}, 1)
	done := make(chan struct{})
	api := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/2018-06-01/runtime/invocation/next" {
			requested <- struct{}{}
			<-done
		}
	}))
	defer api.Close()
	defer close(done)
	cmd := exec.Command(program)
	cmd.Env = []string{
		"AWS_LAMBDA_RUNTIME_API=" + api.Listener.Addr().String(),
		"BETTER_AUTH_URL=https://learn.example.com",
		"APP_SECRET_ARN=arn:aws:secretsmanager:eu-west-1:1:secret:app",
		"MAIL=none",
		"MAIL_FROM=no-reply@learn.example.com",
	}
	if err := cmd.Start(); err != nil {
		b.Fatal(err)
	}
	<-requested
	_ = cmd.Process.Kill()
	_ = cmd.Wait() // always an error, because the process was killed
}
