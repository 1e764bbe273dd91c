package content

import (
	"errors"
	"fmt"
	"html"
	htmltemplate "html/template"
	"reflect"
	"slices"
	"strings"
	texttemplate "text/template"
	"text/template/parse"

	"github.com/xenon-auth/xenon/shared/mail"
)

// requiredPhrases are the templates that every file of phrases defines, except common.tmpl.
var requiredPhrases = []string{"subject", "opening", "action", "closing"}

// check checks own templates: their names, that they can be parsed, that they use only known fields, and that each test
// mail has its link or code in both parts.
func (t *Templates) check(own map[string]string) error {
	if err := t.checkNames(own); err != nil {
		return err
	}
	var problems []error
	for _, name := range SortedNames(own) {
		problems = append(problems, checkFile(name, own[name])...)
	}
	if problems != nil { // a mail with a broken template would repeat the problem
		return errors.Join(problems...)
	}
	for _, m := range TestMails() {
		problems = append(problems, t.checkMail(m, own)...)
	}
	return errors.Join(problems...)
}

// checkNames reports files that no mail uses, and files that a language lacks.
func (t *Templates) checkNames(own map[string]string) error {
	var problems []error
	for _, name := range SortedNames(own) {
		locale, _, inFolder := strings.Cut(name, "/")
		if name != layoutHTML && name != layoutText && (!inFolder || !slices.Contains(Names(locale), name)) {
			problems = append(problems, fmt.Errorf("%s: no mail uses a template of this name", name))
		}
	}
	for _, name := range Names(t.look.Locale) {
		if _, ok := t.files[name]; !ok {
			problems = append(problems, fmt.Errorf("%s: missing; Xenon has no mails in the language %s", name, t.look.Locale))
		}
	}
	return errors.Join(problems...)
}

// checkFile parses a file and checks the fields that it uses.
func checkFile(name, text string) (problems []error) {
	parsed, err := texttemplate.New(name).Parse(text)
	if err != nil {
		return []error{withoutPrefix(err)}
	}
	if name == layoutHTML {
		if _, err := htmltemplate.New(name).Parse(text); err != nil {
			return []error{withoutPrefix(err)}
		}
	}
	for _, tree := range parsed.Templates() {
		if tree.Tree == nil {
			continue
		}
		walk(tree.Root, func(node parse.Node, fields []string) {
			if len(fields) == 1 && dataFields[fields[0]] {
				return
			}
			where, _ := tree.ErrorContext(node)
			problems = append(problems, fmt.Errorf("%s: there is no field .%s; the fields are: %s",
				where, strings.Join(fields, "."), "."+strings.Join(sortedFields(), ", .")))
		})
	}
	if strings.HasSuffix(name, ".tmpl") && !strings.HasSuffix(name, "/"+common+".tmpl") {
		for _, phrase := range requiredPhrases {
			if parsed.Lookup(phrase) == nil {
				problems = append(problems, fmt.Errorf(`%s:%d: the file ends without {{define "%s"}}`,
					name, lastLine(text), phrase))
			}
		}
	}
	return problems
}

// dataFields has the names of the fields of data.
var dataFields = func() map[string]bool {
	names := map[string]bool{}
	for field := range reflect.TypeFor[data]().Fields() {
		names[field.Name] = true
	}
	return names
}()

func sortedFields() []string {
	var names []string
	for name := range dataFields {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

// walk calls use for each node that reads a field: .Name, $.Name or (pipeline).Name.
func walk(node parse.Node, use func(node parse.Node, fields []string)) {
	switch n := node.(type) {
	case *parse.ListNode:
		if n != nil {
			for _, child := range n.Nodes {
				walk(child, use)
			}
		}
	case *parse.ActionNode:
		walk(n.Pipe, use)
	case *parse.PipeNode:
		if n != nil {
			for _, command := range n.Cmds {
				for _, argument := range command.Args {
					walk(argument, use)
				}
			}
		}
	case *parse.FieldNode:
		use(n, n.Ident)
	case *parse.VariableNode:
		if len(n.Ident) > 1 {
			use(n, n.Ident[1:])
		}
	case *parse.ChainNode:
		use(n, n.Field)
	case *parse.TemplateNode:
		walk(n.Pipe, use)
	case *parse.IfNode:
		walkBranch(&n.BranchNode, use)
	case *parse.RangeNode:
		walkBranch(&n.BranchNode, use)
	case *parse.WithNode:
		walkBranch(&n.BranchNode, use)
	}
}

func walkBranch(n *parse.BranchNode, use func(node parse.Node, fields []string)) {
	walk(n.Pipe, use)
	walk(n.List, use)
	walk(n.ElseList, use)
}

// checkMail renders a mail and looks for its link or code in both parts.
func (t *Templates) checkMail(m mail.Message, own map[string]string) (problems []error) {
	name := phrasesName(m)
	c, err := t.Render(m)
	if err != nil {
		return []error{withoutPrefix(err)}
	}
	phrases := t.phrases(name)[1]
	if c.Subject == "" {
		problems = append(problems, fmt.Errorf("%s: the subject is empty", t.lineOf(phrases)))
	}
	wanted, field := m.URL, "{{.URL}}"
	switch {
	case kindsWithCode[m.Kind]:
		wanted, field = m.Token, "{{.Code}}"
	case Lifetimes[m.Kind] == 0:
		return problems
	}
	for _, part := range []struct{ layout, text string }{
		{layoutText, c.Text}, {layoutHTML, html.UnescapeString(c.HTML)},
	} {
		if strings.Contains(part.text, wanted) {
			continue
		}
		file := part.layout
		if _, replaced := own[file]; !replaced {
			file = phrases
		}
		problems = append(problems, fmt.Errorf("%s: the part made with %s of the mail %s lacks %s",
			t.lineOf(file), part.layout, name, field))
	}
	return problems
}

// lineOf returns the name of a file with its last line, which is where something is missing.
func (t *Templates) lineOf(name string) string {
	return fmt.Sprintf("%s:%d", name, lastLine(t.files[name]))
}

func lastLine(text string) int { return strings.Count(strings.TrimRight(text, "\n"), "\n") + 1 }

// withoutPrefix removes the words that package template writes before the name of the file.
func withoutPrefix(err error) error {
	text := err.Error()
	for _, prefix := range []string{
		"read template: ", "fill template: ", "html/template: ", "template: ", "html/template:",
	} {
		text = strings.TrimPrefix(text, prefix)
	}
	return errors.New(text)
}
