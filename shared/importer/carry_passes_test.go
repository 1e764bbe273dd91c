package importer_test

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/xenon-auth/xenon/internal/testkit/importtest"
	"github.com/xenon-auth/xenon/shared/cipher"
	"github.com/xenon-auth/xenon/shared/importer"
)

func TestLaterPassesFollowTheFactorsOfTheSource(t *testing.T) {
	t.Parallel()
	s := newFactorSource(t)
	for _, name := range []string{"changed", "deleted", "replaced", "user"} {
		s.addUser(name, factor{secret: clearSecret})
	}
	s.addUser("added")
	s.addUser("switched", factor{secret: clearSecret}, factor{secret: otherSecret, lastUsed: "2026-01-01 01:00:00"})
	m := withSecret(importtest.NewImport(t, s.url))
	importtest.RunToCompletion(t, m, carry)
	importtest.Exec(t, s.url, `
update auth.mfa_factors set secret = '`+otherSecret+`' where id = '`+s.ids["changed.0"]+`';
delete from auth.mfa_factors where id in ('`+s.ids["deleted.0"]+`', '`+s.ids["replaced.0"]+`');
update auth.mfa_factors set last_challenged_at = now() where id = '`+s.ids["switched.0"]+`';
delete from auth.users where id = '`+s.ids["user"]+`'`)
	s.addFactor("added", factor{secret: otherSecret})
	s.addFactor("replaced", factor{secret: otherSecret})
	importtest.RunToCompletion(t, m, carry)
	want := map[string]string{
		"changed": "base32:" + otherSecret, "replaced": "base32:" + otherSecret, "added": "base32:" + otherSecret,
		"switched": "base32:" + clearSecret,
	}
	if diff := cmp.Diff(want, carriedSecrets(t, m)); diff != "" {
		t.Errorf("secrets in the target (-want +got):\n%s", diff)
	}
	wantFlags := map[string]string{
		"changed": "true", "replaced": "true", "added": "true", "switched": "true", "deleted": "false",
	}
	if diff := cmp.Diff(wantFlags, flags(t, m)); diff != "" {
		t.Errorf("twoFactorEnabled (-want +got):\n%s", diff)
	}
	importtest.CheckEqual(t, m, "after the second pass")
}

// A user of the target changes the second factor, and then the source changes it, too.
func TestLaterPassesDoNotOverwriteFactorsThatChangedInTheTarget(t *testing.T) {
	t.Parallel()
	s := newFactorSource(t)
	for _, name := range []string{"codes-changed", "codes-deleted", "codes-replaced", "disabled", "own"} {
		s.addUser(name, factor{secret: clearSecret})
	}
	s.addUser("setting-up")
	m := withSecret(importtest.NewImport(t, s.url))
	importtest.RunToCompletion(t, m, carry)
	codes, own := xenonKeys(t).Encrypt(`["a"]`), xenonKeys(t).Encrypt("own secret")
	is := func(name string) string { return `"userId" = '` + s.ids[name] + `'` }
	importtest.Exec(t, m.To, `
update "twoFactor" set "backupCodes" = '`+codes+`'
where `+is("codes-changed")+` or `+is("codes-deleted")+` or `+is("codes-replaced")+`;
delete from "twoFactor" where `+is("disabled")+`;
update "user" set "twoFactorEnabled" = false where id = '`+s.ids["disabled"]+`';
update "twoFactor" set secret = '`+own+`' where `+is("own")+`;
insert into "twoFactor" (secret, "backupCodes", "userId", verified, "failedVerificationCount")
values ('`+own+`', '`+codes+`', '`+s.ids["setting-up"]+`', false, 0)`)
	before, flagsBefore := importtest.Column(t, m.To, `select t::text from "twoFactor" t order by id`), flags(t, m)
	importtest.Exec(t, s.url, `
update auth.mfa_factors set secret = '`+otherSecret+`'
where user_id in ('`+s.ids["codes-changed"]+`', '`+s.ids["disabled"]+`', '`+s.ids["own"]+`');
delete from auth.mfa_factors where user_id in ('`+s.ids["codes-deleted"]+`', '`+s.ids["codes-replaced"]+`')`)
	s.ids["codes-replaced.1"] = s.addFactor("codes-replaced", factor{secret: otherSecret})
	s.ids["setting-up.0"] = s.addFactor("setting-up", factor{secret: otherSecret})
	importtest.RunToCompletion(t, m, carry)
	after := importtest.Column(t, m.To, `select t::text from "twoFactor" t order by id`)
	if diff := cmp.Diff(before, after); diff != "" {
		t.Errorf("rows of twoFactor after the second pass (-before +after):\n%s", diff)
	}
	if diff := cmp.Diff(flagsBefore, flags(t, m)); diff != "" {
		t.Errorf("twoFactorEnabled after the second pass (-before +after):\n%s", diff)
	}
	want := map[string]string{
		"codes-changed.0": "target_modified", "codes-deleted.0": "deleted_in_source,target_modified",
		"codes-deleted": "target_modified", "codes-replaced.0": "deleted_in_source,target_modified",
		"codes-replaced.1": "target_factor_taken", "codes-replaced": "target_modified",
		"disabled.0": "target_modified", "disabled": "target_modified", "own.0": "target_modified",
		"setting-up.0": "target_factor_taken",
	}
	if diff := cmp.Diff(want, s.quarantined(m)); diff != "" {
		t.Errorf("quarantine (-want +got):\n%s", diff)
	}
}

