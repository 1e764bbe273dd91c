package auth_test

import "testing"

// Without a configured provider, get-access-token and refresh-token return the same errors.
func TestProviderTokensAnswerLikeBetterAuth(t *testing.T) {
	t.Parallel()
	for _, path := range []string{"/api/auth/get-access-token", "/api/auth/refresh-token"} {
		s := newServer(t)
		p, bob := s.signUp("ada"), s.signUp("bob")
		google, foreign := s.addAccount(p, "google", ""), s.addAccount(bob, "google", "")
		credential := query[string](s, `SELECT id::text FROM account WHERE "userId" = $1 AND "providerId" = 'credential'`,
			p.id)
		accounts := query[string](s, `SELECT string_agg(a::text, ';' ORDER BY id) FROM account a`)
		var rows []routeCase
		for _, body := range []string{
			``, `{}`, `[]`, `null`, `"x"`, `{"accountId":5}`, `{"accountId":null}`, `{"accountId":["x"]}`, `{"userId":"x"}`,
			`{"accountId":"x","userId":null}`,
			`{"useAccountCookie":false}`, `{"useAccountCookie":"true"}`, `{"useAccountCookie":1}`,
			`{"accountId":"x","useAccountCookie":true}`, `{"useAccountCookie":true,"userId":5,"foo":1}`,
		} {
			rows = append(rows, routeCase{name: body, body: body, status: 400, want: validationReply("[body] Invalid input")})
		}
		s.checkCases("POST", path, append(rows,
			routeCase{
				name: "unknown key", body: `{"accountId":"x","providerId":"google"}`, status: 400,
				want: validationReply(`[body] Unrecognized key: "providerId"`),
			},
			routeCase{
				name: "useAccountCookie with an account", body: `{"accountId":"x","useAccountCookie":false}`, status: 400,
				want: validationReply(`[body] Unrecognized key: "useAccountCookie"`),
			},
			routeCase{
				name: "useAccountCookie with an unknown key", body: `{"useAccountCookie":true,"foo":1}`, status: 400,
				want: validationReply(`[body] Unrecognized key: "foo"`),
			},
			routeCase{
				name: "unknown keys", body: `{"accountId":"x","bar":1,"foo":2}`, status: 400,
				want: validationReply(`[body] Unrecognized keys: "bar", "foo"`),
			},
			routeCase{name: "no session", body: `{"accountId":"` + google + `"}`, status: 401, want: ""},
			routeCase{
				name: "no session, with a user", body: `{"accountId":"` + google + `","userId":"` + p.id + `"}`, status: 401,
				want: "",
			},
			routeCase{name: "no session, by cookie", body: `{"useAccountCookie":true}`, status: 401, want: ""},
			routeCase{name: "unknown account", who: p, body: `{"accountId":"x"}`, status: 400, want: accountNotFoundReply},
			routeCase{name: "empty account", who: p, body: `{"accountId":""}`, status: 400, want: accountNotFoundReply},
			routeCase{name: "NUL", who: p, body: `{"accountId":"a\u0000"}`, status: 400, want: accountNotFoundReply},
			routeCase{
				name: "account of another user", who: p, body: `{"accountId":"` + foreign + `"}`, status: 400,
				want: accountNotFoundReply,
			},
			routeCase{
				name:   "account of another user, with that user's id",
				who:    p,
				body:   `{"accountId":"` + foreign + `","userId":"` + bob.id + `"}`,
				status: 400,
				want:   accountNotFoundReply,
			},
			routeCase{name: "by cookie", who: p, body: `{"useAccountCookie":true}`, status: 400, want: accountNotFoundReply},
			routeCase{
				name: "by cookie, with a user", who: p, body: `{"useAccountCookie":true,"userId":"x"}`, status: 400,
				want: accountNotFoundReply,
			},
			routeCase{
				name: "own password account", who: p, body: `{"accountId":"` + credential + `"}`, status: 400,
				want: `{"message":"Provider credential is not supported.","code":"PROVIDER_NOT_SUPPORTED"}`,
			},
			routeCase{
				name: "own account", who: p, body: `{"accountId":"` + google + `"}`, status: 400,
				want: `{"message":"Provider google is not supported.","code":"PROVIDER_NOT_SUPPORTED"}`,
			},
		))
		if after := query[string](s, `SELECT string_agg(a::text, ';' ORDER BY id) FROM account a`); after != accounts {
			t.Errorf("%s: the requests changed the accounts from\n%s\nto\n%s\nwant no change", path, accounts, after)
		}
	}
}
