package auth_test

import "testing"

const notConfiguredReply = `{"message":"Account is not associated with a configured social provider.",` +
	`"code":"PROVIDER_NOT_CONFIGURED"}`

func TestAccountInfoAnswersLikeBetterAuth(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	p, bob := s.signUp("ada"), s.signUp("bob")
	google, foreign := s.addAccount(p, "google", ""), s.addAccount(bob, "google", "")
	credential := query[string](s, `SELECT id::text FROM account WHERE "userId" = $1 AND "providerId" = 'credential'`,
		p.id)
	const none = "[query] Invalid input"
	s.checkCases("GET", "/api/auth/account-info", []routeCase{
		{name: "no session, no query", status: 400, want: validationReply(none)},
		{name: "empty query", body: "?", status: 400, want: validationReply(none)},
		{name: "only a user", body: "?userId=u", status: 400, want: validationReply(none)},
		{name: "only an unknown key", body: "?foo=1", status: 400, want: validationReply(none)},
		{name: "two accounts", body: "?accountId=a&accountId=b", status: 400, want: validationReply(none)},
		{name: "two users", body: "?accountId=x&userId=a&userId=b", status: 400, want: validationReply(none)},
		{name: "useAccountCookie as a string", body: "?useAccountCookie=true", status: 400, want: validationReply(none)},
		{
			name:   "unknown key",
			body:   "?accountId=x&foo=1",
			status: 400,
			want:   validationReply(`[query] Unrecognized key: "foo"`),
		},
		{
			name: "unknown keys", body: "?accountId=x&bar=1&foo=1", status: 400,
			want: validationReply(`[query] Unrecognized keys: "bar", "foo"`),
		},
		{
			name: "account and cookie", body: "?accountId=x&useAccountCookie=true", status: 400,
			want: validationReply(`[query] Unrecognized key: "useAccountCookie"`),
		},
		{name: "no session", body: "?accountId=" + google, status: 401, want: ""},
		{name: "no session, with a user", body: "?accountId=" + google + "&userId=" + p.id, status: 401, want: ""},
		{name: "unknown account", who: p, body: "?accountId=x", status: 400, want: accountNotFoundReply},
		{name: "empty account", who: p, body: "?accountId=", status: 400, want: accountNotFoundReply},
		{name: "invalid percent-encoding", who: p, body: "?accountId=%zz", status: 400, want: accountNotFoundReply},
		{name: "not UTF-8", who: p, body: "?accountId=%ff", status: 400, want: accountNotFoundReply},
		{name: "NUL", who: p, body: "?accountId=a%00b", status: 400, want: accountNotFoundReply},
		{name: "account of another user", who: p, body: "?accountId=" + foreign, status: 400, want: accountNotFoundReply},
		{
			name: "account of another user, with that user's id", who: p,
			body: "?accountId=" + foreign + "&userId=" + bob.id, status: 400, want: accountNotFoundReply,
		},
		{name: "own account", who: p, body: "?accountId=" + google, status: 400, want: notConfiguredReply},
		{name: "own password account", who: p, body: "?accountId=" + credential, status: 400, want: notConfiguredReply},
		{
			name: "own account, with another user's id", who: p, body: "?accountId=" + google + "&userId=" + bob.id, status: 400,
			want: notConfiguredReply,
		},
	})
	s.exec(`DELETE FROM session`)
	s.checkCases(
		"GET",
		"/api/auth/account-info",
		[]routeCase{
			{name: "session has ended", who: p, body: "?accountId=x", status: 401, want: "", cookies: clearedSessionCookies},
		},
	)
}
