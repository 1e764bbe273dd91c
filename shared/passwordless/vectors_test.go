package passwordless_test

import (
	"encoding/json"
	"net/http"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/xenon-auth/xenon/internal/testkit/dbtest"
)

// row is a row of verification, and the request for the mail.
type row struct {
	Request           json.RawMessage
	Type              string
	Identifier, Value string
	Seconds           int
}

func readMailedRows(t *testing.T) (rows struct{ Links, Codes []row }) {
	t.Helper()
	text, err := os.ReadFile("../../conformance/vectors/mailed_rows.json")
	if err == nil {
		err = json.Unmarshal(text, &rows)
	}
	if err != nil {
		t.Fatal(err)
	}
	return rows
}

// insert stores the row as Better Auth has stored it.
func (r row) insert(s *server) {
	s.t.Helper()
	dbtest.Exec(s.t, s.url, `
		INSERT INTO verification (identifier, value, "expiresAt", "createdAt", "updatedAt")
		VALUES ($1, $2, $3::timestamptz, $4::timestamptz, $4)`,
		r.Identifier, r.Value, s.now.Add(time.Duration(r.Seconds)*time.Second), s.now)
}

// newestRow returns the row that the server has stored last.
func (s *server) newestRow() (r row) {
	s.t.Helper()
	text := query[string](s, `
		SELECT json_build_object('identifier', identifier, 'value', value,
			'seconds', extract(epoch FROM "expiresAt" - "createdAt")::int)::text
		FROM verification ORDER BY "createdAt" DESC LIMIT 1`)
	if err := json.Unmarshal([]byte(text), &r); err != nil {
		s.t.Fatal(err)
	}
	return r
}

func TestRowsOfLinksAreThoseOfBetterAuth(t *testing.T) {
	t.Parallel()
	for _, want := range readMailedRows(t).Links {
		s := newServer(t)
		token := strings.TrimPrefix(want.Identifier, "magic-link:")
		want.insert(s)
		a := s.browser().do("GET", verifyPath+"?token="+token, "")
		a.check(t, "link of Better Auth", http.StatusOK, "")
		s.browser().do("POST", sendLinkPath, string(want.Request)).check(t, "request", http.StatusOK, "")
		got := s.newestRow()
		got.Identifier = strings.Replace(got.Identifier, s.takeMail().Token, token, 1)
		if diff := cmp.Diff(row{Identifier: want.Identifier, Value: want.Value, Seconds: want.Seconds}, got); diff != "" {
			t.Errorf("row of a link (-Better Auth +Xenon):\n%s", diff)
		}
	}
}

func TestRowsOfCodesAreThoseOfBetterAuth(t *testing.T) {
	t.Parallel()
	for _, want := range readMailedRows(t).Codes {
		s := newServer(t)
		s.browser().signUp(ada, true)
		code, tries, _ := strings.Cut(want.Value, ":")
		s.sendCode(ada, want.Type)
		for range len(strings.TrimLeft(tries, "0")) { // "1" is one wrong try
			s.browser().do("POST", checkCodePath, codeBody(ada, "x", `,"type":"`+want.Type+`"`))
		}
		got := s.newestRow()
		got.Value = code + got.Value[len(code):]
		if diff := cmp.Diff(row{Identifier: want.Identifier, Value: want.Value, Seconds: want.Seconds}, got); diff != "" {
			t.Errorf("row of a code (-Better Auth +Xenon):\n%s", diff)
		}
		s.now = s.now.Add(time.Second)
		want.insert(s)
		a := s.browser().do("POST", checkCodePath, codeBody(ada, code, `,"type":"`+want.Type+`"`))
		a.check(t, "code of Better Auth", http.StatusOK, "")
	}
}
