package auth_test

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

const updateUserPath = "/api/auth/update-user"

func TestUpdateUserRejectsInvalidChanges(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	p := s.signUp("ada")
	const email = `{"message":"Email can not be updated","code":"EMAIL_CAN_NOT_BE_UPDATED"}`
	const failed = `{"message":"Failed to update user","code":"FAILED_TO_UPDATE_USER"}`
	before := query[string](s, `SELECT u::text FROM "user" u`)
	rows := append(casesWithoutJSONObject("record"),
		routeCase{name: "no session", body: `{}`, status: 401, want: unauthorizedReply},
		routeCase{name: "no session, wrong types", body: `{"name":5}`, status: 401, want: unauthorizedReply},
		routeCase{name: "no session, email", body: `{"email":"x@y.zz"}`, status: 401, want: unauthorizedReply},
		routeCase{
			name: "name null", who: p, body: `{"name":null}`, status: 400,
			want: validationReply(wrongTypeProblem("body.name", "string", "null")),
		},
		routeCase{
			name: "name number", who: p, body: `{"name":5}`, status: 400,
			want: validationReply(wrongTypeProblem("body.name", "string", "number")),
		},
		routeCase{
			name: "name array", who: p, body: `{"name":["a"]}`, status: 400,
			want: validationReply(wrongTypeProblem("body.name", "string", "array")),
		},
		routeCase{
			name:   "name false, image number",
			who:    p,
			body:   `{"name":false,"image":5}`,
			status: 400,
			want: validationReply(
				wrongTypeProblem("body.name", "string", "boolean"),
				wrongTypeProblem("body.image", "string", "number"),
			),
		},
		routeCase{
			name: "image object", who: p, body: `{"image":{}}`, status: 400,
			want: validationReply(wrongTypeProblem("body.image", "string", "object")),
		},
		routeCase{name: "NUL in the name", who: p, body: `{"name":"\u0000"}`, status: 422, want: failed},
		routeCase{name: "NUL in the image", who: p, body: `{"name":"x","image":"\u0000"}`, status: 422, want: failed},
	)
	for _, body := range []string{
		`{}`, `{"foo":1}`, `{"id":"x"}`, `{"emailVerified":true}`, `{"createdAt":"x"}`,
		`{"role":"admin"}`, `{"email":""}`, `{"email":null}`, `{"email":false}`, `{"email":0}`,
	} {
		rows = append(rows, routeCase{name: body, who: p, body: body, status: 400, want: noFieldsReply})
	}
	for _, body := range []string{
		`{"email":"x@y.zz"}`, `{"email":[]}`, `{"email":{},"name":"q"}`,
		`{"email":"ada@example.com","name":null}`,
	} {
		rows = append(rows, routeCase{name: body, who: p, body: body, status: 400, want: email})
	}
	s.now = s.now.Add(time.Minute)
	s.checkCases("POST", updateUserPath, rows)
	if after := query[string](s, `SELECT u::text FROM "user" u`); after != before {
		t.Errorf("update-user requests that failed changed the user from\n%s\nto\n%s\nwant no change", before, after)
	}
}

