package main

import (
	"encoding/json"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// mutant is a change of one operator of the package.
type mutant struct {
	file         string // without directories
	place        place
	first, last  int    // the lines of the expression or statement with the operator
	source       string // the text of the line with the operator
	function     string // the function or variable that contains the operator, such as Store.Ready
	from, to     string // the operator in the source, and its replacement in the mutant
	assigns      bool   // the operator is an assignment
	id           int    // the number of the operator, which all mutants of one place share
	joinsStrings bool   // the operator is a + or += that joins strings
	needsRebuild bool   // the mutant cannot be switched on: the binaries are built again for it
}

// place is where an operator begins in its file.
type place struct{ line, column int }

func (m *mutant) String() string {
	return fmt.Sprintf("%s:%d:%d %s to %s", m.file, m.place.line, m.place.column, m.from, m.to)
}

// replacement returns the operator that the package switches computes for the mutant.
func (m *mutant) replacement() string {
	switch {
	case m.assigns:
		return strings.TrimSuffix(m.to, "=") // "-=" is computed as "-"
	case m.to == "++" || m.to == "--":
		return m.to[:1]
	}
	return m.to
}

// replacementsByKind has the kinds of mutants by the names that gremlins gives them. Each kind maps operators to their
// replacements.
var replacementsByKind = map[string]map[string]string{
	"ARITHMETIC_BASE":       {"+": "-", "-": "+", "*": "/", "/": "*", "%": "*"},
	"CONDITIONALS_BOUNDARY": {">=": ">", ">": ">=", "<=": "<", "<": "<="},
	"CONDITIONALS_NEGATION": {"==": "!=", "!=": "==", ">=": "<", ">": "<=", "<=": ">", "<": ">="},
	"INCREMENT_DECREMENT":   {"++": "--", "--": "++"},
	"INVERT_ASSIGNMENTS":    {"+=": "-=", "-=": "+=", "*=": "/=", "/=": "*="},
	"INVERT_BITWISE":        {"&": "|", "|": "&", "^": "&", "&^": "&", "<<": ">>", ">>": "<<"},
	"INVERT_BWASSIGN":       {"&=": "|=", "|=": "&=", "^=": "&=", "&^=": "&=", "<<=": ">>=", ">>=": "<<="},
	"INVERT_LOGICAL":        {"&&": "||", "||": "&&"},
	"INVERT_LOOPCTRL":       {"break": "continue", "continue": "break"},
	"INVERT_NEGATIVES":      {"-": "+"},
}

// readList reads the mutants of a package from the JSON that gremlins writes.
func readList(path, dir string) ([]*mutant, error) {
	data, err := os.ReadFile(path) //nolint:gosec // the path is an argument of the command
	if err != nil {
		return nil, err
	}
	var list struct {
		Files []struct {
			Name      string `json:"file_name"`
			Mutations []struct {
				Type         string
				Line, Column int
			}
		}
	}
	if err := json.Unmarshal(data, &list); err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	var mutants []*mutant
	for _, f := range list.Files {
		if strings.Contains(f.Name, "/") {
			continue // a file of another package, in a directory below dir
		}
		operators, err := operatorsOf(filepath.Join(dir, f.Name))
		if err != nil {
			return nil, err
		}
		for _, c := range f.Mutations {
			m := &mutant{file: f.Name, place: place{c.Line, c.Column}}
			o, ok := operators[m.place]
			if !ok {
				continue // operatorsOf leaves out operators for which no replacement compiles
			}
			m.from, m.first, m.last, m.source, m.function = o.text, o.first, o.last, o.source, o.function
			m.assigns = strings.HasSuffix(c.Type, "ASSIGN") || strings.HasSuffix(c.Type, "ASSIGNMENTS")
			if m.to = replacementsByKind[c.Type][m.from]; c.Type == "REMOVE_SELF_ASSIGNMENTS" {
				m.to = "="
			}
			if m.to == "" {
				return nil, fmt.Errorf("%s:%d:%d: unknown mutant %s of %q", f.Name, c.Line, c.Column, c.Type, m.from)
			}
			mutants = append(mutants, m)
		}
	}
	return sortAndNumber(mutants), nil
}

// operator is an operator in a file, with the lines of its expression or statement, the text of its own line, and the
// declaration that contains it.
type operator struct {
	text             string
	first, last      int
	source, function string
}

// operatorsOf returns the operators of a file for which a replacement can compile, by their places.
func operatorsOf(path string) (map[place]operator, error) {
	src, err := os.ReadFile(path) //nolint:gosec // a file of the package
	if err != nil {
		return nil, err
	}
	files := token.NewFileSet()
	file, err := parser.ParseFile(files, path, src, 0)
	if err != nil {
		return nil, err
	}
	lines := strings.Split(string(src), "\n")
	operators := map[place]operator{}
	for _, d := range file.Decls {
		function := declaredName(d)
		ast.Inspect(d, func(n ast.Node) bool {
			if pos, written := operatorOf(n); pos != token.NoPos {
				p := files.Position(pos)
				operators[place{p.Line, p.Column}] = operator{
					text: written.String(), first: files.Position(n.Pos()).Line, last: files.Position(n.End()).Line,
					source: lines[p.Line-1], function: function,
				}
			}
			return true
		})
	}
	return operators, nil
}

// declaredName returns the name that a declaration declares: of a function, of a method with its type (Store.Ready), or
// of the first variable or constant.
func declaredName(d ast.Decl) string {
	switch d := d.(type) {
	case *ast.FuncDecl:
		if d.Recv == nil {
			return d.Name.Name
		}
		receiver := d.Recv.List[0].Type
		for {
			switch t := receiver.(type) {
			case *ast.StarExpr:
				receiver = t.X
			case *ast.IndexExpr:
				receiver = t.X
			case *ast.Ident:
				return t.Name + "." + d.Name.Name
			default:
				return d.Name.Name
			}
		}
	case *ast.GenDecl:
		for _, spec := range d.Specs {
			if v, ok := spec.(*ast.ValueSpec); ok {
				return v.Names[0].Name
			}
		}
	}
	return ""
}

// sortAndNumber sorts the mutants, removes duplicates and numbers their operators from 1. gremlins lists a minus twice:
// as ARITHMETIC_BASE and as INVERT_NEGATIVES.
func sortAndNumber(mutants []*mutant) []*mutant {
	slices.SortFunc(mutants, func(a, b *mutant) int {
		return strings.Compare(a.sortKey(), b.sortKey())
	})
	mutants = slices.CompactFunc(mutants, func(a, b *mutant) bool { return a.sortKey() == b.sortKey() })
	id := 0
	for i, m := range mutants {
		if i == 0 || m.file != mutants[i-1].file || m.place != mutants[i-1].place {
			id++
		}
		m.id = id
	}
	return mutants
}

func (m *mutant) sortKey() string {
	return fmt.Sprintf("%s %6d %6d %s", m.file, m.place.line, m.place.column, m.to)
}
