package twofactor_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

const parallelRequests = 50

// Fifty clients send the same right code with the same challenge at the same time, or each with a challenge of its own.
// Exactly one gets a session.
func TestR91_ParallelRequestsUseCodeOnce(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	ada := s.signUpWithApp("ada")
	for kind, newCode := range map[string]func(*browser) (path, code string){
		"app":         func(*browser) (string, string) { return "/two-factor/verify-totp", ada.code() },
		"backup code": func(*browser) (string, string) { return "/two-factor/verify-backup-code", ada.codes[0] },
		"mailed code": func(b *browser) (string, string) {
			b.post("/two-factor/send-otp", map[string]any{})
			return "/two-factor/verify-otp", s.takeMail().Token
		},
	} {
		challenges := []bool{true, false}
		if kind == "mailed code" {
			challenges = challenges[:1] // a mailed code belongs to one challenge
		}
		for _, oneChallenge := range challenges {
			s.now = s.now.Add(2 * time.Minute)
			s.exec(`UPDATE "twoFactor" SET "failedVerificationCount" = 0, "lockedUntil" = NULL`) // used codes count as wrong
			if !oneChallenge && kind == "backup code" {
				ada.codes = ada.codes[1:]
			}
			b := ada.passwordOnly()
			path, code := newCode(b)
			clients := make([]*browser, parallelRequests)
			for i := range clients {
				if clients[i] = b.copy(); !oneChallenge {
					clients[i] = ada.passwordOnly()
				}
			}
			before := s.sessionsOf(ada)
			statuses := inParallel(parallelRequests, func(i int) answer {
				return clients[i].post(path, map[string]any{"code": code})
			})
			if got := s.sessionsOf(ada) - before; got != 1 || statuses[200] != 1 || statuses[500] != 0 {
				t.Errorf("%s, one challenge: %v: got %d sessions and the statuses %v, want one session",
					kind, oneChallenge, got, statuses)
			}
		}
	}
}

// Concurrent wrong codes cannot exceed the tries of one challenge, nor the wrong codes of one user in all challenges.
func TestR91_ParallelGuessesStayWithinTheLimits(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	ada := s.signUpWithApp("ada")
	b := ada.passwordOnly()
	for range 10 {
		inParallel(parallelRequests, func(i int) answer {
			return b.copy().post("/two-factor/verify-totp", map[string]any{"code": fmt.Sprint("x", i)})
		})
	}
	if got := query[int64](s, `SELECT "failedVerificationCount"::bigint FROM "twoFactor"`); got != 5 {
		t.Errorf("500 wrong codes with one challenge: %d were compared, want 5", got)
	}
	clients := make([]*browser, parallelRequests)
	for i := range clients {
		clients[i] = ada.passwordOnly()
		clients[i].ip = fmt.Sprintf("198.51.100.%d", i)
	}
	statuses := inParallel(parallelRequests, func(i int) answer {
		return clients[i].post("/two-factor/verify-totp", map[string]any{"code": fmt.Sprint("x", i)})
	})
	if diff := cmp.Diff(map[int]int{401: 5, 429: 45}, statuses); diff != "" {
		t.Errorf("50 wrong codes of 50 challenges: statuses (-want +got):\n%s", diff)
	}
	for i := range clients {
		clients[i].post("/two-factor/verify-totp", map[string]any{"code": ada.code()}).
			check(t, "right code during the lock", 429, "ACCOUNT_TEMPORARILY_LOCKED")
	}
}

// During the lock, right and wrong codes have the same answer.
func TestR91_LockHidesWhichCodeIsRight(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	ada := s.signUpWithApp("ada")
	s.exec(`UPDATE "twoFactor" SET "failedVerificationCount" = 10, "lockedUntil" = $1`, s.now.Add(time.Minute))
	b := ada.passwordOnly()
	statuses := inParallel(parallelRequests, func(i int) answer {
		code := "x"
		if i%2 == 0 {
			code = ada.code()
		}
		return b.copy().post("/two-factor/verify-totp", map[string]any{"code": code})
	})
	if diff := cmp.Diff(map[int]int{429: parallelRequests}, statuses); diff != "" {
		t.Errorf("during the lock right and wrong codes have the statuses (-want +got):\n%s", diff)
	}
}

