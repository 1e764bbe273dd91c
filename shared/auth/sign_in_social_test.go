package auth_test

import "testing"

const (
	socialPath = "/api/auth/sign-in/social"
	reserved   = "[body.additionalParams] additionalParams cannot include reserved OAuth parameters: " +
		"state, client_id, redirect_uri, response_type, code_challenge, code_challenge_method, nonce, scope"
)

// socialRows returns requests to which sign-in/social and link-social have the same response. who is the client of the
// requests that need a session on link-social.
func socialRows(who client) []row {
	rows := notObjectRows("object")
	for _, body := range []string{`{}`, `{"provider":null}`, `{"provider":5}`, `{"provider":["google"]}`} {
		rows = append(rows, row{name: body, body: body, status: 400, want: invalid("[body.provider] Invalid input")})
	}
	for _, more := range []string{
		``, `,"foo":1`, `,"callbackURL":""`, `,"callbackURL":"/a","newUserCallbackURL":"/b","errorCallbackURL":"/c"`,
		`,"idToken":{"token":"a"}`, `,"scopes":[]`,
		`,"additionalParams":{"a":"b"}`, `,"additionalData":{"a":[1]}`,
		`,"disableRedirect":true,"requestSignUp":false,"loginHint":"x"`,
	} {
		rows = append(rows, row{
			name: more, who: who, body: `{"provider":"google"` + more + `}`, status: 404,
			want: providerNotFound,
		})
	}
	for _, provider := range []string{"", "__proto__", "constructor", "toString", "nul\\u0000", "credential"} {
		rows = append(rows, row{
			name: provider, who: who, body: `{"provider":"` + provider + `"}`, status: 404,
			want: providerNotFound,
		})
	}
	for _, c := range []struct{ more, fault string }{
		{`"callbackURL":null`, wrongType("body.callbackURL", "string", "null")},
		{`"errorCallbackURL":false`, wrongType("body.errorCallbackURL", "string", "boolean")},
		{`"idToken":null`, wrongType("body.idToken", "object", "null")},
		{`"idToken":[]`, wrongType("body.idToken", "object", "array")},
		{`"idToken":{}`, wrongType("body.idToken.token", "string", "undefined")},
		{`"scopes":"a"`, wrongType("body.scopes", "array", "string")},
		{`"scopes":{}`, wrongType("body.scopes", "array", "object")},
		{`"scopes":["a",5,null]`, wrongType("body.scopes.1", "string", "number") + "; " +
			wrongType("body.scopes.2", "string", "null")},
		{`"requestSignUp":"x"`, wrongType("body.requestSignUp", "boolean", "string")},
		{`"disableRedirect":"x"`, wrongType("body.disableRedirect", "boolean", "string")},
		{`"loginHint":5`, wrongType("body.loginHint", "string", "number")},
		{`"additionalParams":[]`, wrongType("body.additionalParams", "record", "array")},
		{`"additionalParams":{"a":5,"b":null}`, wrongType("body.additionalParams.a", "string", "number") + "; " +
			wrongType("body.additionalParams.b", "string", "null")},
		{`"additionalParams":{"state":"x"}`, reserved},
		{`"additionalParams":{"state":"x","a":5}`, wrongType("body.additionalParams.a", "string", "number")},
		{`"additionalData":5`, wrongType("body.additionalData", "record", "number")},
		{`"additionalData":[]`, wrongType("body.additionalData", "record", "array")},
	} {
		rows = append(rows, row{name: c.more, body: `{"provider":"x",` + c.more + `}`, status: 400, want: invalid(c.fault)})
	}
	for _, c := range []struct {
		more, want string
		status     int
	}{
		{`"callbackURL":5`, `{"message":"Invalid callbackURL: expected a string"}`, 400},
		{`"callbackURL":["/"]`, `{"message":"Invalid callbackURL: expected a string"}`, 400},
		{`"callbackURL":"https://evil.example"`, `{"message":"Invalid callbackURL","code":"INVALID_CALLBACK_URL"}`, 403},
		{
			`"errorCallbackURL":"//evil.example"`, `{"message":"Invalid errorCallbackURL","code":"INVALID_ERROR_CALLBACK_URL"}`,
			403,
		},
		{
			`"newUserCallbackURL":"/\\evil.example"`,
			`{"message":"Invalid newUserCallbackURL","code":"INVALID_NEW_USER_CALLBACK_URL"}`, 403,
		},
	} {
		rows = append(rows, row{name: c.more, body: `{"provider":"x",` + c.more + `}`, status: c.status, want: c.want})
	}
	return rows
}

func TestSignInSocialAnswersLikeBetterAuth(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	s.checkRows("POST", socialPath, append(socialRows(client{}),
		row{name: "id token", body: `{"provider":"x","idToken":{"token":"a","nonce":5,"accessToken":1,` +
			`"refreshToken":2,"expiresAt":"x","user":5}}`, status: 400, want: invalid(
			wrongType("body.idToken.nonce", "string", "number"), wrongType("body.idToken.accessToken", "string",
				"number"), wrongType("body.idToken.refreshToken", "string", "number"),
			wrongType("body.idToken.expiresAt", "number", "string"), wrongType("body.idToken.user", "object", "number"))},
		row{name: "user", body: `{"provider":"x","idToken":{"token":"a","user":{"name":{"firstName":5,"lastName":[]},` +
			`"email":5}}}`, status: 400, want: invalid(
			wrongType("body.idToken.user.name.firstName", "string", "number"), wrongType("body.idToken.user.name.lastName",
				"string", "array"),
			wrongType("body.idToken.user.email", "string", "number"))},
		row{
			name: "everything", body: `{"newUserCallbackURL":0,"errorCallbackURL":0,"callbackURL":0,"disableRedirect":0,` +
				`"idToken":0,"scopes":0,"requestSignUp":0,"loginHint":0,"additionalParams":0,"additionalData":0}`,
			status: 400, want: invalid(
				wrongType("body.callbackURL", "string", "number"), wrongType("body.newUserCallbackURL", "string",
					"number"), wrongType("body.errorCallbackURL", "string", "number"),
				"[body.provider] Invalid input", wrongType("body.disableRedirect", "boolean", "number"), wrongType("body.idToken",
					"object", "number"), wrongType("body.scopes", "array", "number"),
				wrongType("body.requestSignUp", "boolean", "number"), wrongType("body.loginHint", "string",
					"number"), wrongType("body.additionalParams", "record", "number"),
				wrongType("body.additionalData", "record", "number")),
		},
	))
	if n := query[int](s, `SELECT (SELECT count(*) FROM "user") + (SELECT count(*) FROM session)`); n != 0 {
		t.Errorf("after social sign-ins without a configured provider: got %d users and sessions, want none", n)
	}
}
