package importer_test

import (
	"cmp"
	"crypto/md5"
	"fmt"
	"slices"
	"unicode/utf8"

	"github.com/xenon-auth/xenon/shared/importer/mapping"
)

// allowedProfileValues has the values that the profile API accepts, by field.
var allowedProfileValues = map[string][]string{
	"age_range":       {"under_18", "18_24", "25_34", "35_plus"},
	"education_level": {"high_school", "undergrad", "masters", "phd", "self_taught"},
	"tech_background": {"software_engineer", "hardware_engineer", "student", "hobbyist"},
	"primary_goal":    {"career_switch", "academic", "hobby_project", "startup_founder"},
	"learning_mode":   {"visual", "textual", "code_first"},
	"learning_speed":  {"intensive", "balanced", "casual"},
}

// userOfOrphans is the user id that the import gives to profiles without a user.
const userOfOrphans = "00000000-0000-0000-0000-000000000000"

// addProfiles adds the newest profile of each copied user to the expectation, and quarantines all other profiles.
func (r *expectation) addProfiles() {
	byUser := map[string][]sourceProfile{}
	for _, p := range r.in.profiles {
		p.user = cmp.Or(p.user, userOfOrphans)
		byUser[p.user] = append(byUser[p.user], p)
	}
	for user, all := range byUser {
		slices.SortFunc(all, func(a, b sourceProfile) int {
			return cmp.Or(
				compareNewestFirst(a.updated, b.updated),
				compareNewestFirst(a.created, b.created),
				-cmp.Compare(a.text, b.text),
			)
		})
		for i, p := range all {
			key := user
			if i > 0 || user == userOfOrphans {
				sum := md5.Sum(fmt.Appendf(nil, "profile %s %d", user, i+1))
				key = fmt.Sprintf("%x-%x-%x-%x-%x", sum[:4], sum[4:6], sum[6:8], sum[8:10], sum[10:])
			}
			if reason := r.profileRejectReason(user, i); reason != "" {
				r.quarantine(mapping.Profile, key, "", reason, p.rowDigest)
				continue
			}
			r.addProfile(p)
		}
	}
}

// compareNewestFirst orders times from the newest to the oldest. Times that are NULL come last.
func compareNewestFirst(a, b sourceTime) int {
	if a.null || b.null {
		return compareTrueFirst(!a.null, !b.null)
	}
	return -a.compare(b)
}

// profileRejectReason returns the reason why a profile is not imported, or "". rank is 0 for the newest profile of
// the user, 1 for the next one, and so on.
func (r *expectation) profileRejectReason(user string, rank int) string {
	_, isCopied := r.state.Users[user]
	switch {
	case user == userOfOrphans:
		return "profile_without_user"
	case !isCopied && slices.ContainsFunc(r.in.users, func(u sourceUser) bool { return u.id == user }):
		return "parent_quarantined"
	case !isCopied:
		return "orphan_profile"
	case rank > 0:
		return "profile_duplicate"
	}
	return ""
}

func (r *expectation) addProfile(p sourceProfile) {
	r.setOutcome(mapping.Profile, p.user, mapping.Copied)
	row := profileRow{User: p.user, Language: p.language, Fields: map[string]string{}, Hours: -1}
	for field, value := range p.fields {
		if to, ok := r.o.ProfileValues[field][value]; ok {
			value = to
		}
		if !slices.Contains(allowedProfileValues[field], value) {
			r.quarantine(mapping.Profile, p.user, field, "enum_unknown", p.rowDigest)
			continue
		}
		row.Fields[field] = value
	}
	switch {
	case p.hours == nil:
	case *p.hours < 0:
		r.quarantine(mapping.Profile, p.user, "time_per_week", "check_violation", p.rowDigest)
	default:
		row.Hours = *p.hours
	}
	switch n := utf8.RuneCountInString(p.language); {
	case n > 10:
		row.Language = "en"
		r.quarantine(mapping.Profile, p.user, "preferred_language", "value_too_long", p.rowDigest)
	case n == 0:
		row.Language = "en"
		r.quarantine(mapping.Profile, p.user, "preferred_language", "check_violation", p.rowDigest)
	}
	user := r.state.Users[p.user]
	row.Created, row.Updated = p.created.textOr(user.Created), p.updated.textOr(p.created.textOr(user.Updated))
	r.state.Profiles[p.user] = row
}
