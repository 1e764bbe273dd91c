package main

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"strings"
)

// rewriter replaces operators of a file by calls of the package switches. Lines keep their numbers.
type rewriter struct {
	src    []byte
	offset func(token.Pos) int
	// The keys of the three maps are offsets of bytes in src. The texts of before and behind are inserted in front of the
	// byte at the offset: first that of behind, which belongs to the code that ends there, then that of before, which
	// belongs to the code that begins there. operators has the replacement of the operator that begins at the offset.
	before, behind map[int]string
	operators      map[int]operatorReplacement
}

type operatorReplacement struct {
	length int
	text   string
}

const importSwitches = `; import switches_ "github.com/xenon-auth/xenon/internal/testkit/mutants/switches"`

// rewrite returns the source of a file in which each operator of ids can be switched. joins is true for a += of
// strings.
func rewrite(src []byte, ids map[place]int, joins map[place]bool) ([]byte, error) {
	files := token.NewFileSet()
	file, err := parser.ParseFile(files, "", src, parser.ParseComments)
	if err != nil {
		return nil, err
	}
	r := &rewriter{
		src:       src,
		offset:    func(p token.Pos) int { return files.Position(p).Offset },
		before:    map[int]string{},
		behind:    map[int]string{},
		operators: map[int]operatorReplacement{},
	}
	ast.Inspect(file, func(n ast.Node) bool {
		operator, _ := operatorOf(n)
		p := files.Position(operator)
		at := place{p.Line, p.Column}
		if id, ok := ids[at]; ok {
			r.replaceOperator(n, id, joins[at])
		}
		return true
	})
	if len(r.before)+len(r.operators) > 0 {
		r.insertBehind(file.Name.End(), importSwitches)
	}
	return r.rewrittenSource(), nil
}

// operatorOf returns the position and the kind of the operator of n. It returns token.NoPos if n has no operator, or if
// no other operator compiles in its place, as for &x and for the + of two strings.
func operatorOf(n ast.Node) (token.Pos, token.Token) {
	switch n := n.(type) {
	case *ast.BinaryExpr:
		if !isString(n) {
			return n.OpPos, n.Op
		}
	case *ast.UnaryExpr:
		if n.Op == token.SUB {
			return n.OpPos, n.Op
		}
	case *ast.IncDecStmt:
		return n.TokPos, n.Tok
	case *ast.AssignStmt:
		if n.Tok != token.ASSIGN && n.Tok != token.DEFINE {
			return n.TokPos, n.Tok
		}
	case *ast.BranchStmt:
		return n.TokPos, n.Tok
	}
	return token.NoPos, token.ILLEGAL
}

// isString reports whether an expression is a string literal, or a + with one.
func isString(e ast.Expr) bool {
	switch e := e.(type) {
	case *ast.BasicLit:
		return e.Kind == token.STRING
	case *ast.BinaryExpr:
		return e.Op == token.ADD && (isString(e.X) || isString(e.Y))
	}
	return false
}

// replaceOperator makes the operator of n switchable, with a call of the package switches. joinsStrings is true for a
// += of strings.
func (r *rewriter) replaceOperator(n ast.Node, id int, joinsStrings bool) {
	switch n := n.(type) {
	case *ast.BinaryExpr:
		r.replaceBinaryOperator(n, id)
	case *ast.UnaryExpr:
		r.replaceText(n.OpPos, n.Op, fmt.Sprintf("switches_.Negative(%d, ", id))
		r.insertBehind(n.End(), ")")
	case *ast.IncDecStmt:
		operator := n.Tok.String()[:1]
		r.replaceText(n.TokPos, n.Tok, r.assignmentText(id, n.X, calculatingFunction(operator), operator)+"1)")
	case *ast.AssignStmt:
		operator := strings.TrimSuffix(n.Tok.String(), "=")
		function := calculatingFunction(operator)
		if joinsStrings {
			function = "Join"
		}
		r.replaceText(n.TokPos, n.Tok, r.assignmentText(id, n.Lhs[0], function, operator))
		r.insertBehind(n.End(), ")")
	case *ast.BranchStmt:
		other := map[token.Token]string{token.BREAK: "continue", token.CONTINUE: "break"}[n.Tok]
		if n.Label != nil {
			other += " " + n.Label.Name
		}
		r.insertBefore(n.Pos(), fmt.Sprintf("if switches_.IsActive(%d) { %s }; ", id, other))
	}
}

