package attack

import (
	"fmt"
	"strings"
)

// injectedMarker is part of most injected texts. No response header may contain it, except Location for a requested
// redirect.
const injectedMarker = "Marker"

// specialTexts has texts with characters that are special in HTTP, JSON, SQL, terminals or templates.
var specialTexts = []string{
	injectedMarker + "%0d%0aX-Injected:%20yes",
	injectedMarker + "\tx",
	injectedMarker + "\x1b[2J\x1b[31m",
	injectedMarker + "\x00",
	injectedMarker + "\x7f\x9b31m",
	injectedMarker + `"}{"msg":"forged"`,
	injectedMarker + `\r\n\"'` + "`",
	injectedMarker + "\xff\xfe\xc3\x28",
	injectedMarker + "\u202e\u2028\u2029\ufeff",
	injectedMarker + "ÄÖ漢字🐎",
	injectedMarker + "'; DROP TABLE \"user\"; --",
	injectedMarker + "${jndi:ldap://x}{{7*7}}<script>",
	injectedMarker + "%s%n%d%x",
	"\r\nX-Injected: yes",
	"",
	" ",
	strings.Repeat(injectedMarker, 1000),
}

// attack changes a valid request into a malicious one.
type attack struct {
	name   string
	change func(rawRequest) rawRequest
}

