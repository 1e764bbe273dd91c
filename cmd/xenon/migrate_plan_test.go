package main

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"github.com/xenon-auth/xenon/internal/testkit/dbtest"
	"github.com/xenon-auth/xenon/migrations"
)

func TestMigrateFlagsAreParsedAndPrintedAgain(t *testing.T) {
	t.Parallel()
	c := optionFlags{
		BatchSize: 10, Unconfirmed: "allow", MFA: "hold", Provider: []string{"custom:acme=acme", "azure=oid"},
		Profiles: "public.user_profiles", ProfileKey: "userId", ProfileColumn: []string{"a=b=age_range"},
		ProfileValue: []string{"age_range:35_44=35_plus", "age_range:45_plus=35_plus", "primary_goal:a b=it's"},
		Sessions:     true, SessionTimebox: "720h", SessionInactivity: "168h",
	}
	o, err := c.options("autumn")
	if err != nil || !o.Sessions || o.SessionTimebox != "720h" || o.SessionInactivity != "168h" ||
		o.ProfileKey != "userId" || o.ProfileColumns["a=b"] != "age_range" || len(o.Providers) != 2 ||
		o.Providers["custom:acme"] != "acme" ||
		o.ProfileValues["age_range"]["45_plus"] != "35_plus" ||
		o.ProfileValues["primary_goal"]["a b"] != "it's" {
		t.Errorf("parse the options: got %+v, %v, want the providers and the values of the flags", o, err)
	}
	want := "xenon migrate run --run autumn --batch-size 10 --unconfirmed allow --mfa hold " +
		"--profiles public.user_profiles --profile-key userId --profile-column a=b=age_range " +
		"--provider custom:acme=acme --provider azure=oid " +
		`--profile-value age_range:35_44=35_plus --profile-value age_range:45_plus=35_plus --profile-value ` +
		`'primary_goal:a b=it'\''s' --sessions --session-timebox 720h --session-inactivity 168h`
	if got := c.commandLine("run", "autumn"); got != want {
		t.Errorf("the command line with the same options:\ngot  %s\nwant %s", got, want)
	}
}

func TestMigratePlanWritesNothing(t *testing.T) {
	t.Parallel()
	_, target, env := newMigration(t, 300)
	for _, s := range []struct {
		args []string
		code int
		want []string
	}{
		{[]string{"plan"}, exitNeedsDecision, []string{
			"Reasons why the run cannot start",
			"use --mfa carry to copy", "Verified second factors, of ", "totp\n",
		}},
		{[]string{"plan", "--mfa", "carry"}, exitNeedsDecision, []string{"set BETTER_AUTH_SECRET"}},
		{[]string{"plan", "--mfa", "allow", "--batch-size", "100"}, exitDone, []string{
			"users                    300", "in    3 batches of 100 users", "soft_deleted", "bcrypt", "auth.sessions",
			"Nothing was written. Next:\n  xenon migrate run --batch-size 100 --mfa allow",
			"raw_user_meta_data: kept in the ledger; xenon schema up --metadata adds a column for it, before the run begins",
		}},
		{[]string{"run", "--dry-run", "--mfa", "hold"}, exitDone, []string{"Expected results, in rows", "mfa_held"}},
		{[]string{"plan", "--mfa", "allow", "--json"}, exitDone, []string{`"expected":{`, `"metadataColumns":[]`}},
		{[]string{"plan", "--json"}, exitNeedsDecision, []string{`"refusals":["`}},
	} {
		code, out, stderr := runXenon(t, append([]string{"migrate"}, s.args...), env...)
		if code != s.code {
			t.Errorf("migrate %v: got the exit code %d, want %d\n%s%s", s.args, code, s.code, out, stderr)
		}
		for _, want := range s.want {
			if !strings.Contains(out, want) {
				t.Errorf("the output of migrate %v: want %q in it, got\n%s%s", s.args, want, out, stderr)
			}
		}
		if slices.Contains(s.args, "--json") && !json.Valid([]byte(out)) {
			t.Errorf("the output of migrate %v: want JSON, got\n%s", s.args, out)
		}
	}
	users, ledger := dbtest.Value[int](t, target, countUsers), dbtest.Value[int](t, target, countLedgers)
	if users != 0 || ledger != 0 {
		t.Errorf("the target after the plans: got %d users and %d schemas supabase_import, want none", users, ledger)
	}
}

func TestMigratePlanSaysThatMetadataIsCopied(t *testing.T) {
	t.Parallel()
	_, target, env := newMigration(t, 20)
	if _, err := migrations.AddMetadata(t.Context(), target, "public"); err != nil {
		t.Fatal(err)
	}
	for want, args := range map[string][]string{
		"raw_user_meta_data: copied to the column \"userMetadata\" of \"user\"\n" +
			"  raw_app_meta_data: copied to the column \"appMetadata\" of \"user\"": {"--mfa", "allow"},
		`"metadataColumns":["userMetadata","appMetadata"]`: {"--mfa", "allow", "--json"},
	} {
		code, out, stderr := runXenon(t, append([]string{"migrate", "plan"}, args...), env...)
		if code != exitDone || !strings.Contains(out, want) {
			t.Errorf("migrate plan %v: got the exit code %d and\n%s%s, want %s", args, code, out, stderr, want)
		}
	}
}
