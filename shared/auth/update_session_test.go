package auth_test

import "testing"

func TestUpdateSessionAnswersLikeBetterAuth(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	p := s.signUp("ada")
	before := query[string](s, `SELECT session::text FROM session`)
	rows := append(
		casesWithoutJSONObject("record"),
		routeCase{name: "no session", body: `{}`, status: 401, want: unauthorizedReply},
	)
	for _, body := range []string{
		`{}`, `{"foo":1}`, `{"token":"x"}`, `{"userId":"x"}`, `{"ipAddress":"x"}`, `{"id":"x"}`,
		`{"expiresAt":"2099-01-01T00:00:00.000Z"}`, `{"updatedAt":1}`,
	} {
		rows = append(rows, routeCase{name: body, who: p, body: body, status: 400, want: noFieldsReply})
	}
	s.checkCases("POST", "/api/auth/update-session", rows)
	if after := query[string](s, `SELECT session::text FROM session`); after != before {
		t.Errorf("update-session changed the session from\n%s\nto\n%s\nwant no change", before, after)
	}
}