// The source changes after the pass has begun, so that a factor cannot be read any more, or is gone.
func TestFactorsThatChangeDuringACopyGetAReason(t *testing.T) {
	t.Parallel()
	s := newFactorSource(t)
	for _, name := range []string{"deleted", "encrypted", "invalid", "stays"} {
		s.addUser(name, factor{secret: clearSecret})
	}
	m := withSecret(importtest.NewImport(t, s.url))
	if _, err := m.Begin(t.Context(), carry, false); err != nil {
		t.Fatal(err)
	}
	m.Env().ReleaseLease(t.Context())
	importtest.Exec(t, s.url, `
delete from auth.mfa_factors where id = '`+s.ids["deleted.0"]+`';
update auth.mfa_factors set secret = '`+encryptedSecret+`' where id = '`+s.ids["encrypted.0"]+`';
update auth.mfa_factors set secret = '' where id = '`+s.ids["invalid.0"]+`'`)
	importtest.RunToCompletion(t, m, carry)
	if diff := cmp.Diff(map[string]string{"stays": "base32:" + clearSecret}, carriedSecrets(t, m)); diff != "" {
		t.Errorf("secrets in the target (-want +got):\n%s", diff)
	}
	want := map[string]string{
		"encrypted": "mfa_held", "encrypted.0": "mfa_encrypted", "invalid": "mfa_held", "invalid.0": "mfa_secret_invalid",
	}
	if diff := cmp.Diff(want, s.quarantined(m)); diff != "" {
		t.Errorf("quarantine (-want +got):\n%s", diff)
	}
	importtest.CheckEqual(t, m, "after the import")
}

