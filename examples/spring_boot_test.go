//go:build spring

package examples

import (
	"os/exec"
	"testing"

	"github.com/xenon-auth/xenon/shared/config"
)

func TestSpringBootExampleAcceptsOnlyValidTokens(t *testing.T) {
	t.Parallel()
	for _, settings := range tokenForms(config.RS256, config.ES256) {
		t.Run(settings[0], func(t *testing.T) {
			t.Parallel()
			d := startXenon(t, settings...)
			program := exec.Command("java", "-jar", "spring-boot/target/api.jar")
			checkAPI(t, startProgram(t, "Started Api", program, "XENON_ISSUER="+d.issuer), d)
		})
	}
}

// docs/verify-tokens.md says that Spring rejects EdDSA. If this test fails, Spring accepts it: add EdDSA to the test
// above and change the page.
func TestSpringBootExampleRejectsEdDSA(t *testing.T) {
	t.Parallel()
	d := startXenon(t, "JWT_ALG="+config.EdDSA)
	url := startProgram(
		t,
		"Started Api",
		exec.Command("java", "-jar", "spring-boot/target/api.jar"),
		"XENON_ISSUER="+d.issuer,
	)
	token := d.register(t, "ada@example.com").token
	if status, _, text := send(t, "GET", url+"/me", "", "Bearer "+token); status == 200 {
		t.Errorf("a token with EdDSA: got %d %s, want an error", status, text)
	} else {
		t.Logf("a token with EdDSA: got %d %s", status, text)
	}
}
