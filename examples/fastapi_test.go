//go:build moto

package examples

import (
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/xenon-auth/xenon/shared/jwks"
)

func TestFastAPIExampleAcceptsOnlyValidTokens(t *testing.T) {
	t.Parallel()
	python, err := filepath.Abs("../.tools/fastapi/bin/python")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(python); err != nil {
		t.Fatalf("this test needs the packages that scripts/fastapi installs: %v", err)
	}
	program := func() *exec.Cmd {
		cmd := exec.Command(python, "-B", "-m", "uvicorn", "main:app", "--port", "$PORT")
		cmd.Dir = "fastapi"
		return cmd
	}
	for _, settings := range tokenForms(jwks.Algorithms...) {
		t.Run(settings[0], func(t *testing.T) {
			t.Parallel()
			d := startXenon(t, settings...)
			checkAPI(t, startProgram(t, "Uvicorn running on", program(), "XENON_ISSUER="+d.issuer), d)
			checkOutage(t, startProgram(t, "Uvicorn running on", program(), "XENON_ISSUER=http://127.0.0.1:1"), d)
		})
	}
}
