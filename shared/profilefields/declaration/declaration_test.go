package declaration_test

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/xenon-auth/xenon/shared/profilefields"
	"github.com/xenon-auth/xenon/shared/profilefields/declaration"
)

func TestShippedDeclarationIsTheProfileOfALearner(t *testing.T) {
	t.Parallel()
	fields, err := declaration.Load("")
	if err != nil {
		t.Fatal(err)
	}
	want := []string{
		"age_range", "education_level", "tech_background", "primary_goal", "learning_mode", "learning_speed",
		"time_per_week", "preferred_language",
	}
	if diff := cmp.Diff(want, fields.Names()); diff != "" {
		t.Errorf("fields of the shipped declaration (-want +got):\n%s", diff)
	}
	again, err := declaration.Parse(declaration.ShippedFile())
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(fields, again, ignorePattern); diff != "" {
		t.Errorf("a copy of the shipped file declares other fields (-shipped +copy):\n%s", diff)
	}
}

var ignorePattern = cmp.FilterPath(func(p cmp.Path) bool { return p.Last().String() == ".pattern" }, cmp.Ignore())

func TestExampleIsRead(t *testing.T) {
	t.Parallel()
	fields, err := declaration.Load(filepath.Join("..", "..", "..", "examples", "profile-fields", "profile.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	seats, _ := fields.Find("seats")
	visible, _ := fields.Find("visible")
	name, _ := fields.Find("display_name")
	track, _ := fields.Find("track")
	if len(fields) != 8 || seats.Min != 1 || seats.Max != 12 || seats.Default != int32(1) || visible.Default != false ||
		name.Max != 80 || track.Default != "beginner" || seats.Type != profilefields.Integer {
		t.Errorf("fields of the example: got %+v, want eight with the values of the file", fields)
	}
}

const oneField = "fields:\n  - name: a\n    type: boolean\n    label: A\n"

// Each problem names the line and says what to write instead.
func TestParseReportsEachProblemWithItsLine(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ file, want string }{
		{"", "the file is empty"},
		{"a: [", "this is not YAML: line 1"},
		{"- a", "line 1: the file has to be a mapping with the keys fields"},
		{"fields: []", "line 1: fields has 0 items; it can have 1 to 100"},
		{"fields: text", "line 1: fields has to be a list"},
		{"field: []", `line 1: unknown key "field"`},
		{oneField + "---\na: 1", "the file has more than one document"},
		{oneField + "    labels: x\n", `line 5: unknown key "labels"; a field can have name, type, label`},
		{oneField + "    label: x\n", "line 5: the key label occurs twice"},
		{oneField + "    max: 3\n", "line 5: a field of type boolean has no max"},
		{oneField + "    default: 1\n", "line 5: default has to be a value that the field can have"},
		{oneField + "  - name: a\n    type: boolean\n    label: A\n", "line 5: the field a is declared in line 2 already"},
		{"fields: [{type: boolean, label: A}]", "line 1: name is missing"},
		{"fields: [{name: a, type: boolean}]", "line 1: label is missing"},
		{"fields: [{name: a, label: A}]", "line 1: type is missing"},
		{"fields: [{name: Age, type: boolean, label: A}]", `the name "Age" is not allowed`},
		{"fields: [{name: 'a\"', type: boolean, label: A}]", `the name "a\"" is not allowed`},
		{"fields: [{name: " + strings.Repeat("a", 64) + ", type: boolean, label: A}]", "is not allowed"},
		{"fields: [{name: user_id, type: boolean, label: A}]", `the name "user_id" is reserved`},
		{"fields: [{name: created_at, type: boolean, label: A}]", `the name "created_at" is reserved`},
		{"fields: [{name: xmin, type: boolean, label: A}]", `the name "xmin" is reserved`},
		{"fields: [{name: referring, type: boolean, label: A}]", `the name "referring" is reserved`},
		{"fields: [{name: a, type: date, label: A}]", `the type "date" is unknown`},
		{"fields: [{name: a, type: boolean, label: 12}]", "label has to be a text; put 12 in quotes"},
		{"fields: [{name: a, type: boolean, label: \"a\\u0000\"}]", "label has a control character"},
		{"fields: [{name: a, type: choice, label: A}]", "choices is missing"},
		{"fields: [{name: a, type: choice, label: A, choices: []}]", "choices has 0 items"},
		{"fields: [{name: a, type: choice, label: A, choices: [{value: 18_24, label: B}]}]", "put 18_24 in quotes"},
		{"fields: [{name: a, type: choice, label: A, choices: [{value: b}]}]", "label is missing"},
		{"fields: [{name: a, type: choice, label: A, choices: [b]}]", "a choice has to be a mapping"},
		{
			"fields: [{name: a, type: choice, label: A, choices: [{value: b, label: B}, {value: b, label: C}]}]",
			"occurs twice",
		},
		{"fields: [{name: a, type: choice, label: A, default: c, choices: [{value: b, label: B}]}]", "default has to be"},
		{"fields: [{name: a, type: integer, label: A, min: 5, max: 4}]", "min is greater than max"},
		{"fields: [{name: a, type: integer, label: A, max: 2147483648}]", "max has to be a whole number"},
		{"fields: [{name: a, type: integer, label: A, min: 1.5}]", "min has to be a whole number"},
		{"fields: [{name: a, type: integer, label: A, min: 0, default: -1}]", "default has to be"},
		{"fields: [{name: a, type: text, label: A, max: 10001}]", "max has to be a whole number from 1 to 10000"},
		{"fields: [{name: a, type: text, label: A, max: 3, default: abcd}]", "default has to be"},
		{"fields: [{name: a, type: text, label: A, default: ''}]", "default has to be"},
		{"fields: [{name: a, type: text, label: A, pattern: '('}]", "is not valid: missing closing )"},
		{"fields: [&x {name: a, type: boolean, label: A}, *x]", "a field has to be a mapping"},
	} {
		_, err := declaration.Parse([]byte(c.file))
		var problems *declaration.Error
		if !errors.As(err, &problems) || !strings.Contains(err.Error(), c.want) {
			t.Errorf("Parse of %q: got the error %v, want %q", c.file, err, c.want)
		}
	}
}

func TestDefaultOfABooleanMayHaveAnyCase(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]bool{"true": true, "True": true, "TRUE": true, "false": false, "False": false} {
		fields, err := declaration.Parse([]byte(oneField + "    default: " + text + "\n"))
		if err != nil || fields[0].Default != want {
			t.Errorf("default %s: got %v and the error %v, want %t", text, fields, err, want)
		}
	}
}

