package auth_test

import (
	"strings"
	"testing"

	"github.com/xenon-auth/xenon/internal/testkit/dbtest"
)

// A trigger on "user", such as one that xenon migrate tables --triggers makes, can refuse a user. Nothing is stored.
func TestSignUpThatATriggerRefusesIsAnsweredLikeBetterAuth(t *testing.T) {
	t.Parallel()
	for name, statement := range map[string]string{
		"an exception":             `RAISE EXCEPTION 'not invited'`,
		"a column that is missing": `INSERT INTO members (id) VALUES (NEW.id)`,
		"a missing row":            `INSERT INTO members (id, plan) VALUES (NEW.id, 2)`,
		"a duplicate":              `INSERT INTO members (id, plan) VALUES (NEW.id, 1), (NEW.id, 1)`,
	} {
		for _, verification := range []string{"off", "on"} {
			t.Run(name+", verification "+verification, func(t *testing.T) {
				t.Parallel()
				s := newServer(t, func(env map[string]string) { env["REQUIRE_EMAIL_VERIFICATION"] = verification })
				dbtest.Exec(t, s.url, `CREATE TABLE plans (id int PRIMARY KEY);
INSERT INTO plans VALUES (1);
CREATE TABLE members (id uuid PRIMARY KEY REFERENCES "user", plan int NOT NULL REFERENCES plans);
CREATE FUNCTION add_member() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN `+statement+`; RETURN NEW; END $$;
CREATE TRIGGER add_member AFTER INSERT ON "user" FOR EACH ROW EXECUTE FUNCTION add_member()`)
				a := s.do("POST", signUpPath, signUpBody)
				if a.status != 422 || !strings.Contains(a.body, `"FAILED_TO_CREATE_USER"`) {
					t.Errorf("sign-up: got %d %s, want 422 FAILED_TO_CREATE_USER", a.status, a.body)
				}
				if len(a.header["Set-Cookie"]) > 0 {
					t.Errorf("sign-up: got the cookies %q, want none", a.header["Set-Cookie"])
				}
				if query[bool](s, `SELECT EXISTS (SELECT FROM "user") OR EXISTS (SELECT FROM account)
					OR EXISTS (SELECT FROM session) OR EXISTS (SELECT FROM verification)`) {
					t.Error("after the sign-up: got stored rows, want none")
				}
			})
		}
	}
}
