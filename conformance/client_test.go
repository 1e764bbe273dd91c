//go:build node

package conformance

import (
	"os/exec"
	"testing"
)

// TestStockClient runs the client from npm, as it is, against a running Xenon.
func TestStockClient(t *testing.T) {
	t.Parallel()
	x := startXenon(t)
	cmd := exec.CommandContext(t.Context(), "node", "--test", "client/")
	cmd.Env = append(cmd.Environ(), "XENON_URL="+x.origin)
	out, err := cmd.CombinedOutput()
	t.Logf("%s", out)
	if err != nil {
		t.Errorf("the stock client: %v\nXenon said:\n%s", err, x.log())
	}
}
