package usertriggers

import (
	"fmt"
	"slices"

	"github.com/xenon-auth/xenon/shared/importer/inventory"
)

// refusal returns why the trigger cannot be made on "user", whatever its columns and its function are, or "".
func (t Trigger) refusal() string {
	switch {
	case !t.Enabled:
		return "it is disabled"
	case !t.ForEachRow:
		return "it is a trigger for each statement"
	case t.TransitionTables:
		return "it has transition tables"
	case t.Language != "plpgsql":
		return "its function is in the language " + t.Language
	case inventory.IsManaged(t.Schema):
		return fmt.Sprintf("its function is in the schema %s, which stays in Supabase", t.Schema)
	}
	return ""
}

// edit replaces a part of a text.
type edit struct {
	start, end int
	with       string
}

// apply returns a text with replaced parts. The edits are in the order of the text.
func apply(sql string, edits []edit) string {
	var done string
	from := 0
	for _, e := range edits {
		done += sql[from:e.start] + e.with
		from = e.end
	}
	return done + sql[from:]
}

// reader reads the tokens of a function or of a condition.
type reader struct {
	sql    string
	tokens []token
	table  UserTable
	edits  []edit // replace the columns of auth.users
}

// at returns a token. Before the first and after the last one there are empty symbols.
func (r *reader) at(i int) token {
	if i < 0 || i >= len(r.tokens) {
		return token{kind: symbol}
	}
	return r.tokens[i]
}

// isRow reports whether the token names the new or old row.
func (r *reader) isRow(i int) bool {
	t := r.at(i)
	return t.isName() && (t.text == "new" || t.text == "old") && !r.at(i-1).isSymbol(".")
}

// readRows finds all uses of NEW and OLD. It returns why one of them is not possible, or "".
func (r *reader) readRows(t Trigger) string {
	for i := 0; i < len(r.tokens); i++ {
		if r.at(i).isWord("return") {
			rows, end := r.returnedRows(i)
			if t.Before && t.canCancel(rows) {
				return "it fires before the change, and its function can cancel the change"
			}
			i = end
			continue
		}
		if !r.isRow(i) {
			continue
		}
		row := map[string]string{"new": "NEW", "old": "OLD"}[r.at(i).text]
		if !r.at(i+1).isSymbol(".") || !r.at(i+2).isName() {
			return "it uses " + row + " as a whole"
		}
		column := r.at(i + 2)
		expression, known := r.table.columnOf(row, column.text)
		switch {
		case !known:
			return fmt.Sprintf("it reads %s.%s", row, column.text)
		case r.isAssigned(i):
			return fmt.Sprintf("it assigns to %s.%s", row, column.text)
		}
		r.edits = append(r.edits, edit{r.at(i).start, column.end, expression})
	}
	return ""
}

// returnedRows returns the rows that RETURN at i returns, alone or by COALESCE, and the index of the last token that
// belongs to it. It returns no row and i if the statement returns another expression.
func (r *reader) returnedRows(i int) (rows []string, end int) {
	for end = i + 1; !r.at(end).isSymbol(";"); end++ {
		switch t := r.at(end); {
		case r.isRow(end) && !r.at(end+1).isSymbol("."):
			rows = append(rows, t.text)
		case t.isWord("coalesce"), t.isSymbol("("), t.isSymbol(")"), t.isSymbol(","):
		default:
			return nil, i
		}
	}
	return rows, end
}

// canCancel reports whether Postgres would ignore or undo the change if the function of a trigger that fires before the
// change returned these rows.
func (t Trigger) canCancel(rows []string) bool {
	return len(rows) == 0 || t.OnInsertOrUpdate && rows[0] != "new" || t.OnDelete && !slices.Contains(rows, "old")
}

// isAssigned reports whether the column of the row at i is the target of an assignment.
func (r *reader) isAssigned(i int) bool {
	before, after := r.at(i-1), r.at(i+3)
	switch {
	case after.isSymbol(":="), before.isSymbol(";"), before.isWord("begin", "loop"):
		return true
	case before.isWord("then", "else"):
		return after.isSymbol("=") || after.isSymbol("[")
	}
	return slices.Contains(r.targets(), i)
}

// targets returns the indexes of the names into which statements such as SELECT … INTO write.
func (r *reader) targets() (all []int) {
	for i, t := range r.tokens {
		if !t.isWord("into", "diagnostics") || r.at(i-1).isWord("insert", "merge") {
			continue
		}
		if i++; r.at(i).isWord("strict") {
			i++
		}
		for r.at(i).isName() {
			all = append(all, i)
			for r.at(i + 1).isSymbol(".") {
				i += 2
			}
			if i++; r.at(i).isSymbol(",") {
				i++
				continue
			}
			break
		}
	}
	return all
}

// staysBehind reports whether the target has no such object: all objects of the schemas of Supabase, but those that
// xenon migrate tables creates.
func staysBehind(schema, name string) bool {
	switch schema {
	case "auth":
		return !slices.Contains([]string{"uid", "jwt", "role", "email", "users"}, name)
	case "storage":
		return !slices.Contains([]string{"foldername", "filename", "extension"}, name)
	case "extensions", "information_schema", "tiger", "tiger_data", "topology":
		return false
	}
	return inventory.IsManaged(schema)
}

// readObjects returns why the function cannot work in the target because of what it uses besides NEW and OLD, or "".
func (r *reader) readObjects(t Trigger) string {
	for i, token := range r.tokens {
		if token.isWord("execute") {
			return "its function executes SQL from a text (EXECUTE)"
		}
		if token.isWord("tg_table_name", "tg_relname", "tg_table_schema", "tg_relid") {
			return "its function uses " + token.text
		}
		if !token.isName() || r.at(i-1).isSymbol(".") || !r.at(i+1).isSymbol(".") {
			continue
		}
		switch name := r.at(i + 2); {
		case token.text == t.Function:
			return "its function refers to itself by its name"
		case staysBehind(token.text, name.text):
			return fmt.Sprintf("its function uses %s.%s, which stays in Supabase", token.text, name.text)
		case token.text == "auth" && r.isWritten(i):
			return fmt.Sprintf("its function writes to auth.%s", name.text)
		}
	}
	return ""
}

// isWritten reports whether the table at i is the target of a statement that writes.
func (r *reader) isWritten(i int) bool {
	for i--; r.at(i).isWord("only", "table"); i-- {
	}
	before := r.at(i)
	return before.isWord("into", "update", "truncate", "copy") || before.isWord("from") && r.at(i-1).isWord("delete")
}
