package dump

import (
	"errors"
	"io"
	"strings"
)

// isNameStart reports whether an unquoted name or a key word can begin with the byte.
func isNameStart(b byte) bool {
	return b >= 'a' && b <= 'z' || b >= 'A' && b <= 'Z' || b == '_' || b >= 0x80
}

func isNameByte(b byte) bool { return isNameStart(b) || b >= '0' && b <= '9' || b == '$' }

func isSpace(b byte) bool { return b == ' ' || b >= '\t' && b <= '\r' }

// skipSpace skips white space and comments. At the end of the file it returns io.EOF.
func (p *parser) skipSpace() error {
	for {
		switch b := p.in.peek(); {
		case isSpace(b):
			if _, err := p.in.next(); err != nil {
				return err
			}
		case b == '-' && p.in.hasPrefix("--"):
			text, err := p.restOfLine()
			if err != nil {
				return err
			}
			p.noteComment(text)
		case b == '/' && p.in.hasPrefix("/*"):
			if err := p.skipComment(); err != nil {
				return err
			}
		case b == 0:
			if !p.in.hasPrefix("\x00") { // the end of the file, or an error
				_, err := p.in.next()
				return err
			}
			return nil
		default:
			return nil
		}
	}
}

// mustSkipSpace is like skipSpace, but the end of the file is an error.
func (p *parser) mustSkipSpace() error {
	err := p.skipSpace()
	if errors.Is(err, io.EOF) {
		return errCut
	}
	return err
}

// skipComment skips a comment of the form /* … */, which can contain other comments.
func (p *parser) skipComment() error {
	for depth := 0; ; {
		switch {
		case p.in.hasPrefix("/*"):
			p.in.discard(2)
			depth++
		case p.in.hasPrefix("*/"):
			p.in.discard(2)
			if depth--; depth == 0 {
				return nil
			}
		default:
			if _, err := p.in.mustNext(); err != nil {
				return err
			}
		}
	}
}

// word reads an unquoted name or a key word, in lower case. It returns "" if there is none.
func (p *parser) word() (string, error) {
	if err := p.mustSkipSpace(); err != nil {
		return "", err
	}
	if !isNameStart(p.in.peek()) {
		return "", nil
	}
	text := nameWriter{p: p}
	for isNameByte(p.in.peek()) {
		b, err := p.in.mustNext()
		if err == nil {
			err = text.WriteByte(b)
		}
		if err != nil {
			return "", err
		}
	}
	return strings.ToLower(string(text.text)), nil
}

// name reads a quoted or unquoted name, without its quotes. It returns "" if there is none.
func (p *parser) name() (string, error) {
	if err := p.mustSkipSpace(); err != nil {
		return "", err
	}
	if p.in.peek() != '"' {
		return p.word()
	}
	text := nameWriter{p: p}
	if err := p.quoted(&text); err != nil {
		return "", err
	}
	if len(text.text) == 0 {
		return "", p.refuseLine("a name is empty: the file is not a dump of Postgres")
	}
	return string(text.text), nil
}

// nameWriter collects a name, which has at most maxNameBytes.
type nameWriter struct {
	p    *parser
	text []byte
}

func (w *nameWriter) WriteByte(b byte) error {
	if len(w.text) == maxNameBytes {
		return w.p.refuseLine("a name is longer than Postgres allows: the file is not a dump of Postgres")
	}
	w.text = append(w.text, b)
	return nil
}

// accept reads the byte b if it is the next one after white space.
func (p *parser) accept(b byte) (bool, error) {
	if err := p.mustSkipSpace(); err != nil {
		return false, err
	}
	if p.in.peek() != b {
		return false, nil
	}
	_, err := p.in.mustNext()
	return true, err
}

// tableName reads the name of a table, with its schema if it has one: schema.table, without quotes.
func (p *parser) tableName() (string, error) {
	table, err := p.name()
	for err == nil && p.in.peek() == '.' {
		p.in.discard(1)
		var part string
		part, err = p.name()
		table += "." + part
	}
	return table, err
}

// columnList reads a list of names in parentheses, or returns nil if there is none.
func (p *parser) columnList() ([]string, error) {
	if found, err := p.accept('('); err != nil || !found {
		return nil, err
	}
	var names []string
	for {
		name, err := p.name()
		if err != nil {
			return nil, err
		}
		names = append(names, name)
		comma, err := p.accept(',')
		if err != nil {
			return nil, err
		}
		if comma {
			continue
		}
		if found, err := p.accept(')'); err != nil || found && name != "" {
			return names, err
		}
		return nil, p.refuseLine("this list of columns cannot be read")
	}
}
