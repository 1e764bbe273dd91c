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

// verifyWithEachLibrary verifies tokens with each library of verify.mjs, and returns the results for each token.
func (i issuer) verifyWithEachLibrary(t *testing.T, tokens ...string) (all [][]validatorResult) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "node", append([]string{"verify.mjs", i.url}, tokens...)...)
	cmd.Env = append(os.Environ(), "NODE_EXTRA_CA_CERTS="+i.certificate)
	cmd.Stderr = os.Stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("run verify.mjs: %v; it needs the packages that `make conformance/validators/node_modules` installs", err)
	}
	if err := json.Unmarshal(out, &all); err != nil || len(all) != len(tokens) {
		t.Fatalf("the output of verify.mjs: got %s and the error %v, want JSON with %d lists", out, err, len(tokens))
	}
	for _, results := range all {
		if len(results) != 2 {
			t.Fatalf("the output of verify.mjs: got %s, want two results for each token", out)
		}
	}
	return all
}

func TestNodeLibrariesAcceptTokens(t *testing.T) {
	t.Parallel()
	for _, setting := range tokenForms() {
		t.Run(setting, func(t *testing.T) {
			t.Parallel()
			i := newIssuer(t, setting)
			results := i.verifyWithEachLibrary(t, i.token, i.tokenForOtherAudience(t))
			for _, got := range results[0] {
				t.Logf("%s %s: %s %s", got.Name, got.Version, got.User, got.Error)
				if got.User != i.user {
					t.Errorf("%s %s verifies a JWT of Xenon: got the user %q and the error %q, want the user %s",
						got.Name, got.Version, got.User, got.Error, i.user)
				}
			}
			for _, got := range results[1] {
				if got.Error == "" {
					t.Errorf("%s %s verifies a JWT for another audience: got no error, want one", got.Name, got.Version)
				}
			}
		})
	}
}
