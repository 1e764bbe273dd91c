//go:build node

package validators

import (
	"encoding/json"
	"os"
	"os/exec"
	"testing"
)

// validatorResult is what a library returned for a token. User is "" if it rejected the token.
type validatorResult struct{ Name, Version, User, Error string }

// verifyWithEachLibrary verifies a token with each library of verify.mjs.
func (i issuer) verifyWithEachLibrary(t *testing.T, token string) (all []validatorResult) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "node", "verify.mjs", i.url, token)
	cmd.Env = append(os.Environ(), "NODE_EXTRA_CA_CERTS="+i.certificate)
	cmd.Stderr = os.Stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("run verify.mjs: %v; it needs the packages that `make conformance/validators/node_modules` installs", err)
	}
	if err := json.Unmarshal(out, &all); err != nil || len(all) != 2 {
		t.Fatalf("the output of verify.mjs: got %s and the error %v, want JSON with two results", out, err)
	}
	return all
}

func TestNodeLibrariesAcceptTokens(t *testing.T) {
	t.Parallel()
	for _, setting := range tokenForms() {
		t.Run(setting, func(t *testing.T) {
			t.Parallel()
			i := newIssuer(t, setting)
			for _, got := range i.verifyWithEachLibrary(t, i.token) {
				t.Logf("%s %s: %s %s", got.Name, got.Version, got.User, got.Error)
				if got.User != i.user {
					t.Errorf("%s %s verifies a JWT of Xenon: got the user %q and the error %q, want the user %s",
						got.Name, got.Version, got.User, got.Error, i.user)
				}
			}
			for _, got := range i.verifyWithEachLibrary(t, i.tokenForOtherAudience(t)) {
				if got.Error == "" {
					t.Errorf("%s %s verifies a JWT for another audience: got no error, want one", got.Name, got.Version)
				}
			}
		})
	}
}
