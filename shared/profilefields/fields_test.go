package profilefields

import (
	"strings"
	"testing"
)

func TestProblemAcceptsOnlyValuesOfTheField(t *testing.T) {
	t.Parallel()
	choice := Field{Type: Choice, Choices: []Option{{"a", "A"}, {"b", "B"}}}
	text := Field{Type: Text, Max: 3}
	pattern := Field{Type: Text, Max: 3, Pattern: "^x*$", Default: "x"}
	integer := Field{Type: Integer, Min: -1, Max: 12, Default: int32(1)}
	boolean := Field{Type: Boolean}
	for _, c := range []struct {
		field *Field
		value any
		want  string
	}{
		{&choice, "b", ""},
		{&choice, nil, ""},
		{&choice, "c", "has to be one of a, b, or null"},
		{&choice, 1.0, "has to be one of a, b, or null"},
		{&choice, []any{"a"}, "has to be one of a, b, or null"},
		{&text, "äöü", ""},
		{&text, nil, ""},
		{&text, "", "has to be a text of 1 to 3 characters or null"},
		{&text, "äöüä", "has to be a text of 1 to 3 characters or null"},
		{&text, "a\x00", "has to be a text of 1 to 3 characters or null"},
		{&text, true, "has to be a text of 1 to 3 characters or null"},
		{&pattern, "xx", ""},
		{&pattern, "y", "has to be a text of 1 to 3 characters that matches ^x*$"},
		{&pattern, nil, "has to be a text of 1 to 3 characters that matches ^x*$"},
		{&integer, -1.0, ""},
		{&integer, 12.0, ""},
		{&integer, 13.0, "has to be a whole number from -1 to 12"},
		{&integer, 1.5, "has to be a whole number from -1 to 12"},
		{&integer, nil, "has to be a whole number from -1 to 12"},
		{&integer, "1", "has to be a whole number from -1 to 12"},
		{&boolean, true, ""},
		{&boolean, false, ""},
		{&boolean, nil, ""},
		{&boolean, "true", "has to be true or false or null"},
		{&boolean, 0.0, "has to be true or false or null"},
		{&boolean, map[string]any{}, "has to be true or false or null"},
	} {
		if err := c.field.Finish(); err != nil {
			t.Fatal(err)
		}
		if got := c.field.Problem(c.value); got != c.want {
			t.Errorf("problem of %#v for a field of type %s: got %q, want %q", c.value, c.field.Type, got, c.want)
		}
	}
}

func TestFinishRefusesAnInvalidPattern(t *testing.T) {
	t.Parallel()
	f := Field{Type: Text, Pattern: "("}
	if err := f.Finish(); err == nil || !strings.Contains(err.Error(), "missing closing") {
		t.Errorf("got the error %v, want one about the pattern", err)
	}
}
