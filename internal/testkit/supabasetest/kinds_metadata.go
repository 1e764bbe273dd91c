package supabasetest

import (
	"fmt"
	"strings"
)

// metadataDocuments are examples of raw_user_meta_data, in which a user can store any JSON. weight is that of the user
// kind.
var metadataDocuments = []struct {
	name   string
	weight int
	json   string
}{
	{"metadata array", 1, `["name", {"name": "nested"}, 1]`},
	{"metadata text", 1, `"just text"`},
	{"metadata number", 1, `12345678901234567890123`},
	{"metadata true", 1, `true`},
	{"metadata JSON null", 1, `null`},
	{"metadata numbers", 1, `{"id": 12345678901234567890123, "price": 1.10, "tiny": 1e-30, "zero": -0.0, "big": 1e400}`},
	{
		"metadata nulls",
		1,
		`{"name": null, "full_name": null, "avatar_url": null, "deep": {"gone": null, "list": [null, null]}}`,
	},
	{
		"metadata control characters",
		1,
		`{"name": "bell\u0007 escape\u001b[31m delete\u007f c1\u0085 end", "bio": "\u0001\u0002\u001f\ufeff\ufffe"}`,
	},
	{
		"metadata odd keys",
		1,
		`{"": "empty", " ": 1, "__proto__": {"admin": true}, "constructor": 1, "a.b": 2, "$ref": "#", "ключ\n": 3, "\"": 4}`,
	},
	{"metadata lone surrogate", 1, `{"name": "\ufffd", "bio": "cut \ufffd off"}`},
	{
		"metadata injected",
		1,
		`{"name": "'); DROP TABLE \"user\"; --", "bio": "<script>alert(1)</script>", "x": "{{7*7}} ${7*7} %s \\N \\."}`,
	},
	{"name empty", 1, `{"name": "", "full_name": ""}`},
	{"name blank", 2, `{"name": " \t ", "full_name": "Second Choice"}`},
	{"name of no-break spaces", 1, `{"name": "\u00a0\u2003\u200b"}`},
	{
		"name a number",
		1,
		`{"name": 42, "full_name": ["A"], "username": {"a": 1}, "user_name": true, "preferred_username": "fifth"}`,
	},
	{"full_name only", 4, `{"full_name": "Full Name"}`},
	{"username only", 1, `{"username": "username"}`},
	{"user_name only", 1, `{"user_name": "user_name"}`},
	{"picture only", 1, `{"name": "Picture", "avatar_url": "", "picture": "https://img.example/p.png"}`},
	{"avatar not a text", 1, `{"name": "Avatar", "avatar_url": {"url": "x"}, "picture": 7}`},
	{"name with spaces around", 1, `{"name": "  Spaced Out  "}`},
	{"name with emoji", 2, `{"name": "Zoë 👩‍👩‍👧‍👦 🏳️‍🌈 O’Neil"}`},
	{"name from right to left", 2, `{"name": "\u202eمحمد עברית\u202c"}`},
	{"name with combining marks", 1, `{"name": "Z\u0351\u036b\u0343a\u0300\u0301\u0302 e\u0301"}`},
	{
		"name with newlines, tabs, backslashes, quotes",
		1,
		`{"name": "line\nnext\r\n\ttab \\N \\. \"double\" 'single' back\\slash, comma"}`,
	},
	{"name of one character beyond the basic plane", 1, `{"name": "𝕏"}`},
}

func metadataKinds() []userKind {
	all := []userKind{
		specialUserKind("metadata null", 2, func(_ *generator, a *account) {
			a.user["raw_user_meta_data"], a.user["raw_app_meta_data"] = nil, nil
		}),
		specialUserKind("metadata of a megabyte", 0, func(g *generator, a *account) {
			a.user["raw_user_meta_data"] = jsonObject("name", "Megabyte", "blob", strings.Repeat(g.randomHex(512), 1024))
		}),
		specialUserKind("metadata deeply nested", 1, func(_ *generator, a *account) {
			a.user["raw_user_meta_data"] = strings.Repeat(`{"a":[`, 300) + "1" + strings.Repeat("]}", 300)
		}),
		specialUserKind("metadata of a thousand keys", 1, func(g *generator, a *account) {
			pairs := []any{"name", "Thousand"}
			for i := range 1000 {
				// So long that no time or checksum of a report contains the number by chance.
				pairs = append(pairs, fmt.Sprintf("key_%d", i), 1e12+g.rng.IntN(1e6))
			}
			a.user["raw_user_meta_data"] = jsonObject(pairs...)
		}),
		specialUserKind("name of ten thousand characters", 1, func(_ *generator, a *account) {
			a.user["raw_user_meta_data"] = jsonObject("name", strings.Repeat("Long näme ", 1000))
		}),
		specialUserKind("roles in app metadata", 8, func(_ *generator, a *account) {
			a.user["raw_app_meta_data"] = `{"provider": "email", "providers": ["email"], "roles": ["admin", "editor"], ` +
				`"quota": 1.50, "tenant": null}`
		}),
		specialUserKind(
			"app metadata array",
			1,
			func(_ *generator, a *account) { a.user["raw_app_meta_data"] = `["email"]` },
		),
		specialUserKind("app metadata text", 1, func(_ *generator, a *account) { a.user["raw_app_meta_data"] = `"email"` }),
	}
	for _, d := range metadataDocuments {
		all = append(
			all,
			specialUserKind(d.name, d.weight, func(_ *generator, a *account) { a.user["raw_user_meta_data"] = d.json }),
		)
	}
	return all
}
