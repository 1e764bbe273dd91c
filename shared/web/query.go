package web

import (
	"net/http"
	"strings"
)

// Query returns the parameters of r's query as Better Auth reads them: each is a string, or a []any of strings if it is
// repeated. Like a browser, and unlike net/url, it keeps invalid percent-encodings unchanged.
func Query(r *http.Request) map[string]any {
	query := map[string]any{}
	for pair := range strings.SplitSeq(r.URL.RawQuery, "&") {
		if pair == "" {
			continue
		}
		rawName, rawValue, _ := strings.Cut(pair, "=")
		name, value := DecodeFormText(rawName), DecodeFormText(rawValue)
		switch old := query[name].(type) {
		case nil:
			query[name] = value
		case []any:
			query[name] = append(old, value)
		default:
			query[name] = []any{old, value}
		}
	}
	return query
}

// IsTruthy reports whether a decoded JSON value is truthy in JavaScript.
func IsTruthy(v any) bool { return !isFalsy(v) }

// DecodeFormText decodes a name or a value of a query or a form: it turns + into a space and %XX into a byte, and keeps
// everything else. Bytes that are not UTF-8 become U+FFFD.
func DecodeFormText(raw string) string {
	if !strings.ContainsAny(raw, "%+") {
		return strings.ToValidUTF8(raw, "\uFFFD")
	}
	out := make([]byte, 0, len(raw))
	for i := 0; i < len(raw); i++ {
		switch c := raw[i]; {
		case c == '+':
			out = append(out, ' ')
		case c == '%' && i+2 < len(raw) && isHex(raw[i+1]) && isHex(raw[i+2]):
			out = append(out, hexValue(raw[i+1])<<4|hexValue(raw[i+2]))
			i += 2
		default:
			out = append(out, c)
		}
	}
	return strings.ToValidUTF8(string(out), "\uFFFD")
}

func isHex(c byte) bool { return strings.IndexByte("0123456789abcdefABCDEF", c) >= 0 }

func hexValue(c byte) byte {
	if c <= '9' {
		return c - '0'
	}
	return c&0xf + 9
}
