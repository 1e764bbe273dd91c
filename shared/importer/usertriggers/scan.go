package usertriggers

import "strings"

// kind is the kind of a token.
type kind int

const (
	word   kind = iota // a keyword or an identifier without quotes; its text is in lower case
	quoted             // an identifier in quotes; its text is without them
	text               // a string or a dollar quote; its text is empty
	symbol             // an operator or punctuation: one character, or one of := and ..
)

// token is a token of SQL or PL/pgSQL. Its source is sql[start:end].
type token struct {
	kind       kind
	text       string
	start, end int
}

// isWord reports whether the token is one of these keywords.
func (t token) isWord(words ...string) bool {
	for _, w := range words {
		if t.kind == word && t.text == w {
			return true
		}
	}
	return false
}

func (t token) isSymbol(s string) bool { return t.kind == symbol && t.text == s }

// isName reports whether the token can be an identifier.
func (t token) isName() bool { return t.kind == word || t.kind == quoted }

// scan splits SQL or PL/pgSQL into tokens. It leaves out white space and comments.
func scan(sql string) (all []token) {
	for i := 0; i < len(sql); {
		end := i + 1
		switch c := sql[i]; {
		case strings.ContainsRune(" \t\n\r\f\v", rune(c)):
		case strings.HasPrefix(sql[i:], "--"), strings.HasPrefix(sql[i:], "/*"):
			end = endOfComment(sql, i)
		case c == '\'':
			end = endOfQuotes(sql, i, hasEscapes(all, i))
			all = append(all, token{text, "", i, end})
		case c == '"':
			end = endOfQuotes(sql, i, false)
			name := strings.TrimSuffix(sql[i+1:end], `"`)
			all = append(all, token{quoted, strings.ReplaceAll(name, `""`, `"`), i, end})
		case c == '$' && dollarTag(sql[i:]) != "":
			end = endOfDollarQuote(sql, i)
			all = append(all, token{text, "", i, end})
		case isLetter(c):
			for end < len(sql) && (isLetter(sql[end]) || isDigit(sql[end]) || sql[end] == '$') {
				end++
			}
			all = append(all, token{word, foldCase(sql[i:end]), i, end})
		default:
			if strings.HasPrefix(sql[i:], ":=") || strings.HasPrefix(sql[i:], "..") {
				end++
			}
			all = append(all, token{symbol, sql[i:end], i, end})
		}
		i = end
	}
	return all
}

func isLetter(c byte) bool {
	return c == '_' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= 0x80
}

func isDigit(c byte) bool { return c >= '0' && c <= '9' }

// endOfComment returns the end of a comment. Comments in /* */ can contain comments.
func endOfComment(sql string, i int) int {
	if sql[i] == '-' {
		if n := strings.IndexByte(sql[i:], '\n'); n >= 0 {
			return i + n
		}
		return len(sql)
	}
	for depth := 0; i < len(sql); i++ {
		switch {
		case strings.HasPrefix(sql[i:], "/*"):
			depth++
			i++
		case strings.HasPrefix(sql[i:], "*/"):
			depth--
			i++
		}
		if depth == 0 {
			return i + 1
		}
	}
	return len(sql)
}

// hasEscapes reports whether the string at i has the prefix E, so that a backslash escapes the next character.
func hasEscapes(before []token, i int) bool {
	return len(before) > 0 && before[len(before)-1].isWord("e") && before[len(before)-1].end == i
}

// endOfQuotes returns the end of a string or a quoted identifier. Two quotes stand for one.
func endOfQuotes(sql string, i int, escapes bool) int {
	quote := sql[i]
	for i++; i < len(sql); i++ {
		switch {
		case escapes && sql[i] == '\\':
			i++
		case sql[i] != quote:
		case i+1 < len(sql) && sql[i+1] == quote:
			i++
		default:
			return i + 1
		}
	}
	return len(sql)
}

// dollarTag returns the tag with which a dollar quote begins, such as $$ or $body$, or "".
func dollarTag(sql string) string {
	end := 1
	for end < len(sql) && (isLetter(sql[end]) || end > 1 && isDigit(sql[end])) {
		end++
	}
	if end == len(sql) || sql[end] != '$' {
		return ""
	}
	return sql[:end+1]
}

func endOfDollarQuote(sql string, i int) int {
	tag := dollarTag(sql[i:])
	if n := strings.Index(sql[i+len(tag):], tag); n >= 0 {
		return i + len(tag) + n + len(tag)
	}
	return len(sql)
}

// foldCase returns an identifier as Postgres reads it without quotes: ASCII letters in lower case.
func foldCase(name string) string {
	return strings.Map(func(r rune) rune {
		if r >= 'A' && r <= 'Z' {
			return r + 'a' - 'A'
		}
		return r
	}, name)
}