func TestParseReportsAllProblems(t *testing.T) {
	t.Parallel()
	_, err := declaration.Parse([]byte(`fields:
  - name: id
    type: text
    label: A
  - name: b
    type: number
    label: B
  - name: c
    type: integer
    lable: C
`))
	var problems *declaration.Error
	if !errors.As(err, &problems) || len(problems.Problems) != 4 {
		t.Errorf("got the error %v, want four problems: a reserved name, a type, a key, a missing label", err)
	}
}

func TestDeclarationHasAtMost100Fields(t *testing.T) {
	t.Parallel()
	for n, isValid := range map[int]bool{100: true, 101: false, 200: false} {
		text := "fields:\n"
		for i := range n {
			text += fmt.Sprintf("  - {name: f%d, type: boolean, label: F}\n", i)
		}
		_, err := declaration.Parse([]byte(text))
		if isValid != (err == nil) || !isValid && !strings.Contains(err.Error(), fmt.Sprintf("fields has %d items", n)) {
			t.Errorf("%d fields: got the error %v, want one only above 100", n, err)
		}
	}
}

// Go, Postgres and JavaScript understand these patterns in the same way. Each of the refused ones means something else
// in one of the three, or is an error there.
func TestPatternsMeanTheSameEverywhere(t *testing.T) {
	t.Parallel()
	for pattern, isValid := range map[string]bool{
		`^[A-Za-z]{2,8}([-_][A-Za-z0-9]+)*$`: true, `^\d{5}$`: true, `a|b`: true, `^(?:x|y)?\.z+$`: true, `[^\]]*`: true,
		`^[\w-]+@[a-z]+$`: true, `ä+`: true,
		`(?i)a`: false, `(?P<n>a)`: false, `a*?`: false, `a++`: false, `^*a`: false, `\bword`: false, `\A`: false,
		`\pL`:         false,
		`[[:alpha:]]`: false, `a{300}`: false, `a{,3}`: false, `x{`: false, `a]`: false, `\Qa\E`: false, `[]a]`: false,
		`\-`: false, `[\-]`: true, `(`: false, `\`: false, `[a`: false, `\x41`: false,
	} {
		file := "fields: [{name: a, type: text, label: A, pattern: '" + pattern + "'}]"
		if _, err := declaration.Parse([]byte(file)); (err == nil) != isValid {
			t.Errorf("pattern %s: got the error %v, want one: %t", pattern, err, !isValid)
		}
	}
}

func TestLoadNamesTheFile(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "fields.yaml")
	if _, err := declaration.Load(path); !errors.Is(err, os.ErrNotExist) || !strings.Contains(err.Error(), path) {
		t.Errorf("Load of no file: got the error %v, want one with the path", err)
	}
	if err := os.WriteFile(path, []byte("fields: []"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := declaration.Load(path); err == nil || !strings.Contains(err.Error(), path) {
		t.Errorf("Load of an invalid file: got the error %v, want one with the path", err)
	}
	if err := os.WriteFile(path, []byte(strings.Repeat("#", 1<<20+1)), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := declaration.Load(path); err == nil || !strings.Contains(err.Error(), "larger than") {
		t.Errorf("Load of a file of more than 1 MB: got the error %v, want one about the size", err)
	}
}

// Reading the shipped declaration is part of a cold start.
func BenchmarkShipped(b *testing.B) {
	for b.Loop() {
		if _, err := declaration.Parse(declaration.ShippedFile()); err != nil {
			b.Fatal(err)
		}
	}
}

func FuzzParse(f *testing.F) {
	f.Add(declaration.ShippedFile())
	f.Add([]byte(oneField))
	f.Add([]byte("fields: [&a {name: a, type: text, label: A, pattern: '[a-z]+'}, *a]"))
	f.Fuzz(func(t *testing.T, file []byte) {
		fields, err := declaration.Parse(file)
		if (err == nil) == (len(fields) == 0) {
			t.Errorf("Parse(%q): got %d fields and the error %v, want either", file, len(fields), err)
		}
	})
}
