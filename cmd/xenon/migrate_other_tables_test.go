package main

import (
	"encoding/json"
	"os"
	"strings"
	"testing"

	"github.com/xenon-auth/xenon/internal/testkit/dbtest"
	"github.com/xenon-auth/xenon/internal/testkit/projecttest"
	"github.com/xenon-auth/xenon/internal/testkit/supabasetest"
)

// newSourceWithProjectTables returns the URL of a source with tables of its own.
func newSourceWithProjectTables(t *testing.T) string {
	t.Helper()
	project, err := os.ReadFile("../../shared/importer/inventory/testdata/project.sql")
	if err != nil {
		t.Fatal(err)
	}
	source := supabasetest.New(t)
	dbtest.Exec(t, source, string(project))
	return source
}

func TestMigratePlanListsTheOtherTablesOfTheProject(t *testing.T) {
	t.Parallel()
	env := []string{"FROM_DATABASE_URL", newSourceWithProjectTables(t), "TO_DATABASE_URL", dbtest.New(t)}
	code, out, stderr := runXenon(t, []string{"migrate", "plan"}, env...)
	if code != exitDone {
		t.Fatalf("migrate plan: got the exit code %d, want 0\n%s%s", code, out, stderr)
	}
	for _, want := range []string{
		"Your other tables: 10, with 10 rows and ",
		" xenon migrate tables moves them after xenon migrate run\n",
		"  public.members                                     3   ",
		"         2         1  moved   id → auth.users\n",
		"         0         0  decide  –\n",
		"post → public.posts, author → public.members, id → auth.users\n",
		`no foreign key, but has ids of users: "Buyer"`,
		"Xenon has a table of the same name in the target, so they cannot be in the same schema. Give Xenon's\n" +
			"    tables a schema of their own, SCHEMA=xenon (docs/tables.md), or leave these tables behind with --exclude:\n" +
			"    public.account\n",
		"  - Partitioned: shop.events\n",
		"  - Columns with ids of users and without a foreign key. ",
		"public.posts (editor), public.posts (readers[]),\n    shop.\"Order Items\" (\"Buyer\")\n",
		"  - trigger: on_auth_user_created: public.new_member()\n",
		"\nUse the schema auth, and work with what xenon migrate tables creates of it\n" +
			"  - function: public.new_member(), public.who()\n",
		"\nUse parts of the schema auth that the target will not have\n  - function public.sessions() needs auth.sessions\n",
	} {
		if !strings.Contains(out, want) {
			t.Errorf("the output of migrate plan: want %q in it, got\n%s", want, out)
		}
	}
	code, text, stderr := runXenon(t, []string{"migrate", "plan", "--json"}, env...)
	var plan planOutput
	if err := json.Unmarshal([]byte(text), &plan); err != nil || code != exitDone || plan.OtherTables == nil ||
		len(plan.OtherTables.Tables) != 10 || !strings.Contains(text, `"next":"moved"`) {
		t.Errorf("migrate plan --json: got the exit code %d, %s and %s, want ten tables in otherTables, each with next",
			code, text, stderr)
	}
}

func TestMigratePlanNamesWhatStaysInStorageAndRealtime(t *testing.T) {
	t.Parallel()
	for project, wants := range map[string][]string{
		"chat": {
			"\nPublications: not moved\n  - supabase_realtime, with public.channel_members, public.messages, stays: " +
				"Realtime is a service of Supabase.\n",
		},
		"documents": {
			"\nTriggers on other tables of Supabase: not moved\n" +
				"  - on_upload on storage.objects: public.add_document() stays, as the files do: do what its function does\n",
			"\nPolicies of Storage and Realtime: not moved\n" +
				`  - storage.objects: "own files", storage.objects: "shared files", storage.objects: covers. Enforce these`,
		},
	} {
		env := []string{"FROM_DATABASE_URL", projecttest.New(t, project), "TO_DATABASE_URL", dbtest.New(t)}
		_, out, stderr := runXenon(t, []string{"migrate", "plan"}, env...)
		for _, want := range wants {
			if !strings.Contains(out, want) {
				t.Errorf("migrate plan of %s: want %q in it, got\n%s%s", project, want, out, stderr)
			}
		}
	}
}
