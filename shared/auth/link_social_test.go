package auth_test

import "testing"

func TestLinkSocialAnswersLikeBetterAuth(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	p := s.signUp("ada")
	s.checkRows("POST", "/api/auth/link-social", append(socialRows(p),
		row{name: "no session", body: `{"provider":"google"}`, status: 401, want: unauthorized},
		row{name: "id token", body: `{"provider":"x","idToken":{"token":"a","nonce":5,"accessToken":1,` +
			`"refreshToken":2,"expiresAt":"x","user":5}}`, status: 400, want: invalid(
			wrongType("body.idToken.nonce", "string", "number"), wrongType("body.idToken.accessToken", "string",
				"number"), wrongType("body.idToken.refreshToken", "string", "number"))},
		row{
			name: "everything", body: `{"newUserCallbackURL":0,"errorCallbackURL":0,"callbackURL":0,"disableRedirect":0,` +
				`"idToken":0,"scopes":0,"requestSignUp":0,"loginHint":0,"additionalParams":0,"additionalData":0}`,
			status: 400, want: invalid(
				wrongType("body.callbackURL", "string", "number"), "[body.provider] Invalid input", wrongType("body.idToken",
					"object", "number"), wrongType("body.requestSignUp", "boolean", "number"),
				wrongType("body.scopes", "array", "number"), wrongType("body.errorCallbackURL", "string",
					"number"), wrongType("body.disableRedirect", "boolean", "number"),
				wrongType("body.loginHint", "string", "number"), wrongType("body.additionalParams", "record",
					"number"), wrongType("body.additionalData", "record", "number")),
		},
	))
	if n := query[int](s, `SELECT count(*) FROM account`); n != 1 {
		t.Errorf("after requests that all failed: got %d accounts, want 1", n)
	}
}
