package admin_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/xenon-auth/xenon/internal/testkit/dbtest"
)

// A user has to fit into the answers of list-users, which has many of them, and dates into the form of JSON that all
// clients read.
func TestValuesThatAreTooLargeAreRefused(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	root, ada := s.newAdmin(), s.signUp("ada")
	long := strings.Repeat("x", 1001)
	for _, c := range []struct{ path, body, want string }{
		{"ban-user", `"banReason":"` + long + `"`, "[body.banReason] Too big: expected string to have <=1000 characters"},
		{"ban-user", `"banExpiresIn":1e300`, "[body.banExpiresIn] Too big: expected number to be <=60000000000"},
		{"ban-user", `"banExpiresIn":60000000001`, "[body.banExpiresIn] Too big: expected number to be <=60000000000"},
		{"ban-user", `"banExpiresIn":-1e300`, "[body.banExpiresIn] Too small: expected number to be >=-60000000000"},
		{"set-role", `"role":"` + long + `"`, "[body.role] Too big: expected string to have <=1000 characters"},
		{"set-role", `"role":["` + long[:500] + `","` + long[:500] + `"]`, "[body.role] Too big"},
		{"update-user", `"data":{"role":"` + long + `"}`, "[body.data.role] Too big"},
		{"update-user", `"data":{"banReason":"` + long + `"}`, "[body.data.banReason] Too big"},
		{"update-user", `"data":{"name":"` + long[:257] + `"}`, "[body.data.name] Too big"},
		{"update-user", `"data":{"banExpires":253402300800000}`, "[body.data.banExpires] Invalid input: expected date"},
		{"update-user", `"data":{"createdAt":-8.64e15}`, "[body.data.createdAt] Invalid input: expected date"},
	} {
		a := root.post(c.path, `{"userId":"`+ada.id+`",`+c.body+`}`)
		if a.status != http.StatusBadRequest || a.code() != "VALIDATION_ERROR" || !strings.Contains(a.body, c.want) {
			t.Errorf("%s with %.60s: got %d %s, want 400 and %s", c.path, c.body, a.status, a.body, c.want)
		}
	}
	a := root.post("create-user", `{"email":"new@example.com","name":"New","role":"`+long+`"}`)
	if a.status != http.StatusBadRequest || a.code() != "VALIDATION_ERROR" {
		t.Errorf("create-user with a long role: got %d %s, want 400 VALIDATION_ERROR", a.status, a.body)
	}
}

// The largest values of D153 are stored as they are.
func TestLargestValuesAreStored(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	root, ada := s.newAdmin(), s.signUp("ada")
	text := strings.Repeat("x", 1000)
	for path, body := range map[string]string{
		"ban-user":    `"banReason":"` + text + `","banExpiresIn":60000000000`,
		"set-role":    `"role":"` + text + `"`,
		"update-user": `"data":{"createdAt":253402300799999}`,
	} {
		if a := root.post(path, `{"userId":"`+ada.id+`",`+body+`}`); a.status != http.StatusOK {
			t.Errorf("%s: got %d %s, want 200", path, a.status, a.body)
		}
	}
	a := root.do("GET", "/admin/get-user?id="+ada.id, "")
	if !strings.Contains(a.body, `"createdAt":"9999-12-31T23:59:59.999Z"`) {
		t.Errorf("get-user: got %s, want the last time of the year 9999", a.body)
	}
	years := dbtest.Value[float64](t, s.url,
		`SELECT extract(epoch FROM "banExpires" - now())::float8 / 86400 / 365.2425 FROM "user" WHERE id = $1`, ada.id)
	if years < 1900 || years > 1902 {
		t.Errorf("years until the end of the ban: got %v, want about 1901", years)
	}
}

// A negative number is the end of a ban in the past, as in Better Auth: the ban is over.
func TestBanThatEndedInThePastIsOver(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	root, ada := s.newAdmin(), s.signUp("ada")
	if a := root.post("ban-user", `{"userId":"`+ada.id+`","banExpiresIn":-1}`); a.status != http.StatusOK {
		t.Errorf("ban-user: got %d %s, want 200", a.status, a.body)
	}
	ends := dbtest.Value[time.Time](t, s.url, `SELECT "banExpires" FROM "user" WHERE id = $1`, ada.id)
	if ago := time.Since(ends); ago < time.Second || ago > time.Minute {
		t.Errorf("end of the ban: got %v ago, want a second or a little more", ago)
	}
	a := ada.do("POST", "/sign-in/email", `{"email":"ada@example.com","password":"correct horse"}`)
	if a.status != http.StatusOK {
		t.Errorf("sign-in: got %d %s, want 200", a.status, a.body)
	}
}
