package importer_test

import (
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/xenon-auth/xenon/internal/testkit/importtest"
	"github.com/xenon-auth/xenon/shared/importer"
)

func TestPlanListsTheSecondFactorsThatDoNotCome(t *testing.T) {
	t.Parallel()
	s := newSourceOfEveryFactor(t)
	importtest.Exec(t, s.url, `insert into auth.webauthn_credentials (user_id, credential_id, public_key)
values ('`+s.ids["none"]+`', 'c', 'k')`)
	passkey := "none passkey passkey_not_mapped"
	for name, c := range map[string]struct {
		options importer.Options
		want    []string // the name of the user, the kind of the factor and the reason
	}{
		"authenticator apps are copied": {carry, []string{
			"invalid totp mfa_secret_invalid", "invalid totp mfa_secret_invalid", "invalid totp mfa_secret_invalid",
			"later totp mfa_extra_factor", "later totp mfa_secret_invalid", passkey,
			"phone phone mfa_not_portable", "phone webauthn mfa_not_portable",
			"two phone mfa_not_portable", "two totp mfa_extra_factor",
		}},
		"nothing is decided": {importer.Options{}, []string{
			passkey, "phone phone mfa_not_portable", "phone webauthn mfa_not_portable", "two phone mfa_not_portable",
		}},
	} {
		p, err := withKey(t, withSecret(importtest.NewImport(t, s.url))).Plan(t.Context(), c.options)
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, x := range p.SecondFactors.NotCarriedFactors {
			for user, id := range s.ids {
				if id == x.User {
					got = append(got, user+" "+x.Kind+" "+x.Reason)
				}
			}
		}
		slices.Sort(got)
		if diff := cmp.Diff(c.want, got); diff != "" {
			t.Errorf("%s: second factors that do not come (-want +got):\n%s", name, diff)
		}
		if n := p.SecondFactors.NotCarried; n != int64(len(c.want)) {
			t.Errorf("%s: got %d second factors that do not come, want %d", name, n, len(c.want))
		}
	}
}
