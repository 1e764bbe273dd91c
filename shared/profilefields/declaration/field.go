package declaration

import (
	"math"
	"regexp"
	"slices"
	"strings"
	"sync"

	"go.yaml.in/yaml/v3"

	"github.com/xenon-auth/xenon/shared/profilefields"
)

// Limits of a declaration.
const (
	maxFields       = 100
	maxChoices      = 100
	maxTextLength   = 10_000 // characters of a Text
	defaultLength   = 255    // characters of a Text without max
	maxNameLength   = 63     // Postgres truncates longer names
	maxLabelLength  = 200
	maxChoiceLength = 100
	maxMessage      = 500
	maxPattern      = 500
)

var (
	namePattern = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`^[a-z][a-z0-9_]*$`) })

	// reservedNames cannot be names of fields: the columns that every profile has, the names that the statements of the
	// import use beside the fields, the system columns of Postgres, and names with a meaning in JavaScript objects.
	reservedNames = []string{
		"id", "user_id", "created_at", "updated_at",
		"action", "fields", "key", "original", "raw", "reason", "referring", "refused", "residue",
		"cmax", "cmin", "ctid", "tableoid", "xmax", "xmin",
		"constructor", "prototype",
	}
)

func (r *reader) readDocument(document *yaml.Node) (fields profilefields.Fields) {
	if len(document.Content) == 0 {
		r.addf(nil, "the file is empty; it needs the key fields")
		return nil
	}
	m, ok := r.readMapping(document.Content[0], "the file", "fields")
	if !ok {
		return nil
	}
	if m.values["fields"] == nil {
		r.addf(m.node, "the key fields is missing")
		return nil
	}
	lines := map[string]int{}
	for _, node := range r.readList(m.values["fields"], "fields", maxFields) {
		f, ok := r.readField(node)
		if !ok {
			continue
		}
		if line := lines[f.Name]; line != 0 {
			r.addf(node, "the field %s is declared in line %d already", f.Name, line)
		}
		lines[f.Name] = node.Line
		fields = append(fields, f)
	}
	return fields
}

// keysOf has the keys of a field of each type, besides those of all fields.
var keysOf = map[profilefields.Type][]string{
	profilefields.Choice:  {"choices"},
	profilefields.Text:    {"max", "pattern"},
	profilefields.Integer: {"min", "max"},
	profilefields.Boolean: {},
}

// readField reads a field. It returns false if it has no valid name or type.
func (r *reader) readField(node *yaml.Node) (f profilefields.Field, ok bool) {
	m, ok := r.readMapping(node, "a field",
		"name", "type", "label", "choices", "min", "max", "pattern", "message", "default")
	if !ok {
		return f, false
	}
	f.Name = r.readName(m)
	f.Type = profilefields.Type(r.readText(m, "type", true, maxChoiceLength))
	f.Label = r.readText(m, "label", true, maxLabelLength)
	f.Message = r.readText(m, "message", false, maxMessage)
	keys, known := keysOf[f.Type]
	if !known {
		if f.Type != "" {
			r.addf(m.values["type"], "the type %q is unknown; the types are choice, text, integer and boolean", f.Type)
		}
		return f, false
	}
	for _, key := range []string{"choices", "min", "max", "pattern"} {
		if at := m.values[key]; at != nil && !slices.Contains(keys, key) {
			r.addf(at, "a field of type %s has no %s", f.Type, key)
		}
	}
	r.readTyped(m, &f)
	return f, f.Name != ""
}

// readName returns "" if the name is not valid.
func (r *reader) readName(m mapping) string {
	name := r.readText(m, "name", true, 1000)
	switch {
	case name == "":
		return ""
	case len(name) > maxNameLength || !namePattern().MatchString(name):
		r.addf(m.values["name"], "the name %q is not allowed: a name begins with a lower-case letter and has at most 63 "+
			"lower-case letters, digits and underscores", name)
		return ""
	case slices.Contains(reservedNames, name):
		r.addf(m.values["name"], "the name %q is reserved; reserved names are %s", name, strings.Join(reservedNames, ", "))
		return ""
	}
	return name
}

// readTyped reads the keys that depend on the type.
func (r *reader) readTyped(m mapping, f *profilefields.Field) {
	before := len(r.problems)
	switch f.Type {
	case profilefields.Choice:
		f.Choices = r.readChoices(m)
	case profilefields.Text:
		f.Max = r.readNumber(m, "max", defaultLength, 1, maxTextLength)
		if f.Pattern = r.readText(m, "pattern", false, maxPattern); f.Pattern != "" {
			if err := checkPattern(f.Pattern); err != nil {
				r.addf(m.values["pattern"], "the pattern %s %v", f.Pattern, err)
				f.Pattern = ""
			}
		}
	case profilefields.Integer:
		f.Min = r.readNumber(m, "min", math.MinInt32, math.MinInt32, math.MaxInt32)
		f.Max = r.readNumber(m, "max", math.MaxInt32, math.MinInt32, math.MaxInt32)
		if f.Min > f.Max {
			r.addf(m.values["min"], "min is greater than max")
		}
	case profilefields.Boolean: // it has no keys of its own
	}
	f.Default = r.readDefault(m)
	if err := f.Finish(); err != nil {
		r.addf(m.values["pattern"], "the pattern %s is not valid: %v", f.Pattern, err)
	}
	value := f.Default
	if n, ok := value.(int32); ok {
		value = float64(n)
	}
	if value != nil && len(r.problems) == before && f.Problem(value) != "" {
		r.addf(m.values["default"], "default has to be a value that the field can have")
	}
}

func (r *reader) readChoices(m mapping) (all []profilefields.Option) {
	list := m.values["choices"]
	if list == nil {
		r.addf(m.node, "choices is missing: a field of type choice needs it")
		return nil
	}
	for _, node := range r.readList(list, "choices", maxChoices) {
		choice, ok := r.readMapping(node, "a choice", "value", "label")
		if !ok {
			continue
		}
		o := profilefields.Option{
			Value: r.readText(choice, "value", true, maxChoiceLength),
			Label: r.readText(choice, "label", true, maxLabelLength),
		}
		isSame := func(other profilefields.Option) bool { return other.Value == o.Value && o.Value != "" }
		if slices.ContainsFunc(all, isSame) {
			r.addf(node, "the choice %q occurs twice", o.Value)
		}
		all = append(all, o)
	}
	return all
}