func (r *rewriter) replaceBinaryOperator(n *ast.BinaryExpr, id int) {
	switch n.Op {
	case token.EQL, token.NEQ:
		r.insertBefore(n.Pos(), fmt.Sprintf("switches_.Equal(%d, ", id))
		r.insertBehind(n.End(), ")")
	case token.LAND, token.LOR:
		r.insertBefore(n.Pos(), fmt.Sprintf("switches_.Logical(%d, func() bool { return (", id))
		r.replaceText(n.OpPos, n.Op, fmt.Sprintf(") }, %q, func() bool { return (", n.Op))
		r.insertBehind(n.End(), ") })")
	case token.LSS, token.LEQ, token.GTR, token.GEQ:
		r.replaceByCall(n, "Compare", id)
	default:
		r.replaceByCall(n, calculatingFunction(n.Op.String()), id)
	}
}

// replaceByCall turns a + b into switches_.Calculate(id, a, "+", b).
func (r *rewriter) replaceByCall(n *ast.BinaryExpr, function string, id int) {
	r.insertBefore(n.Pos(), fmt.Sprintf("switches_.%s(%d, ", function, id))
	r.replaceText(n.OpPos, n.Op, fmt.Sprintf(", %q, ", n.Op))
	r.insertBehind(n.End(), ")")
}

// assignmentText returns the text that replaces += in a += b, up to b: = switches_.Calculate(id, a, "+", b).
func (r *rewriter) assignmentText(id int, left ast.Expr, function, operator string) string {
	text := r.src[r.offset(left.Pos()):r.offset(left.End())]
	return fmt.Sprintf("= switches_.%s(%d, %s, %q, ", function, id, text, operator)
}

// calculatingFunction returns the name of the function of the package switches that computes an operator.
func calculatingFunction(operator string) string {
	switch operator {
	case "+", "-", "*", "/":
		return "Calculate"
	case "<<", ">>":
		return "Shift"
	}
	return "Bits"
}

// insertBefore inserts text before the byte at p. Of two nodes that begin there, ast.Inspect visits the outer one
// first, so its text stays first.
func (r *rewriter) insertBefore(p token.Pos, text string) { r.before[r.offset(p)] += text }

// insertBehind inserts text after the byte before p. Of two nodes that end there, the text of the inner one, which is
// visited later, comes first.
func (r *rewriter) insertBehind(p token.Pos, text string) {
	r.behind[r.offset(p)] = text + r.behind[r.offset(p)]
}

// replaceText replaces the operator `written`, which begins at p, by text.
func (r *rewriter) replaceText(p token.Pos, written token.Token, text string) {
	r.operators[r.offset(p)] = operatorReplacement{len(written.String()), text}
}

func (r *rewriter) rewrittenSource() []byte {
	var out []byte
	for i := 0; i <= len(r.src); i++ {
		out = append(out, r.behind[i]+r.before[i]...)
		if o, ok := r.operators[i]; ok {
			out = append(out, o.text...)
			i += o.length - 1
		} else if i < len(r.src) {
			out = append(out, r.src[i])
		}
	}
	return out
}

// applyMutant returns the source with the replacement of m in place of its operator.
func applyMutant(src []byte, m *mutant) []byte {
	start := 0
	for line := 1; line < m.place.line; line++ {
		start += strings.IndexByte(string(src[start:]), '\n') + 1
	}
	start += m.place.column - 1
	return []byte(string(src[:start]) + m.to + string(src[start+len(m.from):]))
}