func TestUpdateUserChangesNameAndImageOnly(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	p, bob := s.signUp("ada"), s.signUp("bob")
	before := query[string](s, `SELECT u::text FROM "user" u WHERE id = $1`, bob.id)
	for _, c := range []struct{ body, name, image string }{
		{`{"name":"Countess"}`, "Countess", "none"},
		{`{"image":"https://x/y.png"}`, "Countess", "https://x/y.png"},
		{`{"name":"Countess of Lovelace"}`, "Countess of Lovelace", "https://x/y.png"},
		{`{"name":"","image":""}`, "", ""},
		{`{"name":"A","image":null,"email":null}`, "A", "none"},
		{`{"name":"\ud800x"}`, "\uFFFDx", "none"},
		{`{"name":"N","id":"1","email":"","emailVerified":true,"createdAt":"2000-01-01T00:00:00.000Z",` +
			`"updatedAt":"2000-01-01T00:00:00.000Z"}`, "N", "none"},
	} {
		s.now = s.now.Add(time.Minute)
		a := s.doAs(p, "POST", updateUserPath, c.body)
		if a.status != 200 || a.body != statusTrueReply || a.cookie() != p.cookie {
			t.Errorf("update-user with %s: got %d %s, cookies %q; want 200, {\"status\":true} and the session cookie",
				c.body, a.status, a.body, a.header["Set-Cookie"])
		}
		if got := a.header.Get("Set-Auth-Token"); !strings.HasPrefix(got, p.token+".") {
			t.Errorf("update-user with %s: got set-auth-token %q, want the token of the session", c.body, got)
		}
		if !query[bool](s, `SELECT count(*) = 1 FROM "user" WHERE id = $1 AND name = $2 AND coalesce(image, 'none') = $3
			AND "updatedAt" = $4 AND email = 'ada@example.com' AND NOT "emailVerified" AND "createdAt" < $4`,
			p.id, c.name, c.image, s.now) {
			t.Errorf("update-user with %s: got the stored user %s, want only the name, the image and updatedAt changed",
				c.body, query[string](s, `SELECT u::text FROM "user" u WHERE id = $1`, p.id))
		}
		user, _ := s.doAs(p, "GET", sessionPath, "").json(t)["user"].(map[string]any)
		if user["name"] != c.name {
			t.Errorf("get-session after update-user with %s: got the user %v, want the new name", c.body, user)
		}
	}
	if after := query[string](s, `SELECT u::text FROM "user" u WHERE id = $1`, bob.id); after != before {
		t.Errorf("update-user changed another user from\n%s\nto\n%s\nwant no change", before, after)
	}
}

func TestUpdateUserKeepsSessions(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	unremembered := s.clientOf(s.do("POST", signUpPath, strings.Replace(signUpBody, "{", `{"rememberMe":false,`, 1)))
	a := s.doAs(unremembered, "POST", updateUserPath, `{"name":"F"}`)
	lines := a.header["Set-Cookie"]
	if len(lines) != 2 || strings.Contains(strings.Join(lines, ""), "Max-Age") || a.cookie() != unremembered.cookie {
		t.Errorf("update-user in a session with rememberMe false: got cookies %q, want its two without Max-Age", lines)
	}
	p := s.signUp("bob")
	if a := s.do("POST", updateUserPath, `{"name":"B"}`, "Authorization", "Bearer "+p.token); a.body != statusTrueReply ||
		a.cookie() != p.cookie {
		t.Errorf("update-user with a bearer token: got %d %s, cookies %q; want {\"status\":true} and the session cookie",
			a.status, a.body, a.header["Set-Cookie"])
	}
	s.now = s.now.Add(25 * time.Hour)
	a = s.doAs(p, "POST", updateUserPath, `{"name":"Due"}`)
	if a.body != statusTrueReply || a.cookie() != p.cookie+"; "+p.cookie ||
		a.header.Get("Access-Control-Expose-Headers") != "set-auth-token" {
		t.Errorf("update-user that extends the session: got %d %s, cookies %q, exposed headers %q; want {\"status\":true}, "+
			"two session cookies and set-auth-token",
			a.status, a.body, a.header["Set-Cookie"], a.header.Get("Access-Control-Expose-Headers"))
	}
	if !query[bool](s, `SELECT "expiresAt" = $2 FROM session WHERE token = $1`, p.token, s.now.Add(7*24*time.Hour)) {
		t.Error("update-user a day after the sign-in did not extend the session, want it to end in 7 days")
	}
}

// The trigger makes the update find no row, as if another request had deleted the user after the session was read.
func TestUpdateOfAConcurrentlyDeletedUserIsUnauthorized(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	cookie := s.signUpAda().cookie()
	s.exec(`CREATE FUNCTION gone() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END'`)
	s.exec(`CREATE TRIGGER gone BEFORE UPDATE ON "user" FOR EACH ROW EXECUTE FUNCTION gone()`)
	a := s.do("POST", "/api/auth/update-user", `{"name":"Countess"}`, "Cookie", cookie, "Origin", origin)
	if a.status != 401 || a.errorCode() != "UNAUTHORIZED" ||
		cmp.Diff(clearedSessionCookies, a.header["Set-Cookie"]) != "" {
		t.Errorf("update-user of a deleted user: got %d %s, cookies %q; want 401 UNAUTHORIZED and cleared cookies",
			a.status, a.body, a.header["Set-Cookie"])
	}
}