func TestR92_ChallengeIsForOneUser(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	ada, eve := s.signUpWithApp("ada"), s.signUpWithApp("eve")
	ofAda, ofEve := ada.passwordOnly(), eve.passwordOnly()
	ofEve.post("/two-factor/send-otp", map[string]any{})
	mailed := s.takeMail().Token
	// Eve's browser with Ada's challenge: Eve's codes are not right for it.
	swapped := ofEve.copy()
	swapped.cookies["better-auth.two_factor"] = ofAda.cookies["better-auth.two_factor"]
	swapped.post("/two-factor/verify-totp", map[string]any{"code": eve.code()}).check(t, "app", 401, "INVALID_CODE")
	swapped.post("/two-factor/verify-backup-code", map[string]any{"code": eve.codes[0]}).
		check(t, "backup code", 401, "INVALID_BACKUP_CODE")
	swapped.post("/two-factor/verify-otp", map[string]any{"code": mailed}).check(t, "mail", 400, "OTP_HAS_EXPIRED")
	// A session wins over the challenge of another user, so the codes of that user give nothing.
	signedIn := eve.copy()
	signedIn.cookies["better-auth.two_factor"] = ofAda.cookies["better-auth.two_factor"]
	signedIn.post("/two-factor/verify-totp", map[string]any{"code": ada.code()}).check(t, "session", 401, "INVALID_CODE")
	for _, cookie := range []string{"2fa-abcdefghijabcdefghij", "x.y", ofAda.cookies["better-auth.two_factor"] + "x"} {
		forged := s.newBrowser()
		forged.cookies["better-auth.two_factor"] = cookie
		forged.post("/two-factor/verify-totp", map[string]any{"code": ada.code()}).
			check(t, "the cookie "+cookie, 401, "INVALID_TWO_FACTOR_COOKIE")
	}
	ofAda.post("/two-factor/verify-totp", map[string]any{"code": ada.code()}).check(t, "Ada herself", 200, "")
	again := ofAda.copy()
	again.cookies = map[string]string{"better-auth.two_factor": swapped.cookies["better-auth.two_factor"]}
	s.now = s.now.Add(time.Minute)
	again.post("/two-factor/verify-totp", map[string]any{"code": ada.code()}).
		check(t, "a challenge that is over", 401, "INVALID_TWO_FACTOR_COOKIE")
}

// trust signs in on a new device and trusts it.
func (p *person) trust() *browser {
	p.s.t.Helper()
	p.s.now = p.s.now.Add(2 * time.Minute)
	b := p.passwordOnly()
	b.post("/two-factor/verify-totp", map[string]any{"code": p.code(), "trustDevice": true}).
		check(p.s.t, "trust", 200, "")
	return b
}

// isTrusted reports whether the browser, with nothing but the cookie of a trusted device, signs in with the password.
func (b *browser) isTrusted(p *person, password string) bool {
	p.s.t.Helper()
	thief := p.s.newBrowser()
	thief.cookies["better-auth.trust_device"] = b.cookies["better-auth.trust_device"]
	thief.post("/sign-in/email", map[string]any{"email": p.email, "password": password}).
		check(p.s.t, "sign-in", 200, "")
	return thief.isSignedIn()
}

