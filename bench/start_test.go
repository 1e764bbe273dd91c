package bench

import (
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

// BenchmarkStart is the time from starting a function's process to its first request for work, as Lambda counts the
// init phase; and the size of the stripped arm64 binary beside it.
func BenchmarkStart(b *testing.B) {
	doors, err := filepath.Glob("../functions/*")
	if err != nil || len(doors) == 0 {
		b.Fatal("no functions", err)
	}
	for _, door := range doors {
		b.Run(filepath.Base(door), func(b *testing.B) {
			native := buildDoor(b, door)
			size := sizeOf(b, buildDoor(b, door, "GOOS=linux", "GOARCH=arm64"))
			for b.Loop() {
				startOnce(b, native)
			}
			b.ReportMetric(float64(size)/1e6, "MB-arm64")
		})
	}
}

func buildDoor(b *testing.B, door string, env ...string) string {
	b.Helper()
	out := filepath.Join(b.TempDir(), "bootstrap")
	cmd := exec.Command("go", "build", "-tags", "lambda.norpc", "-trimpath", "-ldflags", "-s -w -buildid=", "-o", out, door)
	cmd.Env = append(append(os.Environ(), "CGO_ENABLED=0"), env...)
	if text, err := cmd.CombinedOutput(); err != nil {
		b.Fatalf("%v: %s", err, text)
	}
	return out
}

func sizeOf(b *testing.B, file string) int64 {
	b.Helper()
	info, err := os.Stat(file)
	if err != nil {
		b.Fatal(err)
	}
	return info.Size()
}

// startOnce runs the function against a runtime API that has no work, until it asks for some.
func startOnce(b *testing.B, program string) {
	b.Helper()
	asked := make(chan struct{}, 1)
	gone := make(chan struct{})
	api := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/2018-06-01/runtime/invocation/next" {
			asked <- struct{}{}
			<-gone
		}
	}))
	defer api.Close()
	defer close(gone)
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
	<-asked
	_ = cmd.Process.Kill()
	_ = cmd.Wait() // killed: its exit code says nothing
}
