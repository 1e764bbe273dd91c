package run

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/xenon-auth/xenon/shared/importer/mapping"
)

func TestThousandsWritesCommasBetweenThousands(t *testing.T) {
	t.Parallel()
	for n, want := range map[int]string{
		0: "0", 12: "12", 999: "999", 1000: "1,000", 123456: "123,456", 1234567: "1,234,567", -12: "-12", -999: "-999",
		-1000: "-1,000", -123456: "-123,456",
	} {
		if got := WithThousandsCommas(n); got != want {
			t.Errorf("WithThousandsCommas(%d) = %s, want %s", n, got, want)
		}
	}
}

func TestPlanCountsTargetUsersByWhatTheRunDoesWithTheirEmail(t *testing.T) {
	t.Parallel()
	p := newPlan(mapping.Options{})
	p.countEmailHolders([]emailHolder{
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
		t.Errorf("collisions (-want +got):\n%s", diff)
	}
	if got := p.Reasons["user "+mapping.EmailReleased]; got != 1 {
		t.Errorf("the plan expects %d quarantine entries for released emails, want 1", got)
	}
	if len(p.Warnings) != 1 || !strings.Contains(p.Warnings[0], "1 user of the target") {
		t.Errorf("got warnings %v, want one about the user whose email is released", p.Warnings)
	}
	if len(p.Refusals) != 1 || !strings.Contains(p.Refusals[0], ": e, who has a profile, has the email of s. Delete") {
		t.Errorf("got refusals %v, want one that names the user e and why e keeps the email", p.Refusals)
	}
}

func TestPlanNamesAtMostTwentyUsersInAMessage(t *testing.T) {
	t.Parallel()
	for n, want := range map[int]string{2: "u0, u1", 20: "u18, u19", 21: "u19, and 1 more"} {
		p := newPlan(mapping.Options{})
		var all []emailHolder
		for i := range n {
			all = append(all, emailHolder{id: fmt.Sprintf("u%d", i), confirmed: true})
		}
		p.countEmailHolders(all)
		if len(p.Refusals) > 0 || len(p.Warnings) != 1 || !strings.HasSuffix(p.Warnings[0], want) {
			t.Errorf("%d released emails: got refusals %v and warnings %v, want one warning that ends with %q",
				n, p.Refusals, p.Warnings, want)
		}
	}
	p := newPlan(mapping.Options{})
	p.countEmailHolders([]emailHolder{{id: "a", verified: true}})
	if len(p.Refusals)+len(p.Warnings) > 0 {
		t.Errorf("a verified user of the target has the email: got refusals %v and warnings %v, want none",
			p.Refusals, p.Warnings)
	}
}

func TestPlanHasMessagesAboutSecondFactorsAndUnconfirmedEmails(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		factors, unconfirmed int64
		mfa                  string
		refusals, warnings   int // numbers of messages in the plan
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
			t.Errorf("%d factors, %d unconfirmed users, mfa %q: got the refusals %v and the warnings %v, want %d and %d of them",
				test.factors, test.unconfirmed, test.mfa, p.Refusals, p.Warnings, test.refusals, test.warnings)
		}
	}
}

func TestPlanAddsUpRowsByOutcomeReasonAndHash(t *testing.T) {
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
		t.Errorf("the plan after each estimate was added twice (-want +got):\n%s", diff)
	}
}

// findCollisions compares the users of the target in groups.
func TestSameIDsOfAllGroupsAreCounted(t *testing.T) {
	t.Parallel()
	conn := connectTarget(t, &Env{})
	ids := []string{
		"00000000-0000-4000-8000-000000000001", "00000000-0000-4000-8000-000000000002",
		"00000000-0000-4000-8000-000000000003",
	}
	err := Exec(t.Context(), conn,
		"CREATE SCHEMA auth; CREATE TABLE auth.users AS SELECT unnest("+mapping.UUIDArray(ids)+") AS id")
	if err != nil {
		t.Fatal(err)
	}
	p := &planner{Plan: newPlan(mapping.Options{}), src: conn}
	for _, group := range [][]string{ids[:2], ids[2:], {mapping.MinUUID}} {
		if err := p.countSameIDs(t.Context(), group); err != nil {
			t.Fatal(err)
		}
	}
	if got := p.Collisions[mapping.TargetIDTaken]; got != 3 {
		t.Errorf("got %d users with an id of the target, want 3", got)
	}
}