func TestR93_TrustedDeviceWorksOnceForOneUser(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	ada, eve := s.signUpWithApp("ada"), s.signUpWithApp("eve")
	b := ada.trust()
	if b.isTrusted(eve, testPassword) {
		t.Error("the device that Ada trusts signs in Eve without a second factor")
	}
	if !b.isTrusted(ada, testPassword) || b.isTrusted(ada, testPassword) {
		t.Error("the cookie of a trusted device: want it to work once")
	}
	b = ada.trust()
	clients := make([]*browser, parallelRequests)
	for i := range clients {
		clients[i] = s.newBrowser()
		clients[i].cookies["better-auth.trust_device"] = b.cookies["better-auth.trust_device"]
	}
	before := s.sessionsOf(ada)
	inParallel(parallelRequests, func(i int) answer { return clients[i].signInWithPassword(ada) })
	if got := s.sessionsOf(ada) - before; got != 1 {
		t.Errorf("50 sign-ins with one cookie of a trusted device: got %d sessions, want 1", got)
	}
	s.now = s.now.Add(2 * time.Minute)
	b = ada.trust()
	b.post("/sign-out", map[string]any{})
	if !b.isTrusted(ada, testPassword) {
		t.Error("after a sign-out the device is not trusted, want it trusted as in Better Auth")
	}
	b = ada.trust()
	s.now = s.now.Add(30*24*time.Hour + time.Second)
	if b.isTrusted(ada, testPassword) {
		t.Error("after 30 days the device is trusted, want it forgotten")
	}
}

func TestR93_TrustEndsWithThePassword(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	ada := s.signUpWithApp("ada")
	password := testPassword
	for name, change := range map[string]func(next string){
		"change-password": func(next string) {
			ada.post("/change-password", map[string]any{"currentPassword": password, "newPassword": next}).
				check(t, "change", 200, "")
		},
		"reset-password": func(next string) {
			ada.post("/request-password-reset", map[string]any{"email": ada.email})
			ada.post("/reset-password", map[string]any{"newPassword": next, "token": s.takeMail().Token}).
				check(t, "reset", 200, "")
		},
		"another server changed the password": func(string) {
			s.exec(`UPDATE account SET "updatedAt" = $1 WHERE "userId" = $2::uuid`, s.now, ada.id)
		},
		"revoke-sessions": func(string) { ada.post("/revoke-sessions", map[string]any{}).check(t, "revoke", 200, "") },
	} {
		s.now = s.now.Add(2 * time.Minute)
		device, waiting := s.newBrowser(), s.newBrowser()
		signIn := map[string]any{"email": ada.email, "password": password}
		device.post("/sign-in/email", signIn)
		device.post("/two-factor/verify-totp", map[string]any{"code": ada.code(), "trustDevice": true}).
			check(t, name+": trust", 200, "")
		waiting.post("/sign-in/email", signIn)
		s.now = s.now.Add(time.Minute)
		next := password
		if name == "change-password" || name == "reset-password" {
			next = "new password of " + name
		}
		ada.browser = device.copy()
		change(next)
		password = next
		if device.isTrusted(ada, password) {
			t.Errorf("%s: the device is still trusted, want it forgotten", name)
		}
		waiting.post("/two-factor/verify-totp", map[string]any{"code": ada.code()}).
			check(t, name+": a challenge from before", 401, "INVALID_TWO_FACTOR_COOKIE")
	}
}

func TestR93_TrustAndChallengesEndWithTheSecondFactor(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	ada := s.signUpWithApp("ada")
	device, waiting := ada.trust(), ada.passwordOnly()
	ada.post("/two-factor/disable", map[string]any{"password": testPassword}).check(t, "disable", 200, "")
	left := `SELECT count(*) FROM verification WHERE identifier ~ '^(trust-device-|2fa-[^a])'`
	if got := query[int64](s, left); got != 0 {
		t.Errorf("after disable: got %d trusted devices and challenges, want none", got)
	}
	waiting.post("/two-factor/verify-backup-code", map[string]any{"code": ada.codes[0]}).
		check(t, "a challenge from before", 401, "INVALID_TWO_FACTOR_COOKIE")
	s.newBrowser().signInWithPassword(ada).check(t, "sign-in without a second factor", 200, "")
	ada.setUp()
	ada.post("/two-factor/verify-totp", map[string]any{"code": ada.code()}).check(t, "again", 200, "")
	if device.isTrusted(ada, testPassword) {
		t.Error("after a new set-up the old device is trusted, want it forgotten")
	}
}

