// Package profilefields describes the fields of the profile API. An installation can declare its own fields in a file,
// which package declaration reads; this package does not link its parser.
package profilefields

import (
	"math"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"
)

// Type is the type of a field.
type Type string

// The types of fields.
const (
	Choice  Type = "choice"  // one of the values of a list
	Text    Type = "text"    // 1 to Max characters
	Integer Type = "integer" // a whole number from Min to Max
	Boolean Type = "boolean"
)

// Option is a value that a field of type Choice can have.
type Option struct {
	Value string
	Label string // for the form
}

// Field is a field of the profile: a member of the JSON object, and a column of the table user_profile.
type Field struct {
	Name    string
	Type    Type
	Label   string   // for the form
	Choices []Option // of a Choice
	Min     int32    // of an Integer
	Max     int32    // of an Integer, or the number of characters of a Text
	Pattern string   // of a Text: a regular expression in the syntax of RE2; "" allows every text
	Message string   // what is wrong with a value that the field cannot have
	Default any      // a string, an int32 or a bool; nil if the field can be null

	// PatternOnWrite says that only requests are checked for Pattern, not the rows of the table. The shipped declaration
	// has such a field, because databases have rows that were imported before it had a pattern.
	PatternOnWrite bool

	pattern *regexp.Regexp
}

// Fields are the fields of a declaration, in the order of the answers of the API.
type Fields []Field

// Names returns the names of the fields.
func (all Fields) Names() []string {
	names := make([]string, len(all))
	for i, f := range all {
		names[i] = f.Name
	}
	return names
}

// Find returns the field with a name.
func (all Fields) Find(name string) (Field, bool) {
	i := slices.IndexFunc(all, func(f Field) bool { return f.Name == name })
	if i < 0 {
		return Field{}, false
	}
	return all[i], true
}

// Finish prepares a field for Problem: it compiles Pattern, and sets Message if it is empty. It returns an error if
// Pattern is no regular expression.
func (f *Field) Finish() (err error) {
	if f.Message == "" {
		f.Message = f.defaultMessage()
	}
	if f.Pattern != "" {
		f.pattern, err = regexp.Compile(f.Pattern)
	}
	return err
}

// IsNullable reports whether the field can be null. A field with a default never is.
func (f *Field) IsNullable() bool { return f.Default == nil }

// Values returns the values of a Choice.
func (f *Field) Values() []string {
	values := make([]string, len(f.Choices))
	for i, c := range f.Choices {
		values[i] = c.Value
	}
	return values
}

// Problem returns what is wrong with a value from JSON, "" if nothing is.
func (f *Field) Problem(value any) string {
	if value == nil && f.IsNullable() || value != nil && f.allows(value) {
		return ""
	}
	return f.Message
}

// allows reports whether the field can have a value from JSON that is not null.
func (f *Field) allows(value any) bool {
	switch value := value.(type) {
	case bool:
		return f.Type == Boolean
	case float64:
		return f.Type == Integer && value == math.Trunc(value) && value >= float64(f.Min) && value <= float64(f.Max)
	case string:
		return f.Type == Choice && slices.ContainsFunc(f.Choices, func(c Option) bool { return c.Value == value }) ||
			f.Type == Text && f.allowsText(value)
	}
	return false
}

// allowsText reports whether a Text can have a value. Postgres cannot store U+0000.
func (f *Field) allowsText(value string) bool {
	n := utf8.RuneCountInString(value)
	return n >= 1 && n <= int(f.Max) && !strings.ContainsRune(value, 0) &&
		(f.pattern == nil || f.pattern.MatchString(value))
}

func (f *Field) defaultMessage() string {
	text := "has to be "
	switch f.Type {
	case Choice:
		text += "one of " + strings.Join(f.Values(), ", ")
	case Text:
		text += "a text of 1 to " + strconv.Itoa(int(f.Max)) + " characters"
		if f.Pattern != "" {
			text += " that matches " + f.Pattern
		}
	case Integer:
		text += "a whole number from " + strconv.Itoa(int(f.Min)) + " to " + strconv.Itoa(int(f.Max))
	case Boolean:
		text += "true or false"
	}
	if f.IsNullable() && f.Type == Choice {
		return text + ", or null"
	}
	if f.IsNullable() {
		return text + " or null"
	}
	return text
}

// SQLDefault returns the default as an SQL literal, "NULL" if there is none.
func (f *Field) SQLDefault() string {
	switch value := f.Default.(type) {
	case string:
		return Literal(value)
	case int32:
		return strconv.Itoa(int(value))
	case bool:
		return strconv.FormatBool(value)
	}
	return "NULL"
}

// Literal returns a text as an SQL literal.
func Literal(text string) string {
	quoted := "'" + strings.ReplaceAll(text, "'", "''") + "'"
	if strings.Contains(text, `\`) {
		return "E" + strings.ReplaceAll(quoted, `\`, `\\`) // the same whatever standard_conforming_strings is
	}
	return quoted
}
