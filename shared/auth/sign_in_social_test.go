package auth_test

import "testing"

const (
	socialPath               = "/api/auth/sign-in/social"
	reservedParameterProblem = "[body.additionalParams] additionalParams cannot include reserved OAuth parameters: " +
		"state, client_id, redirect_uri, response_type, code_challenge, code_challenge_method, nonce, scope"
)

// socialRequestCases returns requests to which sign-in/social and link-social have the same response. who is the client
// of the requests that need a session on link-social.
func socialRequestCases(who signedInClient) []routeCase {
	rows := casesWithoutJSONObject("object")
	for _, body := range []string{`{}`, `{"provider":null}`, `{"provider":5}`, `{"provider":["google"]}`} {
		rows = append(
			rows,
			routeCase{name: body, body: body, status: 400, want: validationReply("[body.provider] Invalid input")},
		)
	}
	for _, more := range []string{
		``, `,"foo":1`, `,"callbackURL":""`, `,"callbackURL":"/a","newUserCallbackURL":"/b","errorCallbackURL":"/c"`,
		`,"idToken":{"token":"a"}`, `,"scopes":[]`,
		`,"additionalParams":{"a":"b"}`, `,"additionalData":{"a":[1]}`,
		`,"disableRedirect":true,"requestSignUp":false,"loginHint":"x"`,
	} {
		rows = append(rows, routeCase{
			name: more, who: who, body: `{"provider":"google"` + more + `}`, status: 404,
			want: providerNotFoundReply,
		})
	}
	for _, provider := range []string{"", "__proto__", "constructor", "toString", "nul\\u0000", "credential"} {
		rows = append(rows, routeCase{
			name: provider, who: who, body: `{"provider":"` + provider + `"}`, status: 404,
			want: providerNotFoundReply,
		})
	}
	for _, c := range []struct{ more, fault string }{
		{`"callbackURL":null`, wrongTypeProblem("body.callbackURL", "string", "null")},
		{`"errorCallbackURL":false`, wrongTypeProblem("body.errorCallbackURL", "string", "boolean")},
		{`"idToken":null`, wrongTypeProblem("body.idToken", "object", "null")},
		{`"idToken":[]`, wrongTypeProblem("body.idToken", "object", "array")},
		{`"idToken":{}`, wrongTypeProblem("body.idToken.token", "string", "undefined")},
		{`"scopes":"a"`, wrongTypeProblem("body.scopes", "array", "string")},
		{`"scopes":{}`, wrongTypeProblem("body.scopes", "array", "object")},
		{`"scopes":["a",5,null]`, wrongTypeProblem("body.scopes.1", "string", "number") + "; " +
			wrongTypeProblem("body.scopes.2", "string", "null")},
		{`"requestSignUp":"x"`, wrongTypeProblem("body.requestSignUp", "boolean", "string")},
		{`"disableRedirect":"x"`, wrongTypeProblem("body.disableRedirect", "boolean", "string")},
		{`"loginHint":5`, wrongTypeProblem("body.loginHint", "string", "number")},
		{`"additionalParams":[]`, wrongTypeProblem("body.additionalParams", "record", "array")},
		{`"additionalParams":{"a":5,"b":null}`, wrongTypeProblem("body.additionalParams.a", "string", "number") + "; " +
			wrongTypeProblem("body.additionalParams.b", "string", "null")},
		{`"additionalParams":{"state":"x"}`, reservedParameterProblem},
		{`"additionalParams":{"state":"x","a":5}`, wrongTypeProblem("body.additionalParams.a", "string", "number")},
		{`"additionalData":5`, wrongTypeProblem("body.additionalData", "record", "number")},
		{`"additionalData":[]`, wrongTypeProblem("body.additionalData", "record", "array")},
	} {
		rows = append(
			rows,
			routeCase{name: c.more, body: `{"provider":"x",` + c.more + `}`, status: 400, want: validationReply(c.fault)},
		)
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
		rows = append(rows, routeCase{name: c.more, body: `{"provider":"x",` + c.more + `}`, status: c.status, want: c.want})
	}
	return rows
}

func TestSignInSocialAnswersLikeBetterAuth(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	s.checkCases("POST", socialPath, append(socialRequestCases(signedInClient{}),
		routeCase{name: "id token", body: `{"provider":"x","idToken":{"token":"a","nonce":5,"accessToken":1,` +
			`"refreshToken":2,"expiresAt":"x","user":5}}`, status: 400, want: validationReply(
			wrongTypeProblem("body.idToken.nonce", "string", "number"),
			wrongTypeProblem("body.idToken.accessToken", "string",
				"number"),
			wrongTypeProblem("body.idToken.refreshToken", "string", "number"),
			wrongTypeProblem(
				"body.idToken.expiresAt",
				"number",
				"string",
			),
			wrongTypeProblem("body.idToken.user", "object", "number"),
		)},
		routeCase{name: "user", body: `{"provider":"x","idToken":{"token":"a","user":{"name":{"firstName":5,"lastName":[]},` +
			`"email":5}}}`, status: 400, want: validationReply(
			wrongTypeProblem(
				"body.idToken.user.name.firstName",
				"string",
				"number",
			),
			wrongTypeProblem("body.idToken.user.name.lastName",
				"string", "array"),
			wrongTypeProblem("body.idToken.user.email", "string", "number"),
		)},
		routeCase{
			name: "everything", body: `{"newUserCallbackURL":0,"errorCallbackURL":0,"callbackURL":0,"disableRedirect":0,` +
				`"idToken":0,"scopes":0,"requestSignUp":0,"loginHint":0,"additionalParams":0,"additionalData":0}`,
			status: 400, want: validationReply(
				wrongTypeProblem("body.callbackURL", "string", "number"),
				wrongTypeProblem("body.newUserCallbackURL", "string",
					"number"),
				wrongTypeProblem("body.errorCallbackURL", "string", "number"),
				"[body.provider] Invalid input",
				wrongTypeProblem("body.disableRedirect", "boolean", "number"),
				wrongTypeProblem("body.idToken",
					"object", "number"),
				wrongTypeProblem("body.scopes", "array", "number"),
				wrongTypeProblem("body.requestSignUp", "boolean", "number"),
				wrongTypeProblem("body.loginHint", "string",
					"number"),
				wrongTypeProblem("body.additionalParams", "record", "number"),
				wrongTypeProblem("body.additionalData", "record", "number"),
			),
		},
	))
	if n := query[int](s, `SELECT (SELECT count(*) FROM "user") + (SELECT count(*) FROM session)`); n != 0 {
		t.Errorf("after social sign-ins without a configured provider: got %d users and sessions, want none", n)
	}
}
