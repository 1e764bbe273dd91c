// Package stringify encodes JSON as JavaScript's JSON.stringify does, so that the bytes equal Better Auth's.
package stringify

import (
	"bytes"
	"encoding/json"
	"unicode/utf8"
)

// Marshal encodes v as JSON.stringify does: unlike encoding/json it does not escape <, >, &, U+2028 and U+2029.
func Marshal(v any) ([]byte, error) {
	var buf bytes.Buffer
	enc := json.NewEncoder(&buf)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(v); err != nil {
		return nil, err
	}
	out := bytes.TrimSuffix(buf.Bytes(), []byte("\n"))
	return unescapeSeparators(out), nil
}

// unescapeSeparators replaces the escapes of U+2028 and U+2029, which encoding/json always writes, by the characters.
// It skips \\u2028, which is an escaped backslash followed by text.
func unescapeSeparators(b []byte) []byte {
	if !bytes.Contains(b, []byte(`\u202`)) {
		return b
	}
	out := make([]byte, 0, len(b))
	for i := 0; i < len(b); i++ {
		if b[i] != '\\' || i+1 == len(b) {
			out = append(out, b[i])
			continue
		}
		switch {
		case bytes.HasPrefix(b[i:], []byte(`\u2028`)):
			out = append(out, "\u2028"...)
			i += len(`\u2028`) - 1
		case bytes.HasPrefix(b[i:], []byte(`\u2029`)):
			out = append(out, "\u2029"...)
			i += len(`\u2029`) - 1
		default: // any other escape: keep both bytes, so that the second cannot start an escape
			out = append(out, b[i], b[i+1])
			i++
		}
	}
	return out
}

// AppendString appends text as JSON.stringify writes it.
func AppendString(b []byte, text string) []byte {
	for i := 0; i < len(text); i++ {
		if c := text[i]; c < ' ' || c == '"' || c == '\\' || c >= utf8.RuneSelf {
			return appendEscaped(b, text)
		}
	}
	b = append(b, '"')
	b = append(b, text...)
	return append(b, '"')
}

func appendEscaped(b []byte, text string) []byte {
	escaped, err := Marshal(text)
	if err != nil {
		panic(err) // not possible: every text can be encoded
	}
	return append(b, escaped...)
}
