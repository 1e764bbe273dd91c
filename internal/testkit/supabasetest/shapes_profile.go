package supabasetest

import (
	"fmt"
	"slices"
	"strings"
)

// choices are the values of the profile fields.
var choices = map[string][]string{
	"age_range":       {"under_18", "18_24", "25_34", "35_plus"},
	"education_level": {"high_school", "undergrad", "masters", "phd", "self_taught"},
	"tech_background": {"software_engineer", "hardware_engineer", "student", "hobbyist"},
	"primary_goal":    {"career_switch", "academic", "hobby_project", "startup_founder"},
	"learning_mode":   {"visual", "textual", "code_first"},
	"learning_speed":  {"intensive", "balanced", "casual"},
}

// newer are values that the first version of the profile fields did not allow.
var newer = map[string]any{
	"age_range": "35_44", "education_level": "bachelors", "tech_background": "beginner", "primary_goal": "career",
	"learning_mode": "hands_on", "learning_speed": "accelerated",
}

// fields are the keys of choices, in order.
var fields = []string{
	"age_range",
	"education_level",
	"tech_background",
	"primary_goal",
	"learning_mode",
	"learning_speed",
}

// profile has known values, some of them NULL.
func (g *generator) profile(a *account) row {
	p := row{"user_id": a.id(), "preferred_language": "en", "created_at": a.after(2), "updated_at": a.after(2)}
	for _, field := range fields {
		if g.chance(80) {
			p[field] = pick(g, choices[field])
		}
	}
	if g.chance(80) {
		p["time_per_week"] = g.rng.IntN(41)
	}
	if g.chance(30) {
		p["preferred_language"] = pick(g, []string{"de", "ur", "pt-BR", "zh_Hant_TW"})
	}
	return p
}

// learner is an ordinary user whose profile is special.
func learner(name string, weight int, change func(p row)) shape {
	return variant(name, weight, func(g *generator, a *account) {
		p := g.profile(a)
		change(p)
		a.profiles = []row{p}
	})
}

func value(name string, weight int, column string, v any) shape {
	return learner(name, weight, func(p row) { p[column] = v })
}

// Together, knownProfiles have every known value. One profile has no values.
func knownProfiles() []shape {
	all := []shape{
		learner("empty profile", 4, func(p row) {
			for _, field := range append(slices.Clone(fields), "time_per_week") {
				delete(p, field)
			}
		}),
		variant("no profile", 4, func(_ *generator, a *account) { a.profiles = nil }),
	}
	for i := range 5 {
		all = append(all, learner(fmt.Sprintf("profile of known values, %d", i+1), 1, func(p row) {
			for _, field := range fields {
				p[field] = choices[field][i%len(choices[field])]
			}
		}))
	}
	return all
}

func oddProfiles() []shape {
	all := []shape{
		learner("profile of the newer vocabulary", 4, func(p row) {
			for field, value := range newer {
				p[field] = value
			}
		}),
		learner("profile of unknown values", 1, func(p row) {
			for _, field := range fields {
				p[field] = "🦉 unheard of"
			}
		}),
		value("profile in capitals", 1, "learning_mode", "VISUAL"),
		value("profile with an empty value", 1, "learning_speed", ""),
		value("profile with a value and a space", 1, "primary_goal", "academic "),
		value("profile with a very long value", 1, "tech_background", strings.Repeat("hobbyist ", 500)),
		value("time per week negative", 2, "time_per_week", -5),
		value("time per week beyond reason", 1, "time_per_week", 2147483647),
		value("language of ten characters", 1, "preferred_language", "zh-Hant-TW"),
		value("language of more", 2, "preferred_language", "English (United Kingdom)"),
		value("language of ten characters beyond ASCII", 1, "preferred_language", "中文中文中文中文中文"),
		value("language empty", 1, "preferred_language", ""),
		learner(
			"profile of far times",
			1,
			func(p row) { p["created_at"], p["updated_at"] = "-infinity", "294276-12-31 23:59:59.999999+00" },
		),
		variant("orphan profile", 4, func(g *generator, _ *account) {
			g.orphans = append(g.orphans, g.profile(&account{user: row{"id": g.uuid()}, born: g.instant()}))
		}),
	}
	for _, field := range fields {
		all = append(all, value("profile with unknown "+field, 2, field, "other"))
	}
	return all
}
