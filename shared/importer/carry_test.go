package importer_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/xenon-auth/xenon/internal/testkit/importtest"
	"github.com/xenon-auth/xenon/shared/importer/mapping"
)

// newSourceOfEveryFactor returns a source with users who have each kind of second factor.
func newSourceOfEveryFactor(t *testing.T) *factorSource {
	t.Helper()
	s := newFactorSource(t)
	s.addUser("none")
	s.addUser("clear", factor{secret: clearSecret})
	s.addUser("lower", factor{secret: strings.ToLower(otherSecret) + "===="})
	s.addUser("encrypted", factor{id: encryptedFactor, secret: encryptedSecret})
	s.addUser("two", factor{secret: clearSecret, updated: "2026-05-01"},
		factor{secret: otherSecret, lastUsed: "2026-02-02 02:02:02"}, factor{kind: "phone"})
	s.addUser("later", factor{secret: clearSecret, updated: "2026-03-01"},
		factor{secret: otherSecret, updated: "2026-04-01"}, factor{secret: "AAAA", lastUsed: "2026-06-06 06:06:06"})
	s.addUser("phone", factor{kind: "phone"}, factor{kind: "webauthn"})
	s.addUser("unverified", factor{secret: clearSecret, status: "unverified"})
	s.addUser("invalid", factor{secret: "1" + clearSecret[1:]}, factor{}, factor{secret: clearSecret + "A"})
	s.addUser("social", factor{secret: clearSecret})
	importtest.Exec(t, s.url, `insert into auth.identities (id, user_id, provider, provider_id, identity_data, created_at,
  updated_at) values (gen_random_uuid(), '`+s.ids["social"]+`', 'google', '4711', '{}', now(), now())`)
	return s
}

// everyReason has the expected quarantine of newSourceOfEveryFactor with the key of the encrypted factor.
var everyReason = map[string]string{
	"two.0": "mfa_extra_factor", "two.2": "mfa_not_portable",
	"later.0": "mfa_extra_factor", "later.2": "mfa_secret_invalid",
	"phone.0": "mfa_not_portable", "phone.1": "mfa_not_portable", "phone": "mfa_held",
	"unverified.0": "mfa_unverified",
	"invalid.0":    "mfa_secret_invalid", "invalid.1": "mfa_secret_invalid", "invalid.2": "mfa_secret_invalid",
	"invalid": "mfa_held",
}

