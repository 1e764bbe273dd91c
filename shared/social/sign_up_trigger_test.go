package social_test

import (
	"testing"

	"github.com/xenon-auth/xenon/internal/testkit/dbtest"
)

func TestFirstSignInThatATriggerRefusesIsAnsweredLikeBetterAuth(t *testing.T) {
	t.Parallel()
	for name, statement := range map[string]string{
		"an exception":             `RAISE EXCEPTION 'not invited'`,
		"a column that is missing": `INSERT INTO members (id) VALUES (NEW.id)`,
		"a missing row":            `INSERT INTO members (id, plan) VALUES (NEW.id, 2)`,
		"a duplicate":              `INSERT INTO members (id, plan) VALUES (NEW.id, 1), (NEW.id, 1)`,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			url := dbtest.New(t)
			dbtest.Exec(t, url, `CREATE TABLE plans (id int PRIMARY KEY);
INSERT INTO plans VALUES (1);
CREATE TABLE members (id uuid PRIMARY KEY, plan int NOT NULL REFERENCES plans);
CREATE FUNCTION add_member() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN `+statement+`; RETURN NEW; END $$;
CREATE TRIGGER add_member AFTER INSERT ON "user" FOR EACH ROW EXECUTE FUNCTION add_member()`)
			a := newServer(t, "DATABASE_URL", url).browser().signIn("github", `,"errorCallbackURL":"/failed"`, verifiedVisit())
			const wantCode, wantTarget = "unable_to_create_user", "/failed"
			if code, target := redirectErrorAndTarget(t, a.location()); code != wantCode || target != wantTarget {
				t.Errorf("callback: got %d to %s, want a redirect to %s with the error %s",
					a.status, a.location(), wantTarget, wantCode)
			}
			if dbtest.Value[bool](t, url, `SELECT EXISTS (SELECT FROM "user") OR EXISTS (SELECT FROM account)
				OR EXISTS (SELECT FROM session)`) {
				t.Error("after the callback: got stored rows, want none")
			}
		})
	}
}
