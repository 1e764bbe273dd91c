package auth_test

import (
	"cmp"
	"strings"
	"testing"
	"time"
)

// rejectingRules are rules that an operator can add to the database. They reject a change or a deletion of a user.
var rejectingRules = map[string]string{
	"an exception":     `RAISE EXCEPTION 'secret of %', OLD.email`,
	"a missing column": `INSERT INTO members (id) VALUES (OLD.id)`,
	"a missing row":    `INSERT INTO members (id, plan) VALUES (OLD.id, 2)`,
	"a failed check":   `INSERT INTO members (id, plan) VALUES (OLD.id, -1)`,
	"a duplicate":      `INSERT INTO members (id, plan) VALUES (OLD.id, 1), (OLD.id, 1)`,
	"an overlap":       `INSERT INTO members (id, plan, during) VALUES (OLD.id, 1, '[1,3)'), (OLD.email, 1, '[2,4)')`,
}

// rejectedChange is a request that changes or deletes Ada's user.
type rejectedChange struct {
	name, setting string
	prepare       func(s *server, box *mailbox, ada answer) func() answer
	location      string // of the redirect; "" means 422 with JSON
	table         string // whose trigger rejects the request; "" means "user"
}

func rejectedChanges() []rejectedChange {
	post := func(path, body string) func(*server, *mailbox, answer) func() answer {
		return func(s *server, _ *mailbox, ada answer) func() answer {
			return func() answer { return s.do("POST", path, body, ada.bearerHeader()...) }
		}
	}
	verify := func(callbackURL string) func(*server, *mailbox, answer) func() answer {
		return func(s *server, box *mailbox, ada answer) func() answer {
			m := s.requestVerificationLink(box, ada, "/done")
			if callbackURL == "" {
				m.URL, _, _ = strings.Cut(m.URL, "&callbackURL=")
			}
			return func() answer { return s.openLink(m) }
		}
	}
	return []rejectedChange{
		{name: "update-user", prepare: post(updateUserPath, `{"name":"Eve"}`)},
		{name: "delete-user", prepare: post(deleteUserPath, `{}`)},
		{
			name: "delete-user with a token", setting: "DELETE_USER_VERIFICATION=on",
			prepare: func(s *server, box *mailbox, ada answer) func() answer {
				m := s.requestDeletionLink(box, ada, `{}`)
				return func() answer {
					return s.do("POST", deleteUserPath, `{"token":"`+m.Token+`"}`, ada.bearerHeader()...)
				}
			},
		},
		{
			name: "delete-user/callback", setting: "DELETE_USER_VERIFICATION=on",
			prepare: func(s *server, box *mailbox, ada answer) func() answer {
				m := s.requestDeletionLink(box, ada, `{}`)
				return func() answer { return s.openLink(m, ada.bearerHeader()...) }
			},
		},
		{name: "verify-email", prepare: verify("")},
		{name: "verify-email with a callbackURL", prepare: verify("/done"), location: "/done?error=FAILED_TO_UPDATE_USER"},
		{
			name: "the link of change-email",
			prepare: func(s *server, box *mailbox, ada answer) func() answer {
				m := s.requestEmailChange(box, ada)
				m.URL, _, _ = strings.Cut(m.URL, "&callbackURL=")
				return func() answer { return s.openLink(m) }
			},
		},
		{
			name: "sign-in that ends a ban",
			prepare: func(s *server, _ *mailbox, _ answer) func() answer {
				s.exec(banUntilSQL, s.now.Add(-time.Second))
				return func() answer { return s.do("POST", signInPath, signInBody) }
			},
		},
		{name: "change-password", table: "account", prepare: post(changePasswordPath, changePasswordBody)},
		{
			name: "reset-password", table: "account",
			prepare: func(s *server, box *mailbox, _ answer) func() answer {
				body := `{"newPassword":"battery staple","token":"` + s.requestResetToken(box) + `"}`
				return func() answer { return s.do("POST", resetPath, body) }
			},
		},
	}
}

// trigger returns SQL that creates a trigger with a statement of rejectingRules.
func (c rejectedChange) trigger(statement string) string {
	table := cmp.Or(c.table, "user")
	if table == "account" {
		statement = strings.ReplaceAll(statement, "OLD.email", `OLD."accountId"`)
	}
	return `CREATE OR REPLACE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN ` + statement +
		`; RETURN NEW; END $$;
CREATE TRIGGER refuse AFTER UPDATE OR DELETE ON "` + table + `" FOR EACH ROW EXECUTE FUNCTION refuse()`
}

