package auth_test

import "testing"

func TestLinkSocialAnswersLikeBetterAuth(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	p := s.signUp("ada")
	s.checkCases("POST", "/api/auth/link-social", append(socialRequestCases(p),
		routeCase{name: "no session", body: `{"provider":"google"}`, status: 401, want: unauthorizedReply},
		routeCase{name: "id token", body: `{"provider":"x","idToken":{"token":"a","nonce":5,"accessToken":1,` +
			`"refreshToken":2,"expiresAt":"x","user":5}}`, status: 400, want: validationReply(
			wrongTypeProblem("body.idToken.nonce", "string", "number"), wrongTypeProblem("body.idToken.accessToken", "string",
				"number"), wrongTypeProblem("body.idToken.refreshToken", "string", "number"))},
		routeCase{
			name: "everything", body: `{"newUserCallbackURL":0,"errorCallbackURL":0,"callbackURL":0,"disableRedirect":0,` +
				`"idToken":0,"scopes":0,"requestSignUp":0,"loginHint":0,"additionalParams":0,"additionalData":0}`,
			status: 400, want: validationReply(
				wrongTypeProblem(
					"body.callbackURL",
					"string",
					"number",
				),
				"[body.provider] Invalid input",
				wrongTypeProblem("body.idToken",
					"object", "number"),
				wrongTypeProblem("body.requestSignUp", "boolean", "number"),
				wrongTypeProblem("body.scopes", "array", "number"),
				wrongTypeProblem("body.errorCallbackURL", "string",
					"number"),
				wrongTypeProblem("body.disableRedirect", "boolean", "number"),
				wrongTypeProblem("body.loginHint", "string", "number"),
				wrongTypeProblem("body.additionalParams", "record",
					"number"),
				wrongTypeProblem("body.additionalData", "record", "number"),
			),
		},
	))
	if n := query[int](s, `SELECT count(*) FROM account`); n != 1 {
		t.Errorf("after requests that all failed: got %d accounts, want 1", n)
	}
}
