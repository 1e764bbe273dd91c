package attack

import (
	"net/http"
	"slices"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/xenon-auth/xenon/shared/config"
	"github.com/xenon-auth/xenon/shared/password"
)

// costlyHashes are valid hashes with costs above Xenon's limits and within those of Supabase Auth.
var costlyHashes = []string{
	`$2a$14$jnd7wLaMI/oJzc1MGpzEwuL0rYGyX2i5G7O36NBJjgiid.Kof2En.`,
	`$argon2id$v=19$m=262144,t=10,p=8$c29tZXNhbHQxMjM0NTY3OA$x1qmAsLzAJmErEoavTIjM5SWz6gpWqnNiPWusSHv088`,
	`$fbscrypt$v=1,n=17,r=8,p=8,ss=Cg==,sk=MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE=` +
		`$dXNlcnNhbHQwNQ==$CwNY+/oIaCu2o/GUKm16wWccD+wVywQxLt0z0cLEtqA=`,
}

// With an account whose hash has high costs, an attacker can neither keep the server busy for seconds nor learn from
// the response time that the account exists. The test compares the processor time of its own process. It must not run
// in parallel, because other tests of the process would count, too.
func TestCostlyHashTakesAtMostFiveTimesAnUnknownEmail(t *testing.T) {
	s := newTestServer(t)
	s.hasher = password.New(config.Argon2id)
	e := s.newEnvironment(t, 1, time.Now, "MAIL=none")
	conn, err := pgx.Connect(t.Context(), s.db)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(t.Context())
	e.newUser(t)
	guess := func(email string) time.Duration {
		var took []time.Duration
		for range 3 {
			before := processorTime(t)
			w := e.do("POST", signInPath, `{"email":"`+email+`","password":"not the password"}`, nil)
			if took = append(took, processorTime(t)-before); w.Code != http.StatusUnauthorized {
				t.Fatalf("sign-in with a wrong password: got %d %s, want 401", w.Code, w.Body)
			}
		}
		return slices.Min(took)
	}
	unknown := guess("nobody@example.com")
	for _, stored := range costlyHashes {
		if _, err := conn.Exec(t.Context(), `UPDATE account SET password = $1`, stored); err != nil {
			t.Fatal(err)
		}
		took := guess(userEmail)
		t.Logf("%.20s…: %v of processor time, an unknown email %v", stored, took, unknown)
		if took > 5*unknown {
			t.Errorf("sign-in with a wrong password for the hash %.20s…: got %v of processor time, want at most 5 times "+
				"the %v of an unknown email", stored, took, unknown)
		}
	}
}

func processorTime(t *testing.T) time.Duration {
	t.Helper()
	var used syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &used); err != nil {
		t.Fatal(err)
	}
	return time.Duration(used.Utime.Nano() + used.Stime.Nano())
}
