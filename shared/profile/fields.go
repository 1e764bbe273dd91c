package profile

import (
	"fmt"
	"math"
	"net/http"
	"regexp"
	"slices"
	"strings"

	"github.com/xenon-auth/xenon/shared/web"
)

// allowedValues has the values that each of these fields can have, besides null. The CHECK constraints of the table
// user_profile allow the same values.
var allowedValues = map[string][]string{
	"age_range":       {"under_18", "18_24", "25_34", "35_plus"},
	"education_level": {"high_school", "undergrad", "masters", "phd", "self_taught"},
	"tech_background": {"software_engineer", "hardware_engineer", "student", "hobbyist"},
	"primary_goal":    {"career_switch", "academic", "hobby_project", "startup_founder"},
	"learning_mode":   {"visual", "textual", "code_first"},
	"learning_speed":  {"intensive", "balanced", "casual"},
}

// fieldNames are the fields that a client can set, in their order in messages.
var fieldNames = []string{
	"age_range", "education_level", "tech_background", "primary_goal", "learning_mode", "learning_speed",
	"time_per_week", "preferred_language",
}

var languageTagPattern = regexp.MustCompile(`^[A-Za-z]{2,8}([-_][A-Za-z0-9]+)*$`)

const maxLanguageLength = 10 // characters, the length of the column

// readFields returns the known fields of a body. It reports all invalid fields in one 400.
func readFields(w http.ResponseWriter, r *http.Request) (map[string]any, error) {
	if err := web.ReadBody(w, r, false); err != nil {
		return nil, err
	}
	object, ok := web.BodyObject(r)
	if !ok {
		return nil, errBodyNotObject
	}
	known, problems := map[string]any{}, []string(nil)
	for _, name := range fieldNames {
		value, present := object[name]
		if !present {
			continue
		}
		if problem := fieldProblem(name, value); problem != "" {
			problems = append(problems, name+": "+problem)
		}
		known[name] = value
	}
	if len(problems) > 0 {
		return nil, web.NewError(http.StatusBadRequest, "VALIDATION_ERROR", strings.Join(problems, "; "))
	}
	return known, nil
}

// fieldProblem returns what is wrong with the value of a field, "" if nothing is.
func fieldProblem(name string, value any) string {
	text, isText := value.(string) // for a value of another type, text is "", which is not a language tag
	switch name {
	case "time_per_week":
		if n, ok := value.(float64); value != nil && (!ok || n < 0 || n > math.MaxInt32 || n != math.Trunc(n)) {
			return "has to be a whole number of hours, 0 or more, or null"
		}
	case "preferred_language":
		if len(text) > maxLanguageLength || !languageTagPattern.MatchString(text) {
			return "has to be a language tag such as en or pt-BR, of at most 10 characters"
		}
	default:
		if value != nil && (!isText || !slices.Contains(allowedValues[name], text)) {
			return fmt.Sprintf("has to be one of %s, or null", strings.Join(allowedValues[name], ", "))
		}
	}
	return ""
}
