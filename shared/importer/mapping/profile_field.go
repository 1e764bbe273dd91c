package mapping

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/xenon-auth/xenon/shared/profilefields"
	"github.com/xenon-auth/xenon/shared/profilefields/declaration"
)

// ProfileField is what an import needs to know of a declared field of the profile. A run stores it.
type ProfileField struct {
	Name    string             `json:"name"`
	Type    profilefields.Type `json:"type"`
	Min     int32              `json:"min,omitempty"`
	Max     int32              `json:"max,omitempty"`
	Pattern string             `json:"pattern,omitempty"` // that the rows of the target have to match
	Default *string            `json:"default,omitempty"` // as text; nil if the field can be null
}

// ProfileFieldsOf returns what an import needs to know of the fields of a declaration.
func ProfileFieldsOf(declared profilefields.Fields) []ProfileField {
	fields := make([]ProfileField, len(declared))
	for i, f := range declared {
		fields[i] = ProfileField{Name: f.Name, Type: f.Type, Min: f.Min, Max: f.Max}
		if !f.PatternOnWrite {
			fields[i].Pattern = f.Pattern
		}
		if !f.IsNullable() {
			text := fmt.Sprint(f.Default)
			fields[i].Default = &text
		}
	}
	return fields
}

// fields returns the fields of the profile: those of the shipped declaration unless the options have others.
func (o Options) fields() []ProfileField {
	if o.ProfileFields != nil {
		return o.ProfileFields
	}
	return ProfileFieldsOf(declaration.Shipped())
}

// DeclaredFields returns the names, types and defaults of the fields of the profile.
func (o Options) DeclaredFields() profilefields.Fields {
	var all profilefields.Fields
	for _, f := range o.fields() {
		declared := profilefields.Field{Name: f.Name, Type: f.Type}
		if f.Default != nil {
			declared.Default = *f.Default
		}
		all = append(all, declared)
	}
	return all
}

// ChoiceFields returns the names of the fields for which the target allows only values of a list.
func (o Options) ChoiceFields() (names []string) {
	for _, f := range o.fields() {
		if f.Type == profilefields.Choice {
			names = append(names, f.Name)
		}
	}
	return names
}

// fieldNames returns the names of the fields: the columns of user_profile with the answers of a user.
func (o Options) fieldNames() (names []string) {
	for _, f := range o.fields() {
		names = append(names, f.Name)
	}
	return names
}

// fillableColumns returns the columns of user_profile that a column of the profile table can fill.
func (o Options) fillableColumns() []string { return slices.Concat(o.fieldNames(), profileTimes) }

// IsProfileField reports whether a column of user_profile has an answer of the user.
func (o Options) IsProfileField(name string) bool { return slices.Contains(o.fieldNames(), name) }

// sqlType returns the type of the column.
func (f ProfileField) sqlType() string {
	switch f.Type {
	case profilefields.Integer:
		return "integer"
	case profilefields.Boolean:
		return "boolean"
	case profilefields.Choice, profilefields.Text:
	}
	return "text"
}

// defaultSQL returns the value of a field for which the source has no usable value.
func (f ProfileField) defaultSQL() string {
	switch {
	case f.Default == nil:
		return "NULL::" + f.sqlType()
	case f.sqlType() == "text":
		return Literal(*f.Default)
	}
	return Literal(*f.Default) + "::" + f.sqlType()
}

// valueSQL returns an SQL expression for the value of the field in the source, NULL or the default if the target does
// not allow the value.
func (m Mapping) valueSQL(f ProfileField) string {
	value := "p." + Quote(f.Name)
	switch f.Type {
	case profilefields.Choice:
		return f.orDefault(m.choiceSQL(f.Name))
	case profilefields.Integer:
		return f.orDefault(m.integerSQL(f))
	case profilefields.Boolean:
		return f.orDefault(booleanSQL(value))
	case profilefields.Text:
	}
	fits := fmt.Sprintf("char_length(%s::text) BETWEEN 1 AND %d", value, f.Max)
	if f.Pattern != "" {
		fits += " AND " + value + "::text ~ " + Literal(f.Pattern)
	}
	otherwise := ""
	if f.Default != nil {
		otherwise = " ELSE " + f.defaultSQL()
	}
	return "CASE WHEN " + fits + " THEN " + value + "::text" + otherwise + " END"
}

