package dump

import (
	"io"
	"unicode/utf16"
	"unicode/utf8"
)

// discardBytes ignores what is written to it.
type discardBytes struct{}

func (discardBytes) WriteByte(byte) error { return nil }

// quoted reads a quoted name and writes it without its quotes.
func (p *parser) quoted(w io.ByteWriter) error { return p.untilQuote('"', w) }

// untilQuote reads a constant or name between two quotes. Two quotes in it stand for one.
func (p *parser) untilQuote(quote byte, w io.ByteWriter) error {
	if _, err := p.in.mustNext(); err != nil {
		return err
	}
	for {
		b, err := p.in.mustNext()
		if err != nil {
			return err
		}
		if b == quote {
			if p.in.peek() != quote {
				return nil
			}
			p.in.discard(1)
		}
		if err := w.WriteByte(b); err != nil {
			return err
		}
	}
}

// stringConstant reads a string constant that begins with a quote. escapes is true if backslashes escape, as in E'…'.
func (p *parser) stringConstant(w io.ByteWriter, escapes bool) error {
	if !escapes {
		return p.untilQuote('\'', w)
	}
	if _, err := p.in.mustNext(); err != nil {
		return err
	}
	for {
		b, err := p.in.mustNext()
		switch {
		case err != nil:
			return err
		case b == '\'' && p.in.peek() != '\'':
			return nil
		case b == '\'':
			p.in.discard(1)
		case b == '\\':
			if err := p.escape(w); err != nil {
				return err
			}
			continue
		}
		if err := w.WriteByte(b); err != nil {
			return err
		}
	}
}

var simpleEscapes = map[byte]byte{'b': '\b', 'f': '\f', 'n': '\n', 'r': '\r', 't': '\t'}

// escape reads the rest of an escape sequence after its backslash.
func (p *parser) escape(w io.ByteWriter) error {
	b, err := p.in.mustNext()
	if err != nil {
		return err
	}
	_, isOctal := digit(b, 8)
	_, isHex := digit(p.in.peek(), 16)
	switch {
	case simpleEscapes[b] != 0:
		return w.WriteByte(simpleEscapes[b])
	case b == 'x' && isHex:
		return w.WriteByte(byte(p.digits(0, 2, 16))) //nolint:gosec // G115: two digits
	case isOctal:
		return w.WriteByte(byte(p.digits(int(b-'0'), 2, 8))) //nolint:gosec // G115: Postgres keeps the lower 8 bits, too
	case b == 'u':
		return p.unicodeEscape(w, 4)
	case b == 'U':
		return p.unicodeEscape(w, 8)
	}
	return w.WriteByte(b)
}

// unicodeEscape reads the digits of \uXXXX or \UXXXXXXXX. Two escapes can be a surrogate pair.
func (p *parser) unicodeEscape(w io.ByteWriter, length int) error {
	r := rune(p.digits(0, length, 16)) //nolint:gosec // G115: at most eight digits
	if utf16.IsSurrogate(r) && p.in.hasPrefix(`\u`) {
		p.in.discard(2)
		r = utf16.DecodeRune(r, rune(p.digits(0, 4, 16))) //nolint:gosec // G115: four digits
	}
	for _, b := range utf8.AppendRune(nil, r) {
		if err := w.WriteByte(b); err != nil {
			return err
		}
	}
	return nil
}

// digits reads at most n digits and returns their value, after the digits in value.
func (p *parser) digits(value, n, base int) int {
	for range n {
		d, ok := digit(p.in.peek(), base)
		if !ok {
			break
		}
		p.in.discard(1)
		value = value*base + d
	}
	return value
}

// digit returns the value of a digit.
func digit(b byte, base int) (int, bool) {
	n := -1
	switch {
	case b >= '0' && b <= '9':
		n = int(b - '0')
	case b >= 'a' && b <= 'f':
		n = int(b-'a') + 10
	case b >= 'A' && b <= 'F':
		n = int(b-'A') + 10
	}
	return n, n >= 0 && n < base
}

// dollarQuote reads a constant such as $$…$$ or $tag$…$tag$ and writes what is between the tags. If the next bytes are
// not a tag, it reads only the dollar sign and returns false.
func (p *parser) dollarQuote(w io.ByteWriter) (bool, error) {
	tag, ok := p.peekTag()
	if !ok {
		_, err := p.in.mustNext()
		return false, err
	}
	p.in.discard(len(tag))
	matched := 0 // number of the bytes of the closing tag that the last bytes are
	for matched < len(tag) {
		b, err := p.in.mustNext()
		if err != nil {
			return true, err
		}
		if b == tag[matched] {
			matched++
			continue
		}
		if err := writeAll(w, tag[:matched]); err != nil {
			return true, err
		}
		if matched = 0; b == '$' {
			matched = 1
			continue
		}
		if err := w.WriteByte(b); err != nil {
			return true, err
		}
	}
	return true, nil
}

// peekTag returns the next bytes if they are the tag of a dollar quote.
func (p *parser) peekTag() (string, bool) {
	text, _ := p.in.r.Peek(maxTagBytes) // near the end of the file it returns fewer bytes
	for i, b := range text {
		switch {
		case i == 0:
		case b == '$':
			return string(text[:i+1]), true
		case !isNameStart(b) && (i == 1 || b < '0' || b > '9'):
			return "", false
		}
	}
	return "", false
}

// maxTagBytes is the maximum length of the tag of a dollar quote: a name and two dollar signs.
const maxTagBytes = 66

func writeAll(w io.ByteWriter, text string) error {
	for i := range len(text) {
		if err := w.WriteByte(text[i]); err != nil {
			return err
		}
	}
	return nil
}
