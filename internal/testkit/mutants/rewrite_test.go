package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestRewriteCallsSwitchesInsteadOfOperators(t *testing.T) {
	t.Parallel()
	for _, test := range []struct{ source, want string }{
		{"x = a == b", "x = switches_.Equal(1, a == b)"},
		{"x = a < b", `x = switches_.Compare(1, a , "<",  b)`},
		{"x = a && b", `x = switches_.Logical(1, func() bool { return (a ) }, "&&", func() bool { return ( b) })`},
		{"x = a - b", `x = switches_.Calculate(1, a , "-",  b)`},
		{"x = a % b", `x = switches_.Bits(1, a , "%",  b)`},
		{"x = a << b", `x = switches_.Shift(1, a , "<<",  b)`},
		{"x = -a", "x = switches_.Negative(1, a)"},
		{"x = -a < b", `x = switches_.Compare(2, switches_.Negative(1, a) , "<",  b)`},
		{"x = a - b - c", `x = switches_.Calculate(2, switches_.Calculate(1, a , "-",  b) , "-",  c)`},
		{"x = a - (b - c)", `x = switches_.Calculate(1, a , "-",  (switches_.Calculate(2, b , "-",  c)))`},
		{"x.y += a", `x.y = switches_.Calculate(1, x.y, "+",  a)`},
		{"x &^= a", `x = switches_.Bits(1, x, "&^",  a)`},
		{"x++", `x= switches_.Calculate(1, x, "+", 1)`},
		{"for { break }", "for { if switches_.IsActive(1) { continue }; break }"},
		{"l: for { continue l }", "l: for { if switches_.IsActive(1) { break l }; continue l }"},
		{`x = &a; x = b + "text" + c`, `x = &a; x = b + "text" + c`},
	} {
		const head, tail = "package p", "\nfunc f() {\n\t"
		path := filepath.Join(t.TempDir(), "p.go")
		source := head + tail + test.source + "\n}\n"
		if err := os.WriteFile(path, []byte(source), 0o600); err != nil {
			t.Fatal(err)
		}
		operators, err := operatorsOf(path)
		if err != nil {
			t.Fatal(err)
		}
		var mutants []*mutant
		for p := range operators {
			mutants = append(mutants, &mutant{place: p})
		}
		ids := map[place]int{}
		for _, m := range sortAndNumber(mutants) {
			ids[m.place] = m.id
		}
		got, err := rewrite([]byte(source), ids, nil)
		want := head + importSwitches + tail + test.want + "\n}\n"
		if test.source == test.want {
			want = source
		}
		if diff := cmp.Diff(want, string(got)); diff != "" || err != nil {
			t.Errorf("rewrite %s: got the error %v (-want +got):\n%s", test.source, err, diff)
		}
	}
}

func TestReadListFindsTheOperatorsThatGremlinsLists(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	list := `{"files":[{"file_name":"p.go","mutations":[
		{"type":"CONDITIONALS_BOUNDARY","line":3,"column":16},
		{"type":"CONDITIONALS_NEGATION","line":3,"column":16},
		{"type":"INVERT_NEGATIVES","line":3,"column":20},
		{"type":"ARITHMETIC_BASE","line":3,"column":20},
		{"type":"INVERT_ASSIGNMENTS","line":4,"column":5},
		{"type":"REMOVE_SELF_ASSIGNMENTS","line":4,"column":5}]},
		{"file_name":"below/q.go","mutations":[{"type":"ARITHMETIC_BASE","line":1,"column":1}]}]}`
	source := "package p\nfunc f(a int) {\n\tfor i := 0; i < a - 1; {\n\t\ti += a\n\t}\n}\n"
	for name, text := range map[string]string{"list.json": list, "p.go": source} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	mutants, err := readList(filepath.Join(dir, "list.json"), dir)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, m := range mutants {
		got = append(got, m.String()+": "+m.replacement()+"\n"+string(applyMutant([]byte(source), m)))
	}
	changed := func(from, to string) string { return strings.Replace(source, from, to, 1) }
	want := []string{
		"p.go:3:16 < to <=: <=\n" + changed("<", "<="),
		"p.go:3:16 < to >=: >=\n" + changed("<", ">="),
		"p.go:3:20 - to +: +\n" + changed("-", "+"),
		"p.go:4:5 += to -=: -\n" + changed("+=", "-="),
		"p.go:4:5 += to =: \n" + changed("+=", "="),
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("mutants and their places (-want +got):\n%s", diff)
	}
}