func (f ProfileField) orDefault(value string) string {
	if f.Default == nil {
		return value
	}
	return "coalesce(" + value + ", " + f.defaultSQL() + ")"
}

// booleanSQL accepts the texts that Postgres writes for a boolean, in any case.
func booleanSQL(value string) string {
	return "CASE lower(" + value + "::text) WHEN 'true' THEN true WHEN 't' THEN true WHEN 'false' THEN false " +
		"WHEN 'f' THEN false END"
}

// integerSQL accepts a whole number in the range of the field, also from a column of texts. Nine digits
// always fit in 32 bits.
func (m Mapping) integerSQL(f ProfileField) string {
	value := "p." + Quote(f.Name)
	inRange := func(value string) string { return fmt.Sprintf("%s BETWEEN %d AND %d", value, f.Min, f.Max) }
	switch c, _ := m.Source.Profiles.Column(f.Name); c.Type {
	case "smallint", "integer", "bigint":
		return "CASE WHEN " + inRange(value) + " THEN " + value + "::integer END"
	}
	number := value + "::text::integer"
	if f.Min == 0 && f.Max == math.MaxInt32 {
		return "CASE WHEN " + value + "::text ~ '^[0-9]{1,9}$' THEN " + number + " END"
	}
	return "CASE WHEN " + value + "::text ~ '^-?[0-9]{1,9}$' THEN CASE WHEN " + inRange(number) + " THEN " + number +
		" END END"
}

// faults returns SQL conditions that are true if the source has a value that the target does not accept, each with the
// reason.
func (m Mapping) faults(f ProfileField) (all []fieldFault) {
	if !m.Source.Profiles.Has(f.Name) {
		return nil
	}
	value := "p." + Quote(f.Name)
	isUnusable := func(usable string) string { return value + " IS NOT NULL AND (" + usable + ") IS NULL" }
	switch has := m.Target.Profile.Has(f.Name); {
	case f.Type == profilefields.Text:
		all = append(all, fieldFault{fmt.Sprintf("char_length(%s::text) > %d", value, f.Max), "value_too_long"},
			fieldFault{value + "::text = ''", "check_violation"})
		if f.Pattern != "" {
			all = append(all, fieldFault{
				value + "::text <> '' AND " + value + "::text !~ " + Literal(f.Pattern), "check_violation",
			})
		}
	case !has:
	case f.Type == profilefields.Choice:
		all = append(all, fieldFault{isUnusable(m.choiceSQL(f.Name)), "enum_unknown"})
	case f.Type == profilefields.Integer:
		all = append(all, fieldFault{isUnusable(m.integerSQL(f)), "check_violation"})
	case f.Type == profilefields.Boolean:
		all = append(all, fieldFault{isUnusable(booleanSQL(value)), "check_violation"})
	}
	return all
}

type fieldFault struct{ condition, reason string }

// canFill reports whether the type of the column fits a column of user_profile.
func (c TableColumn) canFill(f ProfileField) bool {
	isText := len(c.Labels) > 0 || slices.Contains([]string{"text", "character varying", "character"}, c.Type)
	switch f.Type {
	case profilefields.Integer:
		return isText || slices.Contains([]string{"smallint", "integer", "bigint"}, c.Type)
	case profilefields.Boolean:
		return c.Type == "boolean"
	case profilefields.Choice, profilefields.Text:
	}
	return isText
}

// canFillTime reports whether the column has times.
func (c TableColumn) canFillTime() bool { return strings.HasPrefix(c.Type, "timestamp") }
