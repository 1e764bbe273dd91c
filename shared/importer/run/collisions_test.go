package run

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/xenon-auth/xenon/shared/importer/mapping"
)

func TestThousandsHaveCommas(t *testing.T) {
	t.Parallel()
	for n, want := range map[int]string{
		0: "0", 12: "12", 999: "999", 1000: "1,000", 123456: "123,456", 1234567: "1,234,567", -12: "-12", -999: "-999",
		-1000: "-1,000", -123456: "-123,456",
	} {
		if got := Thousands(n); got != want {
			t.Errorf("got %s, want %s", got, want)
		}
	}
}

func TestPlanCountsHoldersOfEmailsByResult(t *testing.T) {
	t.Parallel()
	p := newPlan(mapping.Options{})
	p.countHolders([]emailHolder{
		{id: "a", source: "s"},
		{id: "b", source: "s", verified: true},
		{id: "c", source: "s", confirmed: true, verified: true},
		{id: "d", source: "s", confirmed: true},
		{id: "e", source: "s", confirmed: true, keepReason: "has a profile"},
	})
	want := map[string]int64{
		mapping.TargetEmailTaken: 3, mapping.EmailReleased: 1, mapping.TargetEmailUnverified: 1,
	}
	if diff := cmp.Diff(want, p.Collisions); diff != "" {
		t.Errorf("collisions, want - got +:\n%s", diff)
	}
	if got := p.Reasons["user "+mapping.EmailReleased]; got != 1 {
		t.Errorf("%d reasons for released emails, want 1", got)
	}
	if len(p.Warnings) != 1 || !strings.Contains(p.Warnings[0], "1 user of the target") {
		t.Errorf("got warnings %v, want one about one user", p.Warnings)
	}
	if len(p.Refusals) != 1 || !strings.Contains(p.Refusals[0], ": e, who has a profile, has the email of s. Delete") {
		t.Errorf("got refusals %v, want one about e", p.Refusals)
	}
}

func TestMessagesListTwentyUsers(t *testing.T) {
	t.Parallel()
	for n, want := range map[int]string{2: "u0, u1", 20: "u18, u19", 21: "u19, and 1 more"} {
		p := newPlan(mapping.Options{})
		var all []emailHolder
		for i := range n {
			all = append(all, emailHolder{id: fmt.Sprintf("u%d", i), confirmed: true})
		}
		p.countHolders(all)
		if len(p.Refusals) > 0 || len(p.Warnings) != 1 || !strings.HasSuffix(p.Warnings[0], want) {
			t.Errorf("%d users: got refusals %v and warnings %v, want one warning with %s", n, p.Refusals, p.Warnings, want)
		}
	}
	p := newPlan(mapping.Options{})
	p.countHolders([]emailHolder{{id: "a", verified: true}})
	if len(p.Refusals)+len(p.Warnings) > 0 {
		t.Errorf("got %v and %v for a verified user, want no message", p.Refusals, p.Warnings)
	}
}

func TestPlanHasMessagesAboutSecondFactorsAndUnconfirmedEmails(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		factors, unconfirmed int64
		mfa                  string
		refusals, warnings   int
	}{
		{0, 0, "", 0, 0}, {1, 0, "", 1, 0}, {1, 0, "hold", 0, 0}, {0, 1, "", 0, 1}, {0, 1, "hold", 0, 1},
	} {
		p := newPlan(mapping.Options{MFA: test.mfa})
		p.Expected = mapping.Counts{mapping.User: {}, mapping.Factor: {}}
		p.addEstimate(estimate{Kind: mapping.Factor, Reason: "mfa_not_portable", Rows: test.factors})
		withheld := []string{"encrypted_password:unconfirmed_held"}
		p.addEstimate(estimate{Kind: mapping.User, Fields: withheld, Rows: test.unconfirmed})
		p.addMessages()
		if len(p.Refusals) != test.refusals || len(p.Warnings) != test.warnings {
			t.Errorf("%+v: got refusals %v and warnings %v", test, p.Refusals, p.Warnings)
		}
	}
}

func TestPlanCountsEveryRowOnce(t *testing.T) {
	t.Parallel()
	p := newPlan(mapping.Options{})
	p.Expected = mapping.Counts{mapping.User: {}, mapping.Identity: {}}
	for range 2 {
		p.addEstimate(estimate{Kind: mapping.User, Format: "bcrypt", Rows: 3})
		p.addEstimate(estimate{Kind: mapping.User, Format: "none", Reason: "anonymous", Rows: 2})
		p.addEstimate(estimate{Kind: mapping.Identity, Folded: true, Rows: 4})
		p.addEstimate(estimate{Kind: mapping.Identity, Rows: 5})
		p.addEstimate(estimate{Kind: mapping.User, Format: "bcrypt", Fields: []string{"phone:invalid"}, Rows: 1})
	}
	want := Plan{
		Expected: mapping.Counts{
			mapping.User:     {mapping.Copied: 8, mapping.Quarantined: 4},
			mapping.Identity: {mapping.Folded: 8, mapping.Copied: 10},
		},
		Reasons: mapping.Reasons{"user anonymous": 4, "user.phone invalid": 2},
		Hashes:  map[string]int64{"bcrypt": 8, "none": 4},
	}
	got := Plan{Expected: p.Expected, Reasons: p.Reasons, Hashes: p.Hashes}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("want - got +:\n%s", diff)
	}
}
