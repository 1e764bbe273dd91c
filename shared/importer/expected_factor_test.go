package importer_test

import (
	"cmp"
	"regexp"
	"slices"
	"strings"

	"github.com/xenon-auth/xenon/shared/importer/mapping"
)

var base32Text = regexp.MustCompile(`^[A-Za-z2-7]{16,256}=*$`)

// addFactors computes what happens to the second factors. With mfa carry, one TOTP factor of each user is copied.
func (r *expectation) addFactors() {
	isCopiedUser := map[string]bool{}
	for _, u := range r.in.users {
		isCopiedUser[u.id] = !u.deleted
	}
	candidates := map[string][]sourceFactorOrPasskey{}
	for _, f := range r.in.others {
		switch reason := r.factorReason(f, isCopiedUser[f.user]); {
		case f.source != mapping.Factor:
		case reason == "":
			candidates[f.user] = append(candidates[f.user], f)
		default:
			r.quarantine(mapping.Factor, f.id, "", reason, f.rowDigest)
		}
	}
	for user, all := range candidates {
		slices.SortFunc(all, func(a, b sourceFactorOrPasskey) int {
			return cmp.Or(compareTrueFirst(!a.lastUsed.null, !b.lastUsed.null), -a.lastUsed.compare(b.lastUsed),
				-a.updated.compare(b.updated), -cmp.Compare(a.id, b.id))
		})
		r.carried[user] = true
		r.setOutcome(mapping.Factor, all[0].id, mapping.Copied)
		for _, f := range all[1:] {
			r.quarantine(mapping.Factor, f.id, "", "mfa_extra_factor", f.rowDigest)
		}
	}
}

// factorReason returns the reason why a second factor cannot be copied, or "".
func (r *expectation) factorReason(f sourceFactorOrPasskey, isUserCopied bool) string {
	length := len(strings.TrimRight(f.secret, "="))
	switch {
	case !f.verified:
		return "mfa_unverified"
	case r.o.MFA != "carry", f.kind != "totp":
		return "mfa_not_portable"
	case !isUserCopied:
		return "parent_quarantined"
	case strings.HasPrefix(f.secret, "{"): // these tests have no key
		return "mfa_encrypted"
	case !base32Text.MatchString(f.secret), slices.Contains([]int{1, 3, 6}, length%8):
		return "mfa_secret_invalid"
	}
	return ""
}