func TestCarriedFactorsAreTheLatestUsableOnesAndTheOthersHaveAReason(t *testing.T) {
	t.Parallel()
	s := newSourceOfEveryFactor(t)
	m := withKey(t, withSecret(importtest.NewImport(t, s.url)))
	p, err := m.Plan(t.Context(), carry)
	if err != nil || len(p.Refusals) > 0 {
		t.Fatalf("the plan: got the refusals %v and the error %v, want none", p.Refusals, err)
	}
	if got := p.Expected[mapping.Factor]; got[mapping.Copied] != 6 || got[mapping.Quarantined] != 10 {
		t.Errorf("expected second factors of the plan: got %v, want 6 copied and 10 quarantined", got)
	}
	f := p.SecondFactors
	if f.Users != 8 || f.ByType["totp"] != 12 || f.ByType["phone"] != 2 || f.Carried != 6 || f.SocialUsers != 1 {
		t.Errorf("second factors of the plan: got %+v, want 8 users, 12 of totp, 2 of phone, 6 carried and 1 social user", f)
	}
	if diff := cmp.Diff([]string{s.ids["social"]}, f.SocialUserIDs); diff != "" {
		t.Errorf("social users of the plan (-want +got):\n%s", diff)
	}
	if !strings.Contains(strings.Join(p.Warnings, "\n"), "TWO_FACTOR_FOR=all") {
		t.Errorf("the warnings %q, want one that names TWO_FACTOR_FOR=all", p.Warnings)
	}
	importtest.RunToCompletion(t, m, carry)
	wantSecrets := map[string]string{
		"clear": "base32:" + clearSecret, "lower": "base32:" + otherSecret, "encrypted": "base32:" + openedSecret,
		"two": "base32:" + otherSecret, "later": "base32:" + otherSecret, "social": "base32:" + clearSecret,
	}
	if diff := cmp.Diff(wantSecrets, carriedSecrets(t, m)); diff != "" {
		t.Errorf("secrets in the target, decrypted (-want +got):\n%s", diff)
	}
	wantFlags := map[string]string{"none": "false", "phone": "false", "unverified": "false", "invalid": "false"}
	for name := range wantSecrets {
		wantFlags[name] = "true"
	}
	if diff := cmp.Diff(wantFlags, flags(t, m)); diff != "" {
		t.Errorf("twoFactorEnabled (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(everyReason, s.quarantined(m)); diff != "" {
		t.Errorf("quarantine (-want +got):\n%s", diff)
	}
	importtest.CheckEqual(t, m, "after the import")
}

func TestCarriedRowsHaveTheFormOfBetterAuth(t *testing.T) {
	t.Parallel()
	s := newFactorSource(t)
	s.addUser("ada", factor{secret: clearSecret})
	m := withSecret(importtest.NewImport(t, s.url))
	importtest.RunToCompletion(t, m, carry)
	row := importtest.Value(t, m.To, `select row(id, "userId", verified, "failedVerificationCount", "lockedUntil",
  length(secret))::text from "twoFactor"`)
	if want := "(" + s.ids["ada.0"] + "," + s.ids["ada"] + ",t,0,,158)"; row != want {
		t.Errorf("the row of twoFactor: got %s, want %s", row, want)
	}
	codes, err := xenonKeys(t).Decrypt(importtest.Value(t, m.To, `select "backupCodes" from "twoFactor"`))
	if codes != "[]" || err != nil {
		t.Errorf("the backup codes: got %q and the error %v, want an empty list", codes, err)
	}
	before := importtest.Value(t, m.To, `select row(t.*)::text from "twoFactor" t`)
	importtest.Exec(t, s.url, `update auth.mfa_factors set last_challenged_at = now(), updated_at = now()`)
	importtest.RunToCompletion(t, m, carry)
	if after := importtest.Value(t, m.To, `select row(t.*)::text from "twoFactor" t`); after != before {
		t.Errorf("after a pass in which only times changed: the row is %.60s, want that of the first pass, %.60s",
			after, before)
	}
	importtest.CheckEqual(t, m, "after the second pass")
}

func TestEncryptedFactorWithoutItsKeyHoldsThePasswordUntilTheKeyIsGiven(t *testing.T) {
	t.Parallel()
	s := newFactorSource(t)
	s.addUser("encrypted", factor{id: encryptedFactor, secret: encryptedSecret})
	m := withSecret(importtest.NewImport(t, s.url))
	p, err := m.Plan(t.Context(), carry)
	if err != nil || !strings.Contains(strings.Join(p.Warnings, "\n"), "--encryption-key") {
		t.Errorf("the plan: got the warnings %q and the error %v, want one that names --encryption-key", p.Warnings, err)
	}
	check := func(when string, reasons, secrets map[string]string, passwords string) {
		t.Helper()
		importtest.RunToCompletion(t, m, carry)
		if diff := cmp.Diff(reasons, s.quarantined(m)); diff != "" {
			t.Errorf("%s: quarantine (-want +got):\n%s", when, diff)
		}
		if diff := cmp.Diff(secrets, carriedSecrets(t, m)); diff != "" {
			t.Errorf("%s: secrets in the target (-want +got):\n%s", when, diff)
		}
		if got := importtest.Value(t, m.To, `select count(password)::text from account`); got != passwords {
			t.Errorf("%s: the target has %s passwords, want %s", when, got, passwords)
		}
		importtest.CheckEqual(t, m, when)
	}
	none := map[string]string{}
	carried := map[string]string{"encrypted": "base32:" + openedSecret}
	check("without the key", map[string]string{"encrypted": "mfa_held", "encrypted.0": "mfa_encrypted"}, none, "0")
	withKey(t, m)
	check("with the key", none, carried, "1")
	m.EncryptionKeys = nil
	importtest.Exec(t, s.url, `update auth.mfa_factors set updated_at = now()`)
	check("in a later pass without the key", none, carried, "1")
}

func TestClearFactorStaysCarriedWhenSupabaseEncryptsIt(t *testing.T) {
	t.Parallel()
	s := newFactorSource(t)
	s.addUser("ada", factor{id: encryptedFactor, secret: openedSecret})
	m := withSecret(importtest.NewImport(t, s.url))
	importtest.RunToCompletion(t, m, carry)
	importtest.Exec(t, s.url, `update auth.mfa_factors set secret = '`+encryptedSecret+`'`)
	importtest.RunToCompletion(t, m, carry)
	if diff := cmp.Diff(map[string]string{"ada": "base32:" + openedSecret}, carriedSecrets(t, m)); diff != "" {
		t.Errorf("secrets in the target (-want +got):\n%s", diff)
	}
	importtest.CheckEqual(t, m, "without the key")
	importtest.CheckEqual(t, withKey(t, m), "with the key")
}