// check sends the request and requires its rejection: the answer, unchanged rows, and one log record that has the
// SQLSTATE and not the message of Postgres, which can have values of the row.
func (c rejectedChange) check(t *testing.T, s *server, box *mailbox, ada answer, rule string) {
	t.Helper()
	send := c.prepare(s, box, ada)
	const rows = `SELECT (SELECT string_agg(u::text, ',') FROM "user" u) || (SELECT count(*) FROM session) ||
		(SELECT string_agg(a::text, ',') FROM account a) ||
		(SELECT coalesce(string_agg(v::text, ',' ORDER BY v.id), '') FROM verification v)`
	s.exec(rule)
	before := query[string](s, rows)
	log := captureLog(t)
	a := send()
	if c.location == "" {
		a.checkStatusAndCode(t, c.name, 422, "FAILED_TO_UPDATE_USER")
	} else if got := a.header.Get("Location"); a.status != 302 || got != c.location {
		t.Errorf("%s: got %d to %q, want 302 to %q", c.name, a.status, got, c.location)
	}
	if after := query[string](s, rows); after != before {
		t.Errorf("%s: got the rows %s, want %s", c.name, after, before)
	}
	if len(a.header["Set-Cookie"]) > 0 {
		t.Errorf("%s: got the cookies %q, want none", c.name, a.header["Set-Cookie"])
	}
	text := log.String()
	records := strings.Count(text, `"msg":"request"`)
	if records != 1 || !strings.Contains(text, "SQLSTATE") || strings.Contains(text, "secret of") {
		t.Errorf("%s: got the log %q, want one record with the SQLSTATE and without the message", c.name, text)
	}
}

// Better Auth answers 500.
func TestChangeOfAUserThatATriggerRejectsIsNoServerError(t *testing.T) {
	s, box := newMailServer(t)
	s.exec(`CREATE TABLE plans (id int PRIMARY KEY);
INSERT INTO plans VALUES (1), (-1);
CREATE TABLE members (
	id text PRIMARY KEY, plan int NOT NULL REFERENCES plans CHECK (plan > 0), during int4range,
	EXCLUDE USING gist (during WITH &&)
)`)
	for rule, statement := range rejectingRules {
		for _, c := range rejectedChanges() {
			t.Run(c.name+", "+rule, func(t *testing.T) {
				s.exec(`DROP TRIGGER IF EXISTS refuse ON "user"; DROP TRIGGER IF EXISTS refuse ON account`)
				s.resetForNextCase(box, c.setting)
				c.check(t, s, box, s.signUpAda(), c.trigger(statement))
			})
		}
	}
}

func TestDeletionOfAUserToWhomARowOfTheOperatorRefersIsNoServerError(t *testing.T) {
	s, box := newMailServer(t)
	for _, action := range []string{"NO ACTION", "RESTRICT", "NO ACTION DEFERRABLE INITIALLY DEFERRED", "SET NULL"} {
		for _, c := range rejectedChanges() {
			if !strings.HasPrefix(c.name, "delete-user") {
				continue
			}
			t.Run(c.name+", ON DELETE "+action, func(t *testing.T) {
				s.exec(`DROP TABLE IF EXISTS orders`)
				s.resetForNextCase(box, c.setting)
				c.check(t, s, box, s.signUpAda(), `
CREATE TABLE orders (owner uuid NOT NULL REFERENCES "user" ON DELETE `+action+`);
INSERT INTO orders SELECT id FROM "user"`)
			})
		}
	}
}

// The link verifies the email in a statement of its own, so the email is verified even if the sign-in fails.
func TestVerificationLinkWhoseSignInATriggerRejectsIsNoServerError(t *testing.T) {
	s, box := newMailServer(t, "AUTO_SIGN_IN_AFTER_VERIFICATION=on")
	m := s.requestVerificationLink(box, s.signUpAda(), "/done")
	m.URL, _, _ = strings.Cut(m.URL, "&callbackURL=")
	s.exec(banUntilSQL, s.now.Add(-time.Second))
	s.exec(`DELETE FROM session; CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql
AS $$ BEGIN RAISE EXCEPTION 'secret'; END $$;
CREATE TRIGGER refuse AFTER UPDATE OF banned ON "user" FOR EACH ROW EXECUTE FUNCTION refuse()`)
	s.openLink(m).checkStatusAndCode(t, "link", 422, "FAILED_TO_UPDATE_USER")
	got := query[string](s, `SELECT "emailVerified" || ' ' || (SELECT count(*) FROM session) FROM "user"`)
	if got != "true 0" {
		t.Errorf("email verified and number of sessions: got %s, want true 0", got)
	}
}
