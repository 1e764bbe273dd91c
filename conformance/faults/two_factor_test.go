package faults

import (
	"encoding/json"
	"fmt"
	"testing"
	"time"

	"github.com/xenon-auth/xenon/internal/testkit/totptest"
)

// passwordBody returns the body of a request that needs only the password.
func (p *testUser) passwordBody() string { return fmt.Sprintf(`{"password":%q}`, p.password) }

// setUpApp begins the set-up of an authenticator app. It returns bodies with a code of the app and with a backup code.
func (p *testUser) setUpApp(t *testing.T) (code, backup string) {
	t.Helper()
	w := p.mustSucceed(t, "POST", "/api/auth/two-factor/enable", p.passwordBody())
	var reply struct {
		TOTPURI     string
		BackupCodes []string
	}
	if err := json.Unmarshal(w.Body.Bytes(), &reply); err != nil {
		t.Fatal(err)
	}
	app, err := totptest.Scan(reply.TOTPURI)
	if err != nil {
		t.Fatal(err)
	}
	return fmt.Sprintf(`{"code":%q}`, app.Code(time.Now())), fmt.Sprintf(`{"code":%q}`, reply.BackupCodes[0])
}

// enableSecondFactor makes the user need a second factor, without using a code.
func (p *testUser) enableSecondFactor(t *testing.T) {
	t.Helper()
	_, err := p.server.db.Exec(t.Context(), `
		WITH u AS (UPDATE "user" SET "twoFactorEnabled" = true WHERE email = $1 RETURNING id)
		UPDATE "twoFactor" SET verified = true FROM u WHERE "userId" = u.id`, p.email)
	if err != nil {
		t.Fatal(err)
	}
}

// waitForSecondFactor sends the first step of a sign-in. The cookie is that of the challenge afterwards.
func (p *testUser) waitForSecondFactor(t *testing.T) {
	t.Helper()
	p.enableSecondFactor(t)
	p.cookie = ""
	p.mustSucceed(t, "POST", "/api/auth/sign-in/email", p.credentials())
}

// mailedCodeBody returns the body with the newest mailed code.
func (p *testUser) mailedCodeBody(t *testing.T) string {
	t.Helper()
	return fmt.Sprintf(`{"code":%q}`, p.newestMailToken(t, "two-factor-otp"))
}

// needsSecondFactor reports whether the user needs a second factor.
func (p *testUser) needsSecondFactor(t *testing.T) bool {
	t.Helper()
	return queryValue[bool](t, p.server, `SELECT "twoFactorEnabled" FROM "user" WHERE email = $1`, p.email)
}
