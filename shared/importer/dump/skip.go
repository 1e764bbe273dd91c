package dump

import "io"

// skipStatement skips the rest of a statement, with its semicolon.
func (p *parser) skipStatement(isFunction bool) error { return p.skip(discardBytes{}, isFunction) }

// skip skips the rest of a statement and writes it to w, without comments, and with a space after each word. isFunction
// says that the statement creates a function: its body can contain semicolons between BEGIN ATOMIC and END.
func (p *parser) skip(w io.ByteWriter, isFunction bool) error {
	s := skipper{parser: p, head: w, isFunction: isFunction}
	for {
		if done, err := s.step(); err != nil || done {
			return err
		}
	}
}

// skipper is the state of skip.
type skipper struct {
	*parser
	head       io.ByteWriter
	isFunction bool
	depth      int // of parentheses
	blocks     int // of BEGIN and CASE in the body of a function
	hasValues  bool
	rows       int64 // parentheses after the key word VALUES, outside of other parentheses: rows of an INSERT
}

// step reads a constant, a name, a comment or a byte. done is true after the semicolon of the statement.
func (s *skipper) step() (done bool, err error) {
	if err := s.mustSkipSpace(); err != nil {
		return false, err
	}
	switch b := s.in.peek(); {
	case b == '\'':
		return false, s.stringConstant(s.head, s.backslashEscapes)
	case b == '"':
		if err := s.quoted(s.head); err != nil {
			return false, err
		}
		return false, s.head.WriteByte(' ')
	case b == '$':
		_, err := s.dollarQuote(discardBytes{})
		return false, err
	case isNameStart(b):
		return false, s.key()
	case b >= '0' && b <= '9': // a number, and a name after it, such as 1e5
		return false, s.number()
	}
	b, err := s.in.mustNext()
	if err != nil {
		return false, err
	}
	return s.symbol(b), s.head.WriteByte(b)
}

// symbol counts parentheses. It reports whether the statement ends.
func (s *skipper) symbol(b byte) (done bool) {
	switch b {
	case '(':
		if s.depth == 0 && s.hasValues {
			s.rows++
		}
		s.depth++
	case ')':
		s.depth--
	case ';':
		return s.depth <= 0 && s.blocks <= 0
	}
	return false
}

// key reads a key word or an unquoted name.
func (s *skipper) key() error {
	word, err := s.word()
	if err != nil {
		return err
	}
	switch {
	case word == "e" && s.in.peek() == '\'':
		return s.stringConstant(discardBytes{}, true)
	case word == "values" && s.depth == 0:
		s.hasValues = true
	case !s.isFunction:
	case word == "begin", word == "case" && s.blocks > 0:
		s.blocks++
	case word == "end" && s.blocks > 0:
		s.blocks--
	}
	return writeAll(s.head, word+" ")
}

func (s *skipper) number() error {
	for isNameByte(s.in.peek()) {
		b, err := s.in.mustNext()
		if err == nil {
			err = s.head.WriteByte(b)
		}
		if err != nil {
			return err
		}
	}
	return nil
}
