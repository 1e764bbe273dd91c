package main

import (
	"os"
	"path/filepath"
	"testing"
)

func TestExplainedMutantNeedsItsFunctionAndItsChange(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	table := "Text.\n\n| place | mutant | why it has no effect |\n|---|---|---|\n" +
		"| `shared/web/a.go`, `first` | `i >= 0` to `i > 0`, and `&&` to `\\|\\|` | text, `<` to `<=` |\n"
	source := "package web\nfunc first() {\n\tif i >= 0 && j >= 0 {\n\t}\n}\n" +
		"func (t *T[U]) second() { _ = i >= 0 && j < 0 }\n"
	list := `{"files":[{"file_name":"a.go","mutations":[
		{"type":"CONDITIONALS_BOUNDARY","line":3,"column":7},
		{"type":"CONDITIONALS_NEGATION","line":3,"column":7},
		{"type":"INVERT_LOGICAL","line":3,"column":12},
		{"type":"INVERT_LOGICAL","line":6,"column":38},
		{"type":"CONDITIONALS_BOUNDARY","line":6,"column":43}]}]}`
	for name, text := range map[string]string{"table.md": table, "a.go": source, "list.json": list} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	explanations, err := readExplanations(filepath.Join(dir, "table.md"))
	if err != nil {
		t.Fatal(err)
	}
	mutants, err := readList(filepath.Join(dir, "list.json"), dir)
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]bool{
		"a.go:3:7 >= to >, first":      true,
		"a.go:3:7 >= to <, first":      false,
		"a.go:3:12 && to ||, first":    true,
		"a.go:6:38 && to ||, T.second": false,
		"a.go:6:43 < to <=, T.second":  false,
	}
	for _, m := range mutants {
		name := m.String() + ", " + m.function
		if got := m.isExplained("shared/web", explanations); got != want[name] {
			t.Errorf("whether the mutant %s is explained: got %v, want %v", name, got, want[name])
		}
		if m.isExplained("shared/session", explanations) {
			t.Errorf("the mutant %s is explained for another package, want only for shared/web", name)
		}
		delete(want, name)
	}
	if len(want) > 0 {
		t.Errorf("expected mutants that readList did not return: got %v, want none", want)
	}
}

func TestExplanationWithoutChangeIsAnError(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "table.md")
	if err := os.WriteFile(path, []byte("| `a.go`, `first` | two mutants | no reason |\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := readExplanations(path); err == nil {
		t.Error("readExplanations with a row without a change: got no error, want one")
	}
}
