package examples

import (
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/xenon-auth/xenon/shared/jwks"
)

// buildProgram compiles a Go program of this folder and returns its path.
func buildProgram(t *testing.T, folder string) string {
	t.Helper()
	program := filepath.Join(t.TempDir(), "api")
	cmd := exec.CommandContext(t.Context(), "go", "build", "-o", program, "./"+folder)
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("go build: %v: %s", err, out)
	}
	return program
}

func TestGoExampleAcceptsOnlyValidTokens(t *testing.T) {
	t.Parallel()
	program := buildProgram(t, "go")
	for _, settings := range tokenForms(jwks.Algorithms...) {
		t.Run(settings[0], func(t *testing.T) {
			t.Parallel()
			d := startXenon(t, settings...)
			checkAPI(t, startProgram(t, "listening on", exec.Command(program), "XENON_ISSUER="+d.issuer), d)
			checkOutage(t, startProgram(t, "listening on", exec.Command(program), "XENON_ISSUER=http://127.0.0.1:1"), d)
		})
	}
}
