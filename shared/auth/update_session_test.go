package auth_test

import "testing"

func TestUpdateSessionAnswersAsTheLibrary(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	p := s.join("ada")
	before := query[string](s, `SELECT session::text FROM session`)
	rows := append(notObject("record"), row{name: "nobody", body: `{}`, status: 401, want: unauthorized})
	for _, body := range []string{
		`{}`, `{"foo":1}`, `{"token":"x"}`, `{"userId":"x"}`, `{"ipAddress":"x"}`, `{"id":"x"}`, `{"expiresAt":"2099-01-01T00:00:00.000Z"}`, `{"updatedAt":1}`,
	} {
		rows = append(rows, row{name: body, who: p, body: body, status: 400, want: noFields})
	}
	s.run("POST", "/api/auth/update-session", rows)
	if after := query[string](s, `SELECT session::text FROM session`); after != before {
		t.Errorf("the session changed\nfrom %s\nto   %s", before, after)
	}
}
