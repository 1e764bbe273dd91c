package run

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/xenon-auth/xenon/internal/testkit/dbtest"
	"github.com/xenon-auth/xenon/shared/importer/mapping"
)

// Step 0 finds the rows that reference removed users, step 1 the rows that reference the rows of step 0 that are
// deleted. A row of "user" that references a removed user prevents the deletion.
func TestFindAffectedFollowsReferencesStepByStep(t *testing.T) {
	t.Parallel()
	conn := connectTarget(t, &Env{To: dbtest.New(t)})
	const removed, manager = "'00000000-0000-4000-8000-000000000001'", "'00000000-0000-4000-8000-000000000002'"
	err := Exec(t.Context(), conn, `ALTER TABLE "user" ADD COLUMN manager uuid REFERENCES "user" ON DELETE CASCADE;
CREATE TABLE orders (id int PRIMARY KEY, customer uuid REFERENCES "user" ON DELETE CASCADE);
CREATE TABLE lines ("order" int REFERENCES orders ON DELETE SET NULL);
CREATE TABLE posts (id int PRIMARY KEY, author uuid REFERENCES "user");
CREATE TABLE comments (post int REFERENCES posts ON DELETE CASCADE);
INSERT INTO "user" (id, name, email, "emailVerified", manager) VALUES
  (`+removed+`, '', 'removed@user.example', true, NULL), (`+manager+`, '', 'kept@user.example', true, `+removed+`);
INSERT INTO orders VALUES (1, `+removed+`), (2, `+removed+`), (3, `+manager+`);
INSERT INTO lines VALUES (1), (1), (2), (3);
INSERT INTO posts VALUES (1, `+removed+`);
INSERT INTO comments VALUES (1);`+CreateAffected+`BEGIN;
INSERT INTO affected SELECT 'user', id, 0, tableoid, ctid, NULL, '`+Removed+`' FROM "user" WHERE id = `+removed)
	if err != nil {
		t.Fatal(err)
	}
	references, err := ReadReferences(t.Context(), conn, false)
	if err != nil {
		t.Fatal(err)
	}
	slices.Reverse(references) // their order has no effect
	for step, want := range []int64{4, 3, 0} {
		if n, err := FindAffected(t.Context(), conn, references, step); n != want || err != nil {
			t.Errorf("step %d: got %d rows, %v, want %d", step, n, err, want)
		}
	}
	got, err := QueryTexts(t.Context(), conn, `SELECT concat_ws(' ', name, effect, count(*))
FROM affected WHERE step > 0 GROUP BY name, effect ORDER BY 1`)
	want := []string{
		"public.lines change 3", "public.orders delete 2", "public.posts hold 1", `public."user" hold 1`,
	}
	slices.Sort(got)
	slices.Sort(want)
	if diff := cmp.Diff(want, got); diff != "" || err != nil {
		t.Errorf("error %v, want nil; affected rows (-want +got):\n%s", err, diff)
	}
	_, err = FindAffected(t.Context(), conn, []Reference{{Table: "public.absent", ToDeletable: true}}, 0)
	if err == nil || !strings.Contains(err.Error(), "public.absent") {
		t.Errorf("a table that does not exist: got %v, want an error that names it", err)
	}
}

// Rows of the deletable tables are no reason to keep a user, and neither are rows that reference other tables.
func TestConditionsNameOnlyTablesThatReferenceUsersDirectly(t *testing.T) {
	t.Parallel()
	reference := func(table string, fromDeletable, toDeletable bool) Reference {
		return Reference{
			Table: table, Columns: []string{"owner"}, From: "ONLY " + table, Parent: `ONLY public."user"`,
			Keys: []string{"id"}, FromDeletable: fromDeletable, ToDeletable: toDeletable,
		}
	}
	all := []Reference{
		reference("public.orders", false, true), reference("public.session", true, true),
		reference("public.lines", false, false), reference("public.posts", false, true),
	}
	for name, sql := range map[string]string{
		"reason to keep the email": keepReason(mapping.Mapping{}, all, true),
		"referenced user":          isReferenced(all),
	} {
		var got []string
		for _, table := range []string{"orders", "session", "lines", "posts"} {
			if strings.Contains(sql, "FROM ONLY public."+table+" c JOIN") {
				got = append(got, table)
			}
		}
		if want := []string{"orders", "posts"}; !slices.Equal(got, want) {
			t.Errorf("%s: got a condition on %v, want %v:\n%s", name, got, want, sql)
		}
	}
	if sql := isReferenced(nil); sql != "false" {
		t.Errorf("without references: got the condition %s, want false", sql)
	}
}
