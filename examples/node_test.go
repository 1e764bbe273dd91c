//go:build node

package examples

import (
	"os/exec"
	"testing"

	"github.com/xenon-auth/xenon/shared/jwks"
)

func TestNodeExampleAcceptsOnlyValidTokens(t *testing.T) {
	t.Parallel()
	for _, settings := range tokenForms(jwks.Algorithms...) {
		t.Run(settings[0], func(t *testing.T) {
			t.Parallel()
			d := startXenon(t, settings...)
			program := func() *exec.Cmd { return exec.Command("node", "node/server.mjs") }
			checkAPI(t, startProgram(t, "listening on", program(), "XENON_ISSUER="+d.issuer), d)
			checkOutage(t, startProgram(t, "listening on", program(), "XENON_ISSUER=http://127.0.0.1:1"), d)
		})
	}
}