func allAttacks() (all []attack) {
	addAttack := func(name string, change func(rawRequest) rawRequest) { all = append(all, attack{name, change}) }
	addAttack("unchanged", func(r rawRequest) rawRequest { return r })
	for i, text := range specialTexts {
		for _, name := range []string{
			"Cookie", "Authorization", "Origin", "Referer", "User-Agent", "Content-Type", "X-Forwarded-For",
			"Cloudfront-Viewer-Address", "If-Match", "X-Request-Id", "Accept", "Forwarded", "X-Forwarded-Host",
			"Sec-Fetch-Site", "Access-Control-Request-Headers", "X-" + injectedMarker,
		} {
			addAttack(
				fmt.Sprintf("%s is specialTexts %d", name, i),
				func(r rawRequest) rawRequest { return r.withHeader(name, name+": "+text) },
			)
		}
		addAttack(fmt.Sprintf("cookies with specialTexts %d", i), func(r rawRequest) rawRequest {
			return r.withHeader("Cookie", "Cookie: better-auth.session_token="+text+"; better-auth.session_data="+text+
				"; better-auth.session_data.0="+text+"; better-auth.dont_remember="+text+"; better-auth."+text+
				"=x; __Secure-better-auth.session_token="+text)
		})
		addAttack(fmt.Sprintf("bearer specialTexts %d", i), func(r rawRequest) rawRequest {
			return r.withHeader("Authorization", "Authorization: Bearer "+text)
		})
		addAttack(fmt.Sprintf("query specialTexts %d", i), func(r rawRequest) rawRequest {
			q := percentEncode(text)
			return r.withTarget(r.target + "?token=" + q + "&callbackURL=" + q + "&callbackURL=/" + q + "&accountId=" + q +
				"&error=" + q + "&state=" + q + "&__proto__[x]=" + q)
		})
		addAttack(fmt.Sprintf("redirect to specialTexts %d", i), func(r rawRequest) rawRequest {
			return r.withTarget(r.target + "?token=x&callbackURL=/" + percentEncode(text))
		})
		addAttack(fmt.Sprintf("segment specialTexts %d", i), func(r rawRequest) rawRequest {
			return r.withTarget(r.target[:strings.LastIndexByte(r.target, '/')+1] + percentEncode(text))
		})
	}
	for name, body := range unusualRequestBodies() {
		addAttack("body is "+name, func(r rawRequest) rawRequest { r.body = body; return r })
		addAttack("form is "+name, func(r rawRequest) rawRequest {
			r.body = body
			return r.withHeader("Content-Type", "Content-Type: application/x-www-form-urlencoded")
		})
	}
	for _, media := range []string{
		"text/plain", "application/json; charset=utf-16", "application/json, text/html", "APPLICATION/JSON;",
		"multipart/form-data", "application/xml", "application/json\tx", ";", "application/json+x",
		"application/vnd.api+json",
	} {
		addAttack(
			"content type "+media,
			func(r rawRequest) rawRequest { return r.withHeader("Content-Type", "Content-Type: "+media) },
		)
	}
	addHeaderTwice := func(name, first, second string) {
		addAttack(name+" twice", func(r rawRequest) rawRequest {
			return r.withHeader(name, name+": "+first, name+": "+second)
		})
	}
	addHeaderTwice("Content-Type", "application/json", "text/"+injectedMarker)
	addHeaderTwice("Origin", "http://localhost:3000", "https://evil.example")
	addHeaderTwice("Authorization", "Bearer x", "Bearer y")
	addHeaderTwice("If-Match", "*", `"`+injectedMarker+`"`)
	addHeaderTwice("X-Forwarded-For", "1.2.3.4", "::1")
	addHeaderTwice("User-Agent", "a", injectedMarker)
	addHeaderTwice("Content-Length", "0", "9")
	addHeaderTwice("Host", "a", "b")
	addAttack("10,000 cookies", func(r rawRequest) rawRequest {
		return r.withHeader("Cookie", "Cookie: "+strings.Repeat("a=b; ", 10_000))
	})
	addAttack("300 lines of cookies", func(r rawRequest) rawRequest {
		return r.withHeader("Cookie", formatNumbers("Cookie: better-auth.session_data.%d=x", 300)...)
	})
	addAttack("1,000 chunks of a cache cookie", func(r rawRequest) rawRequest {
		return r.withHeader("Cookie", "Cookie: "+strings.Join(formatNumbers("better-auth.session_data.%d=x", 1000), "; "))
	})
	addAttack("2 MiB of headers", func(r rawRequest) rawRequest {
		return r.withHeader("X", "X: "+strings.Repeat("x", 2<<20))
	})
	for _, tag := range []string{
		`"1y2p0ij32e8e7"`, `"-1y2p0ij32e8e8"`, `"0"`, `"-1"`, `"zzzzzzzzzzzzzzzz"`, `W/"x"`, `"`, `"",,,"`,
		strings.Repeat(`"1",`, 20_000),
	} {
		addAttack(
			"If-Match "+tag[:min(len(tag), 20)],
			func(r rawRequest) rawRequest { return r.withHeader("If-Match", "If-Match: "+tag) },
		)
	}
	for _, method := range []string{
		"HEAD", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "PROPFIND", "get", "G@T", "QUERY",
	} {
		addAttack("method "+method, func(r rawRequest) rawRequest { r.method = method; return r })
	}
	for _, path := range []string{
		"//%s", "/.%s", "%s/", "%s//", "%s/..", "%s%%2f", "%s%%00", "%s%%", "%s;x=y", "/%%2e%%2e%s", "%s\\", "%s#x",
		"http://evil.example%s", "%s\x01",
	} {
		addAttack("path "+path, func(r rawRequest) rawRequest { return r.withTarget(fmt.Sprintf(path, r.target)) })
	}
	for _, length := range []string{"-", "0", "1", "-1", "99999", "18446744073709551616", "1e3", "0x10", " 5 5"} {
		addAttack("length "+length, func(r rawRequest) rawRequest {
			r.length, r.closesWrite = length, length == "99999"
			return r
		})
	}
	addChunkedBody := func(name, body string, lines ...string) {
		addAttack("chunks: "+name, func(r rawRequest) rawRequest {
			r.length, r.body, r.closesWrite = "-", body, !strings.HasSuffix(body, "\r\n\r\n")
			return r.withHeader("Transfer-Encoding", append([]string{"Transfer-Encoding: chunked"}, lines...)...)
		})
	}
	addChunkedBody("good", "2\r\n{}\r\n0\r\n\r\n")
	addChunkedBody("cut off", "ffff\r\n{}")
	addChunkedBody("no number", "xyz\r\n{}\r\n0\r\n\r\n")
	addChunkedBody("huge", "ffffffffffffffff\r\n{}")
	addChunkedBody("and a length", "2\r\n{}\r\n0\r\n\r\n", "Content-Length: 1")
	addChunkedBody("and a trailer", "2\r\n{}\r\n0\r\nX-Injected: yes\r\n\r\n", "Trailer: X-Injected")
	addChunkedBody("twice", "0\r\n\r\n", "Transfer-Encoding: chunked")
	addChunkedBody("and gzip", "0\r\n\r\n", "Transfer-Encoding: gzip")
	addAttack("Expect", func(r rawRequest) rawRequest { return r.withHeader("Expect", "Expect: 100-continue") })
	addAttack("unknown Expect", func(r rawRequest) rawRequest { return r.withHeader("Expect", "Expect: "+injectedMarker) })
	addAttack("Upgrade", func(r rawRequest) rawRequest {
		return r.withHeader("Upgrade", "Upgrade: websocket", "Connection: upgrade")
	})
	addAttack("method override", func(r rawRequest) rawRequest {
		return r.withHeader("X-Http-Method-Override", "X-HTTP-Method-Override: DELETE")
	})
	return all
}

