package web_test

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/xenon-auth/xenon/shared/config"
	"github.com/xenon-auth/xenon/shared/web"
)

func TestDecodeReadsNestedObjects(t *testing.T) {
	t.Parallel()
	type named struct {
		First *string `json:"first"`
	}
	type inner struct {
		Token string   `json:"token"`
		Until *float64 `json:"until"`
		Name  *named   `json:"name"`
	}
	routes := web.Routes{"POST /x": func(w http.ResponseWriter, r *http.Request) error {
		var in struct {
			Provider string               `json:"provider" check:"choice"`
			Inner    *inner               `json:"inner"`
			Scopes   []string             `json:"scopes"`
			Params   map[string]string    `json:"params"`
			Data     map[string]any       `json:"data"`
			Image    web.Nullable[string] `json:"image"`
		}
		if err := web.ReadBody(w, r, false); err != nil {
			return err
		}
		if err := web.Decode(r, &in); err != nil {
			return err
		}
		return web.WriteJSON(w, 200, in)
	}}.Mux(config.API{})
	const empty = `{"provider":"","inner":null,"scopes":null,"params":null,"data":null,"image":{"Present":false,` +
		`"Value":null}}`
	for _, c := range []struct{ body, want string }{
		{`{"provider":""}`, empty},
		{`{"provider":"","unknown":1}`, empty},
		{
			`{"provider":"p","inner":{"token":"t","until":1.5,"name":{"first":"f"}},"scopes":["a"],"params":{"k":"v"},` +
				`"data":{"d":[1,null]},"image":"i"}`,
			`{"provider":"p","inner":{"token":"t","until":1.5,"name":{"first":"f"}},"scopes":["a"],"params":{"k":"v"},` +
				`"data":{"d":[1,null]},"image":{"Present":true,"Value":"i"}}`,
		},
		{
			`{"provider":"","image":null}`,
			`{"provider":"","inner":null,"scopes":null,"params":null,"data":null,"image":{"Present":true,"Value":null}}`,
		},
		{`{"provider":"","image":[]}`, `[body.image] Invalid input: expected string, received array`},
		{`{}`, `[body.provider] Invalid input`},
		{`{"provider":null}`, `[body.provider] Invalid input`},
		{
			`{"provider":["p"],"inner":null,"scopes":null,"params":null,"data":null}`,
			`[body.provider] Invalid input; [body.inner] Invalid input: expected object, received null; ` +
				`[body.scopes] Invalid input: expected array, received null; [body.params] Invalid input: expected record, ` +
				`received null; [body.data] Invalid input: expected record, received null`,
		},
		{
			`{"provider":"","inner":[],"scopes":{},"params":[]}`,
			`[body.inner] Invalid input: expected object, received array; ` +
				`[body.scopes] Invalid input: expected array, received object; [body.params] Invalid input: expected record, ` +
				`received array`,
		},
		{
			`{"provider":"","inner":{"until":"1","name":{"first":1}}}`,
			`[body.inner.token] Invalid input: expected string, received undefined; ` +
				`[body.inner.until] Invalid input: expected number, received string; [body.inner.name.first] Invalid input: ` +
				`expected string, received number`,
		},
		{
			`{"provider":"","scopes":["a",1,null]}`,
			`[body.scopes.1] Invalid input: expected string, received number; [body.scopes.2] Invalid input: expected string,` +
				` received null`,
		},
		{
			`{"provider":"","params":{"b":null,"a":1,"c":"ok"}}`,
			`[body.params.a] Invalid input: expected string, received number; [body.params.b] Invalid input: expected string,` +
				` received null`,
		},
	} {
		status, body := sendRequest(t, routes, "POST", "/x", "application/json", c.body)
		var e struct{ Message, Code string }
		if status != 200 {
			if err := json.Unmarshal([]byte(body), &e); err != nil || status != 400 || e.Code != "VALIDATION_ERROR" {
				t.Errorf("body %s: got %d %s, want 400 VALIDATION_ERROR", c.body, status, body)
			}
			body = e.Message
		}
		if body != c.want {
			t.Errorf("body %s: got %s\nwant %s", c.body, body, c.want)
		}
	}
}

func TestQueryIsReadAsBetterAuthReadsIt(t *testing.T) {
	t.Parallel()
	for raw, want := range map[string]map[string]any{
		"":                   {},
		"&&":                 {},
		"&a=1&&b=2&":         {"a": "1", "b": "2"},
		"a=%6":               {"a": "%6"},
		"a=%6g%g6%AF":        {"a": "%6g%g6\uFFFD"},
		"a=%aF%C3%a9%0A%9":   {"a": "\uFFFDé\n%9"},
		"a":                  {"a": ""},
		"a=":                 {"a": ""},
		"=x":                 {"": "x"},
		"a=1&b=2":            {"a": "1", "b": "2"},
		"a=1&a=2&a=":         {"a": []any{"1", "2", ""}},
		"a=x=y;z":            {"a": "x=y;z"},
		"a+b=c+d%2B":         {"a b": "c d+"},
		"a=%zz%4&b=%":        {"a": "%zz%4", "b": "%"},
		"a=%C3%A9%ff%00":     {"a": "é\uFFFD\x00"},
		"a=%6A%6a%E2%82%AC%": {"a": "jj€%"},
	} {
		r := httptest.NewRequest("GET", "/", nil)
		r.URL.RawQuery = raw
		if diff := cmp.Diff(want, web.Query(r)); diff != "" {
			t.Errorf("query %q: parameters (-want +got):\n%s", raw, diff)
		}
	}
}