func TestUserIsCopiedWithoutAFactorThatTheTargetRejects(t *testing.T) {
	t.Parallel()
	s := newFactorSource(t)
	s.addUser("ada", factor{secret: clearSecret})
	s.addUser("eve", factor{secret: clearSecret})
	m := withSecret(importtest.NewImport(t, s.url))
	importtest.Exec(t, m.To, `
create function refuse() returns trigger language plpgsql as $$ begin raise exception 'rejected by the test'; end $$;
create trigger refuse before insert on "twoFactor" for each row when (new.id = '`+s.ids["eve.0"]+`')
execute function refuse()`)
	importtest.RunToCompletion(t, m, carry)
	if diff := cmp.Diff(map[string]string{"eve.0": "target_error", "eve": "mfa_held"}, s.quarantined(m)); diff != "" {
		t.Errorf("quarantine (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(map[string]string{"ada": "true", "eve": "false"}, flags(t, m)); diff != "" {
		t.Errorf("twoFactorEnabled (-want +got):\n%s", diff)
	}
	importtest.CheckEqual(t, m, "after the import")
	importtest.Exec(t, m.To, `drop trigger refuse on "twoFactor"`)
	importtest.RunToCompletion(t, m, carry)
	if diff := cmp.Diff(map[string]string{}, s.quarantined(m)); diff != "" {
		t.Errorf("quarantine after the trigger is gone (-want +got):\n%s", diff)
	}
	importtest.CheckEqual(t, m, "after the next pass")
}

// A user who has signed up in the target with the email of a user of the source, and has a second factor, keeps both.
func TestUsersOfTheTargetWithASecondFactorKeepTheirEmail(t *testing.T) {
	t.Parallel()
	s := newFactorSource(t)
	s.addUser("ada", factor{secret: clearSecret})
	m := withSecret(importtest.NewImport(t, s.url))
	if _, err := m.Begin(t.Context(), carry, false); err != nil { // a plan with this user would be refused
		t.Fatal(err)
	}
	m.Env().ReleaseLease(t.Context())
	id := insertSignUp(t, m.To, "ada@example.com")
	importtest.Exec(t, m.To, `
insert into "twoFactor" (secret, "backupCodes", "userId", verified, "failedVerificationCount")
values ('x', 'y', '`+id+`', false, 0)`)
	importtest.RunToCompletion(t, m, carry)
	if got := importtest.Value(t, m.To, `select email from "user" where id = '`+id+`'`); got != "ada@example.com" {
		t.Errorf("the email of the user of the target: got %s, want ada@example.com", got)
	}
	if got := s.quarantined(m)["ada"]; got != "target_email_unverified" {
		t.Errorf("the reason of the user of the source: got %q, want target_email_unverified", got)
	}
}

func TestVerificationComparesDecryptedSecrets(t *testing.T) {
	t.Parallel()
	s := newFactorSource(t)
	s.addUser("changed", factor{secret: clearSecret})
	s.addUser("again", factor{secret: clearSecret})
	s.addUser("gone", factor{secret: clearSecret})
	m := withSecret(importtest.NewImport(t, s.url))
	importtest.RunToCompletion(t, m, carry)
	encrypt := func(secret string) string { return xenonKeys(t).Encrypt("base32:" + secret) }
	importtest.Exec(t, m.To, `
update "twoFactor" set secret = '`+encrypt(otherSecret)+`' where id = '`+s.ids["changed.0"]+`';
update "twoFactor" set secret = '`+encrypt(clearSecret)+`' where id = '`+s.ids["again.0"]+`';
delete from "twoFactor" where id = '`+s.ids["gone.0"]+`'`)
	v := importtest.Verify(t, m)
	got := map[string]string{}
	for _, d := range v.Differences {
		got[d.ID] = d.Table + " " + d.Kind + " " + strings.Join(d.Columns, ",") + " " + d.Why
	}
	want := map[string]string{
		s.ids["changed.0"]: "twoFactor different secret target changed since",
		s.ids["gone.0"]:    "twoFactor missing  target changed since",
	}
	if diff := cmp.Diff(want, got); diff != "" || v.Equal {
		t.Errorf("differences, equal %t (-want +got):\n%s", v.Equal, diff)
	}
}

func TestRollbackRemovesCarriedFactors(t *testing.T) {
	t.Parallel()
	s := newSourceOfEveryFactor(t)
	m := withSecret(importtest.NewImport(t, s.url))
	importtest.RunToCompletion(t, m, carry)
	m.Secret = nil // a rollback needs no secret
	r, err := m.Rollback(t.Context(), "supabase", importer.RollbackOptions{})
	if err != nil || r.Removed["twoFactor"] != 5 || r.Left != 0 {
		t.Errorf("the rollback: got %+v and the error %v, want 5 second factors removed and no user left", r, err)
	}
	left := importtest.Value(t, m.To, `select (select count(*) from "twoFactor") || ' ' || (select count(*) from "user")`)
	if left != "0 0" {
		t.Errorf("second factors and users after the rollback: got %s, want none", left)
	}
}

func TestCarryingFactorsNeedsTheSecretOfTheDeployment(t *testing.T) {
	t.Parallel()
	s := newFactorSource(t)
	s.addUser("ada", factor{secret: clearSecret})
	m := importtest.NewImport(t, s.url)
	p, err := m.Plan(t.Context(), carry)
	if err != nil || len(p.Refusals) != 1 || !strings.Contains(p.Refusals[0], "BETTER_AUTH_SECRET") {
		t.Errorf("a plan without the secret: got the refusals %q and the error %v, want one that names it", p.Refusals, err)
	}
	refused := func(what string, err error) {
		t.Helper()
		if !errors.Is(err, importer.ErrRefused) || !strings.Contains(err.Error(), "BETTER_AUTH_SECRET") {
			t.Errorf("%s: got the error %v, want ErrRefused that names BETTER_AUTH_SECRET", what, err)
		}
	}
	_, err = m.Run(t.Context(), carry, false, 1)
	refused("a run without the secret", err)
	importtest.RunToCompletion(t, withSecret(m), carry)
	m.Secret = func(context.Context) (cipher.Keys, error) {
		return cipher.ParseKeys("", "another secret, also long enough")
	}
	_, err = m.Run(t.Context(), carry, false, 1)
	refused("a pass with another secret", err)
	_, err = m.Verify(t.Context(), "supabase", 1)
	refused("a verification with another secret", err)
	m.Secret = nil
	_, err = m.Run(t.Context(), carry, false, 1)
	refused("a pass without the secret", err)
	importtest.CheckEqual(t, withSecret(m), "with the secret again")
}

func TestCarryingFactorsNeedsTheTableOfSecondFactors(t *testing.T) {
	t.Parallel()
	s := newFactorSource(t)
	s.addUser("ada", factor{secret: clearSecret})
	m := withSecret(importtest.NewImport(t, s.url))
	importtest.Exec(t, m.To, `drop table "twoFactor"`)
	_, err := m.Run(t.Context(), carry, false, 1)
	if !errors.Is(err, importer.ErrRefused) || !strings.Contains(err.Error(), "xenon schema up") {
		t.Errorf("a target without the table: got the error %v, want ErrRefused that names xenon schema up", err)
	}
}
