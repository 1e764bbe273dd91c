package usertriggers

import (
	"fmt"
	"strings"
)

// Copy is a trigger on "user" with a copy of the function.
type Copy struct {
	SQL   string   // creates the function and the trigger
	Drops []string // drop them
}

// importing is the condition under which the trigger fires: not for users that the import writes (run.WorkerSession).
// Their rows in other tables are moved with these tables.
const importing = "current_setting('xenon.importing', true) IS DISTINCT FROM 'on'"

// Remake returns the statements that make the trigger on "user". If this is not possible, it returns the reason. The
// number distinguishes copies of the same function; the first is 1.
func (t Trigger) Remake(table UserTable, number int) (Copy, string) {
	if why := t.refusal(); why != "" {
		return Copy{}, why
	}
	name := t.Schema + "." + quote(copyName(t.Function, number))
	function, why := t.copyFunction(table, name)
	if why != "" {
		return Copy{}, why
	}
	trigger, why := t.copyTrigger(table, name)
	if why != "" {
		return Copy{}, why
	}
	return Copy{
		SQL: function + ";\n\n" + trigger + ";",
		Drops: []string{
			fmt.Sprintf("DROP TRIGGER %s ON %s", t.Name, table.Name), fmt.Sprintf("DROP FUNCTION %s()", name),
		},
	}, ""
}

// maxName is the maximum number of bytes of a name in Postgres.
const maxName = 63

// copyName returns the name of a copy of a function.
func copyName(function string, number int) string {
	suffix := "_xenon"
	if number > 1 {
		suffix += fmt.Sprint(number)
	}
	return strings.ToValidUTF8(function[:min(len(function), maxName-len(suffix))], "") + suffix
}

// copyFunction returns the statement that creates the copy of the function.
func (t Trigger) copyFunction(table UserTable, name string) (sql, why string) {
	header := scan(t.FunctionDefinition)
	last := header[len(header)-1] // the body, in dollar quotes
	for i, token := range header {
		if token.kind == text && t.FunctionDefinition[token.start:token.end] == "'auth'" && i < len(header)-1 {
			return "", "the search_path of its function has the schema auth"
		}
	}
	tag := dollarTag(t.FunctionDefinition[last.start:])
	body := t.FunctionDefinition[last.start+len(tag) : last.end-len(tag)]
	r := &reader{sql: body, tokens: scan(body), table: table}
	if why := r.readObjects(t); why != "" {
		return "", why
	}
	if why := r.readRows(t); why != "" {
		return "", why
	}
	closing := strings.Index(t.FunctionDefinition, "()\n RETURNS trigger")
	attributes := t.FunctionDefinition[closing:last.start]
	return "CREATE FUNCTION " + name + attributes + dollarQuote(apply(body, r.edits)), ""
}

// dollarQuote returns a text in dollar quotes.
func dollarQuote(body string) string {
	tag := "$function$"
	for strings.Index(body+tag, tag) < len(body) {
		tag = tag[:len(tag)-1] + "x$"
	}
	return tag + body + tag
}

// copyTrigger returns the statement that creates the trigger.
func (t Trigger) copyTrigger(table UserTable, function string) (sql, why string) {
	r := &reader{sql: t.Definition, tokens: scan(t.Definition), table: table}
	events, why := r.replaceColumns()
	if why != "" {
		return "", why
	}
	if why := r.readRows(t); why != "" {
		return "", why
	}
	execute := r.indexOfExecute()
	if condition := r.index("when"); condition < 0 || condition > execute {
		r.edits = append(r.edits, edit{r.at(execute).start, r.at(execute).start, "WHEN (" + importing + ") "})
	} else {
		open, shut := r.at(condition+1), r.at(execute-1)
		r.edits = append([]edit{{open.end, open.end, importing + " AND ("}}, r.edits...)
		r.edits = append(r.edits, edit{shut.start, shut.end, "))"})
	}
	r.edits = append(events, r.edits...)
	r.edits = append(r.edits, r.replaceFunction(execute, function))
	return apply(t.Definition, r.edits), ""
}

// index returns the index of a keyword in the definition of a trigger, after the name of the trigger, or -1.
func (r *reader) index(keyword string) int {
	for i := r.start(); i < len(r.tokens); i++ {
		if r.at(i).isWord(keyword) {
			return i
		}
	}
	return -1
}

// start returns the index of the token that follows the name of the trigger.
func (r *reader) start() int {
	if r.at(1).isWord("constraint") {
		return 4 // CREATE CONSTRAINT TRIGGER name
	}
	return 3
}

// indexOfExecute returns the index of EXECUTE FUNCTION.
func (r *reader) indexOfExecute() int {
	i := len(r.tokens) - 1
	for i > 0 && (!r.at(i).isWord("execute") || !r.at(i+1).isWord("function", "procedure")) {
		i--
	}
	return i
}

// replaceColumns replaces auth.users and the columns of UPDATE OF in the definition of a trigger.
func (r *reader) replaceColumns() (edits []edit, why string) {
	on := r.index("on")
	table := edit{r.at(on + 1).start, r.at(on + 3).end, r.table.Name}
	of := r.index("of")
	if of < 0 || of > on {
		return []edit{table}, ""
	}
	var names []string
	for i := of + 1; i < on; i++ {
		if !r.at(i).isName() {
			continue
		}
		if _, known := r.table.columnOf("NEW", r.at(i).text); !known {
			return nil, "it fires at changes of " + r.at(i).text
		}
		names = append(names, r.table.sources(r.at(i).text)...)
	}
	columns := edit{r.at(of).start, r.at(on).start, "OF " + strings.Join(names, ", ") + " "}
	if len(names) > 0 {
		return []edit{columns, table}, ""
	}
	if !r.at(of - 2).isWord("or") {
		return nil, "it fires at changes of columns that Xenon does not have"
	}
	return []edit{{r.at(of - 2).start, r.at(on).start, ""}, table}, "" // the other events stay
}

// replaceFunction replaces the name of the function after EXECUTE FUNCTION.
func (r *reader) replaceFunction(execute int, function string) edit {
	open := execute + 2
	for !r.at(open).isSymbol("(") {
		open++
	}
	return edit{r.at(execute + 2).start, r.at(open).start, function}
}