func TestDecodeQueryAnswersLikeBetterAuth(t *testing.T) {
	t.Parallel()
	routes := web.Routes{"GET /x": func(w http.ResponseWriter, r *http.Request) error {
		var in struct {
			Token       string  `json:"token"`
			CallbackURL *string `json:"callbackURL"`
		}
		if err := web.DecodeQuery(r, &in); err != nil {
			return err
		}
		return web.WriteJSON(w, 200, in)
	}}.Mux(config.API{})
	for query, want := range map[string]string{
		"?token=t":                     `{"token":"t","callbackURL":null}`,
		"?token=&callbackURL=%2Fa&x=1": `{"token":"","callbackURL":"/a"}`,
		"": `{"message":"[query.token] Invalid input: expected string, received undefined",` +
			`"code":"VALIDATION_ERROR"}`,
		"?token=a&token=b": `{"message":"[query.token] Invalid input: expected string, received array",` +
			`"code":"VALIDATION_ERROR"}`,
		"?callbackURL=a&callbackURL=b": `{"message":"[query.token] Invalid input: expected string, received undefined; ` +
			`[query.callbackURL] Invalid input: expected string, received array","code":"VALIDATION_ERROR"}`,
		"?Token=t": `{"message":"[query.token] Invalid input: expected string, received undefined",` +
			`"code":"VALIDATION_ERROR"}`,
		"?token=%zz&callbackURL=%C3%A9": `{"token":"%zz","callbackURL":"é"}`,
	} {
		if _, body := sendRequest(t, routes, "GET", "/x"+query, "", ""); body != want {
			t.Errorf("query %q: got %s, want %s", query, body, want)
		}
	}
}

func TestIsTruthyFollowsJavaScript(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]bool{
		`null`: false, `false`: false, `0`: false, `-0`: false, `""`: false,
		`true`: true, `1`: true, `" "`: true, `[]`: true, `{}`: true, `"0"`: true,
	} {
		var v any
		if err := json.Unmarshal([]byte(text), &v); err != nil {
			t.Fatal(err)
		}
		if got := web.IsTruthy(v); got != want {
			t.Errorf("IsTruthy(%s) = %v, want %v", text, got, want)
		}
	}
}

// evenParams is a map type whose method Problem accepts only an even number of members.
type evenParams map[string]string

func (p evenParams) Problem() string {
	if len(p)%2 == 1 {
		return "expected an even number of members"
	}
	return ""
}

func TestDecodeChecksStringsListsAndMaps(t *testing.T) {
	t.Parallel()
	routes := web.Routes{"POST /x": func(w http.ResponseWriter, r *http.Request) error {
		var in struct {
			Name     *string                 `json:"name" check:"max=3"`
			Password *string                 `json:"password" check:"nonempty"`
			Email    *string                 `json:"email" check:"email"`
			Count    web.Nullable[float64]   `json:"count"`
			Params   evenParams              `json:"params"`
			Any      any                     `json:"any"`
			Maps     []map[string]evenParams `json:"maps"`
		}
		if err := web.ReadBody(w, r, false); err != nil {
			return err
		}
		if err := web.Decode(r, &in); err != nil {
			return err
		}
		return web.WriteJSON(w, 200, in.Any)
	}}.Mux(config.API{})
	problem := func(text string) string { return `{"message":"` + text + `","code":"VALIDATION_ERROR"}` }
	for body, want := range map[string]string{
		`{"name":"abc"}`:     `null`,
		`{"name":"abcd"}`:    problem("[body.name] Too big: expected string to have <=3 characters"),
		`{"name":"😀a"}`:      `null`,
		`{"name":"😀😀"}`:      problem("[body.name] Too big: expected string to have <=3 characters"),
		`{"password":"x"}`:   `null`,
		`{"password":""}`:    problem("[body.password] Too small: expected string to have >=1 characters"),
		`{"password":["x"]}`: problem("[body.password] Invalid input: expected string, received array"),
		`{"password":[]}`: problem("[body.password] Invalid input: expected string, received array; " +
			"[body.password] Too small: expected array to have >=1 items"),
		`{"name":[]}`:          problem("[body.name] Invalid input: expected string, received array"),
		`{"email":""}`:         problem("[body.email] Invalid email address"),
		`{"email":"a@b.co"}`:   `null`,
		`{"count":null}`:       `null`,
		`{"count":1}`:          `null`,
		`{"count":"1"}`:        problem("[body.count] Invalid input: expected number, received string"),
		`{"params":{}}`:        `null`,
		`{"params":{"a":"b"}}`: problem("[body.params] expected an even number of members"),
		`{"params":{"a":1}}`:   problem("[body.params.a] Invalid input: expected string, received number"),
		`{"params":{"a":1,"b":"c","d":"e"}}`: problem(
			"[body.params.a] Invalid input: expected string, received number"),
		`{"any":[1,"a",null]}`:       `[1,"a",null]`,
		`{"any":null}`:               `null`,
		`{"maps":[{"a":{"b":"c"}}]}`: problem("[body.maps.0.a] expected an even number of members"),
	} {
		if _, got := sendRequest(t, routes, "POST", "/x", "application/json", body); got != want {
			t.Errorf("body %s: got %s, want %s", body, got, want)
		}
	}
}
