package mapping

import (
	"slices"
	"strings"
	"unicode"
)

// similarNames lists, for columns of user_profile, names that tables of other projects have for the same content, in
// lower case and without separators.
var similarNames = map[string][]string{
	"age_range":          {"agegroup", "agebracket"},
	"education_level":    {"education", "educationallevel", "highesteducation"},
	"tech_background":    {"technicalbackground", "technologybackground"},
	"primary_goal":       {"maingoal", "learninggoal", "goal"},
	"learning_mode":      {"preferredlearningmode", "learningstyle"},
	"learning_speed":     {"learningpace", "pace"},
	"time_per_week":      {"hoursperweek", "weeklyhours"},
	"preferred_language": {"preferredlang", "preferredlocale", "language", "lang", "locale"},
	"created_at":         {"created", "createdon", "insertedat"},
	"updated_at":         {"updated", "updatedon", "modifiedat", "lastmodified"},
}

// MatchProfileColumns returns the columns of a table that could fill columns of user_profile, because their names are
// equal or similar, and their types fit. The keys of the map are the columns of the table. key is the column with the
// id of the user.
func (m Mapping) MatchProfileColumns(t Table, key string) map[string]string {
	matches, found := map[string]string{}, map[string]bool{}
	match := func(isSimilar func(name, field string) bool) {
		for _, field := range m.Options.fillableColumns() {
			if found[field] || !m.Target.Profile.Has(field) {
				continue
			}
			for _, c := range t.Columns {
				if c.Name != key && !c.Generated && matches[c.Name] == "" && m.canFill(c, field) && isSimilar(c.Name, field) {
					matches[c.Name], found[field] = field, true
					break
				}
			}
		}
	}
	match(func(name, field string) bool { return name == field })
	match(func(name, field string) bool { return lettersOf(name) == lettersOf(field) })
	match(func(name, field string) bool { return slices.Contains(similarNames[field], lettersOf(name)) })
	return matches
}

// canFill reports whether the type of a column fits a column of user_profile.
func (m Mapping) canFill(c TableColumn, field string) bool {
	i := slices.IndexFunc(m.Options.fields(), func(f ProfileField) bool { return f.Name == field })
	if i < 0 {
		return c.canFillTime()
	}
	return c.canFill(m.Options.fields()[i])
}

// lettersOf returns the letters and digits of a name, in lower case.
func lettersOf(name string) string {
	return strings.Map(func(r rune) rune {
		if !unicode.IsLetter(r) && !unicode.IsDigit(r) {
			return -1
		}
		return unicode.ToLower(r)
	}, name)
}