// unusualRequestBodies returns request bodies by name: unusual JSON, and texts that are not JSON.
func unusualRequestBodies() map[string]string {
	fields := []string{
		"name", "email", "password", "newPassword", "currentPassword", "token", "callbackURL", "redirectTo",
		"errorCallbackURL", "newUserCallbackURL", "newEmail", "image", "rememberMe", "provider", "providerId",
		"accountId", "userId", "revokeOtherSessions", "age_range", "time_per_week", "preferred_language",
	}
	inEveryField := func(value string) string {
		pairs := make([]string, len(fields))
		for i, name := range fields {
			pairs[i] = `"` + name + `":` + value
		}
		return "{" + strings.Join(pairs, ",") + "}"
	}
	all := map[string]string{
		"deep in lists":   strings.Repeat("[", 9_999) + strings.Repeat("]", 9_999),
		"too deep":        strings.Repeat("[", 1<<20),
		"deep in objects": strings.Repeat(`{"a":`, 9_999) + "1" + strings.Repeat("}", 9_999),
		"too large":       `"` + strings.Repeat("x", 1<<20) + `"`,
		"prototypes": `{"__proto__":{"admin":true},"constructor":{"prototype":{"x":1}},` +
			`"toString":1,"hasOwnProperty":null,"email":{"__proto__":null}}`,
		"the same key twice": `{"email":"a@b.co","email":5,"EMAIL":"c@d.co",` +
			`"password":"x","password":null,"token":[],"token":"x"}`,
		"100,000 keys":    `{"a":0` + strings.Join(formatNumbers(`,"%d":0`, 100_000), "") + `}`,
		"cut off":         `{"email":"a@b.co`,
		"two values":      `{}{}`,
		"a comment":       `{/**/}`,
		"UTF-16":          "\xff\xfe{\x00}\x00",
		"a BOM":           "\ufeff{}",
		"NaN":             `{"time_per_week":NaN}`,
		"text":            `"x"`,
		"null":            "null",
		"a number":        "1e308",
		"space only":      " \r\n\t",
		"bytes":           "\x00\x01\xff",
		"a form":          "email=a&email=b&%zz=%&a[b]=c&=&&&__proto__=x",
		"lone surrogates": inEveryField(`"\ud800\udfff\udc00"`),
		"NUL":             inEveryField(`"\u0000"`),
		"invalid UTF-8":   inEveryField("\"\xff\xc3(\""),
	}
	for i, value := range []string{
		"null", "true", "0", "-0", "-1", "1e400", "1e308", "9007199254740993", "2147483647.5", "2147483648", "[]", "{}",
		`[["x"]]`, `{"toString":"x"}`, `""`, `" "`, `"` + strings.Repeat("x", 100_000) + `"`,
		`"a@` + strings.Repeat("a.", 20_000) + `co"`, `"` + strings.Repeat("a@", 20_000) + `"`,
		`"https://evil.example"`, `"/\\evil.example"`, `"/%0d%0aX-Injected: yes"`, `"javascript:alert(1)"`,
		`"` + injectedMarker + `\r\nX-Injected: yes"`, `"\u202e\u001b[2J"`, `"ada@example.com"`, `"correct horse"`,
		`"credential"`,
	} {
		all[fmt.Sprintf("value %d", i)] = inEveryField(value)
	}
	return all
}

func (r rawRequest) withTarget(target string) rawRequest { r.target = target; return r }

// formatNumbers returns n texts: the format with the numbers from 0 to n-1.
func formatNumbers(format string, n int) []string {
	lines := make([]string, n)
	for i := range lines {
		lines[i] = fmt.Sprintf(format, i)
	}
	return lines
}

// percentEncode percent-encodes the characters of a text that a query or a path cannot contain. It does not encode %,
// so that texts with percent-encoded characters stay as they are.
func percentEncode(text string) string {
	var out strings.Builder
	for _, b := range []byte(text) {
		if b == '%' || b > ' ' && b < 0x7f && !strings.ContainsRune("?#&", rune(b)) {
			out.WriteByte(b)
		} else {
			fmt.Fprintf(&out, "%%%02x", b)
		}
	}
	return out.String()
}