// A session that has ended, for example because its owner revoked it, can neither switch the second factor on nor off.
func TestR94_OnlyALiveSessionChangesTheSecondFactor(t *testing.T) {
	t.Parallel()
	s := newServer(t, "COOKIE_CACHE=compact")
	ada := s.signUpWithApp("ada")
	stolen := ada.copy()
	ada.post("/sign-out", map[string]any{})
	for _, path := range []string{"enable", "disable", "get-totp-uri", "generate-backup-codes"} {
		stolen.copy().post("/two-factor/"+path, map[string]any{"password": testPassword}).
			check(t, path+" with an ended session", 401, "UNAUTHORIZED")
	}
	stolen.copy().post("/two-factor/verify-totp", map[string]any{"code": ada.code()}).
		check(t, "verify-totp with an ended session", 401, "INVALID_TWO_FACTOR_COOKIE")
	eve := s.signUp("eve")
	for _, path := range []string{"enable", "disable"} {
		eve.copy().post("/two-factor/"+path, map[string]any{"password": "wrong"}).
			check(t, path+" with a wrong password", 400, "INVALID_PASSWORD")
	}
	clients := make([]*browser, parallelRequests)
	for i := range clients {
		clients[i] = eve.copy()
	}
	inParallel(parallelRequests, func(i int) answer {
		return clients[i].post("/two-factor/enable", map[string]any{"password": testPassword})
	})
	if got := query[int64](s, `SELECT count(*) FROM "twoFactor" WHERE "userId" = $1::uuid`, eve.id); got != 1 {
		t.Errorf("50 parallel set-ups: got %d rows, want 1", got)
	}
	eve.setUp()
	code := eve.code()
	for i := range clients {
		clients[i] = eve.copy()
	}
	statuses := inParallel(parallelRequests, func(i int) answer {
		return clients[i].post("/two-factor/verify-totp", map[string]any{"code": code})
	})
	if got := s.sessionsOf(eve); got != 1 || statuses[200] != 1 {
		t.Errorf("50 parallel activations: got %d sessions and the statuses %v, want one of each", got, statuses)
	}
}

// An administrator who impersonates a user must not take over the account for longer than the impersonation.
func TestR94_ImpersonatedUserKeepsSecondFactor(t *testing.T) {
	t.Parallel()
	s := newServer(t, "ADMIN=on")
	ada, eve := s.signUpWithApp("ada"), s.signUp("eve")
	eve.setUp()
	eve.post("/two-factor/send-otp", map[string]any{}).check(t, "send", 200, "")
	mailed := s.takeMail().Token
	s.exec(`UPDATE session SET "impersonatedBy" = $1`, ada.id)
	for _, path := range []string{"enable", "disable", "get-totp-uri", "generate-backup-codes"} {
		ada.post("/two-factor/"+path, map[string]any{"password": testPassword}).
			check(t, path, 403, "IMPERSONATION_NOT_ALLOWED")
	}
	eve.post("/two-factor/verify-totp", map[string]any{"code": eve.code()}).
		check(t, "first code", 403, "IMPERSONATION_NOT_ALLOWED")
	eve.post("/two-factor/verify-otp", map[string]any{"code": mailed}).
		check(t, "mailed code", 403, "IMPERSONATION_NOT_ALLOWED")
	if got := query[int64](s, `SELECT count(*) FROM session WHERE "impersonatedBy" IS NOT NULL`); got != 2 {
		t.Errorf("impersonated sessions: got %d, want 2 unchanged ones", got)
	}
}
