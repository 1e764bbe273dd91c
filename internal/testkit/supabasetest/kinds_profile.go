package supabasetest

import (
	"fmt"
	"slices"
	"strings"
)

// allowedProfileValues are the values that the table user_profile allows, by field.
var allowedProfileValues = map[string][]string{
	"age_range":       {"under_18", "18_24", "25_34", "35_plus"},
	"education_level": {"high_school", "undergrad", "masters", "phd", "self_taught"},
	"tech_background": {"software_engineer", "hardware_engineer", "student", "hobbyist"},
	"primary_goal":    {"career_switch", "academic", "hobby_project", "startup_founder"},
	"learning_mode":   {"visual", "textual", "code_first"},
	"learning_speed":  {"intensive", "balanced", "casual"},
}

// unknownProfileValues has values of a newer version of the application, which the table user_profile does not allow.
var unknownProfileValues = map[string]any{
	"age_range": "35_44", "education_level": "bachelors", "tech_background": "beginner", "primary_goal": "career",
	"learning_mode": "hands_on", "learning_speed": "accelerated",
}

// profileFields are the keys of allowedProfileValues, in a fixed order. The random values depend on the order.
var profileFields = []string{
	"age_range",
	"education_level",
	"tech_background",
	"primary_goal",
	"learning_mode",
	"learning_speed",
}

// newProfile returns a profile with random values of allowedProfileValues, some of them NULL.
func (g *generator) newProfile(a *account) row {
	p := row{
		"user_id":            a.id(),
		"preferred_language": "en",
		"created_at":         a.hoursAfterCreation(2),
		"updated_at":         a.hoursAfterCreation(2),
	}
	for _, field := range profileFields {
		if g.happensWithPercent(80) {
			p[field] = pickRandom(g, allowedProfileValues[field])
		}
	}
	if g.happensWithPercent(80) {
		p["time_per_week"] = g.rng.IntN(41)
	}
	if g.happensWithPercent(30) {
		p["preferred_language"] = pickRandom(g, []string{"de", "ur", "pt-BR", "zh_Hant_TW"})
	}
	return p
}

// kindWithSpecialProfile returns the kind of an ordinary user with an unusual profile.
func kindWithSpecialProfile(name string, weight int, change func(p row)) userKind {
	return specialUserKind(name, weight, func(g *generator, a *account) {
		p := g.newProfile(a)
		change(p)
		a.profiles = []row{p}
	})
}

// kindWithProfileValue returns the kind of an ordinary user with an unusual value in one column of the profile.
func kindWithProfileValue(name string, weight int, column string, v any) userKind {
	return kindWithSpecialProfile(name, weight, func(p row) { p[column] = v })
}

// knownProfileKinds returns kinds whose profiles together have all values of allowedProfileValues, a kind with an empty
// profile, and a kind without a profile.
func knownProfileKinds() []userKind {
	all := []userKind{
		kindWithSpecialProfile("empty profile", 4, func(p row) {
			for _, field := range append(slices.Clone(profileFields), "time_per_week") {
				delete(p, field)
			}
		}),
		specialUserKind("no profile", 4, func(_ *generator, a *account) { a.profiles = nil }),
	}
	for i := range 5 {
		all = append(all, kindWithSpecialProfile(fmt.Sprintf("profile of known values, %d", i+1), 1, func(p row) {
			for _, field := range profileFields {
				p[field] = allowedProfileValues[field][i%len(allowedProfileValues[field])]
			}
		}))
	}
	return all
}

// oddProfileKinds returns kinds with unusual profiles. Xenon does not allow most of their values.
func oddProfileKinds() []userKind {
	all := []userKind{
		kindWithSpecialProfile("profile with newer values", 4, func(p row) {
			for field, value := range unknownProfileValues {
				p[field] = value
			}
		}),
		kindWithSpecialProfile("profile of unknown values", 1, func(p row) {
			for _, field := range profileFields {
				p[field] = "🦉 unknown"
			}
		}),
		kindWithProfileValue("profile in capitals", 1, "learning_mode", "VISUAL"),
		kindWithProfileValue("profile with an empty value", 1, "learning_speed", ""),
		kindWithProfileValue("profile with a value and a space", 1, "primary_goal", "academic "),
		kindWithProfileValue("profile with a very long value", 1, "tech_background", strings.Repeat("hobbyist ", 500)),
		kindWithProfileValue("time per week negative", 2, "time_per_week", -5),
		kindWithProfileValue("time per week of the largest integer", 1, "time_per_week", 2147483647),
		kindWithProfileValue("language of ten characters", 1, "preferred_language", "zh-Hant-TW"),
		kindWithProfileValue("language of more than ten characters", 2, "preferred_language", "English (United Kingdom)"),
		kindWithProfileValue("language of ten characters beyond ASCII", 1, "preferred_language", "中文中文中文中文中文"),
		kindWithProfileValue("language empty", 1, "preferred_language", ""),
		kindWithSpecialProfile(
			"profile with extreme times",
			1,
			func(p row) { p["created_at"], p["updated_at"] = "-infinity", "294276-12-31 23:59:59.999999+00" },
		),
		specialUserKind("orphan profile", 4, func(g *generator, _ *account) {
			g.orphans = append(g.orphans, g.newProfile(&account{user: row{"id": g.randomUUID()}, createdAt: g.randomTime()}))
		}),
	}
	for _, field := range profileFields {
		all = append(all, kindWithProfileValue("profile with unknown "+field, 2, field, "other"))
	}
	return all
}
