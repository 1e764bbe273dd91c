package dump

import (
	"slices"
	"strings"
)

// createStatement reads the columns of CREATE TABLE for a table that the sink wants, and skips other definitions.
func (p *parser) createStatement() error {
	word, err := p.word()
	if err == nil && word == "or" { // OR REPLACE
		if _, err = p.word(); err == nil {
			word, err = p.word()
		}
	}
	if err != nil {
		return err
	}
	if word != "table" {
		return p.skipStatement(word == "function" || word == "procedure")
	}
	table, err := p.tableName()
	if err == nil && table == "if" { // IF NOT EXISTS
		if _, err = p.word(); err == nil {
			if _, err = p.word(); err == nil {
				table, err = p.tableName()
			}
		}
	}
	if err != nil {
		return err
	}
	found, err := p.accept('(')
	if err != nil || !found || !p.sink.wants(table) {
		return p.skipTable(found, err)
	}
	return p.columnDefinitions(table)
}

// skipTable skips the rest of CREATE TABLE. inList says that the parenthesis of its list was read.
func (p *parser) skipTable(inList bool, err error) error {
	if err != nil {
		return err
	}
	s := skipper{parser: p, head: discardBytes{}}
	if inList {
		s.depth = 1
	}
	for {
		if done, err := s.step(); err != nil || done {
			return err
		}
	}
}

// notColumns are the words with which a definition begins that is not one of a column.
var notColumns = strings.Fields("constraint primary unique check foreign exclude like")

// columnDefinitions reads the names and types of the columns of a table.
func (p *parser) columnDefinitions(table string) error {
	var columns []string
	types := map[string]string{}
	for {
		if err := p.mustSkipSpace(); err != nil {
			return err
		}
		isQuoted := p.in.peek() == '"'
		name, err := p.name()
		if err != nil {
			return err
		}
		rest, isLast, err := p.definition()
		if err != nil {
			return err
		}
		isColumn := name != "" && (isQuoted || !slices.Contains(notColumns, name))
		if isColumn {
			columns = append(columns, name)
			types[name] = columnType(rest)
		}
		if isLast {
			break
		}
	}
	p.columns[table], p.types[table] = columns, types
	return p.skipStatement(false)
}

// definition reads the rest of a definition, up to a comma or the end of the list. It returns its beginning.
func (p *parser) definition() (text string, isLast bool, err error) {
	var head headWriter
	s := skipper{parser: p, head: &head}
	for {
		if err := p.mustSkipSpace(); err != nil {
			return "", false, err
		}
		b := p.in.peek()
		if s.depth == 0 && (b == ',' || b == ')') {
			_, err := p.in.mustNext()
			return string(head), b == ')', err
		}
		if done, err := s.step(); err != nil {
			return "", false, err
		} else if done {
			return "", false, p.refuseLine("this CREATE TABLE cannot be read")
		}
	}
}

// headWriter keeps the first bytes that are written to it.
type headWriter []byte

func (h *headWriter) WriteByte(b byte) error {
	if len(*h) < maxNameBytes {
		*h = append(*h, b)
	}
	return nil
}

// typeEnds are the words that can follow the type of a column.
var typeEnds = strings.Fields("not null default collate generated constraint primary unique references check storage " +
	"compression")

// columnType returns the type in the definition of a column after its name, without a length.
func columnType(definition string) string {
	var words []string
	for word := range strings.FieldsSeq(definition) {
		if slices.Contains(typeEnds, word) {
			break
		}
		words = append(words, word)
	}
	name := strings.Join(words, " ")
	if before, after, ok := strings.Cut(name, "("); ok { // character varying(255), timestamp(3) with time zone
		_, after, _ = strings.Cut(after, ")")
		name = strings.Join(strings.Fields(before+" "+after), " ")
	}
	return name
}
