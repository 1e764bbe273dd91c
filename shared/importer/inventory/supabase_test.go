package inventory_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/xenon-auth/xenon/internal/testkit/dbtest"
	"github.com/xenon-auth/xenon/internal/testkit/projecttest"
	"github.com/xenon-auth/xenon/shared/importer/inventory"
)

// readProject returns the inventory of a project of package projecttest, with what sql adds to it.
func readProject(t *testing.T, project, sql string) inventory.Inventory {
	t.Helper()
	src := connect(t, projecttest.New(t, project))
	if _, err := src.Exec(t.Context(), sql); err != nil {
		t.Fatal(err)
	}
	v, err := inventory.Read(t.Context(), src, connect(t, dbtest.New(t)), "public", []string{"user"})
	if err != nil {
		t.Fatal(err)
	}
	return v
}

// The publications of the services of Supabase have no table of the project.
func TestInventoryListsPublicationsWithTablesOfTheProject(t *testing.T) {
	t.Parallel()
	v := readProject(t, "chat", `
CREATE TABLE public.parted (id int PRIMARY KEY) PARTITION BY LIST (id);
CREATE TABLE public.parted_1 PARTITION OF public.parted FOR VALUES IN (1);
CREATE PUBLICATION "To warehouse" FOR TABLE public.parted, public.channels, auth.users;
CREATE PUBLICATION of_supabase FOR TABLE storage.objects;
CREATE PUBLICATION nothing;
CREATE PUBLICATION everything FOR ALL TABLES`)
	all := v.Publications
	slices.SortFunc(all, func(a, b inventory.Publication) int { return strings.Compare(a.Name, b.Name) })
	for i, p := range all {
		if p.Name == "everything" {
			if len(p.Tables) < len(v.Tables) {
				t.Errorf("tables of a publication of all tables: got %q, want all %d", p.Tables, len(v.Tables))
			}
			all[i].Tables = nil
		}
	}
	want := []inventory.Publication{
		{
			Name: `"To warehouse"`, Tables: []string{"public.channels", "public.parted"},
			Next: "stays: create it and its subscriptions again after the move",
		},
		{
			Name: "everything", AllTables: true,
			Next: "stays: in the target it would also have Xenon's tables, with password hashes. " +
				"Create one for your tables instead, and its subscriptions",
		},
		{
			Name: "supabase_realtime", Tables: []string{"public.channel_members", "public.messages"},
			Next: "stays: Realtime is a service of Supabase. Clients need another way to learn of changes of these tables",
		},
	}
	if diff := cmp.Diff(want, all); diff != "" {
		t.Errorf("publications (-want +got):\n%s", diff)
	}
}

// Supabase has triggers of its own on these tables.
func TestInventoryListsTriggersAndPoliciesOfTheProjectOnSupabasesTables(t *testing.T) {
	t.Parallel()
	v := readProject(t, "documents", `
CREATE FUNCTION storage.update_updated_at_column() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';
CREATE TRIGGER update_objects_updated_at BEFORE UPDATE ON storage.objects
FOR EACH ROW EXECUTE FUNCTION storage.update_updated_at_column();
CREATE FUNCTION public."Log It"() RETURNS trigger LANGUAGE plpgsql
AS 'BEGIN PERFORM auth.uid(); RETURN NEW; END';
CREATE TRIGGER "On bucket" AFTER INSERT ON storage.buckets FOR EACH ROW EXECUTE FUNCTION public."Log It"();
CREATE TRIGGER on_session AFTER INSERT ON auth.sessions FOR EACH ROW EXECUTE FUNCTION public."Log It"();
CREATE SCHEMA realtime;
CREATE TABLE realtime.messages (id int);
CREATE POLICY "own channel" ON realtime.messages USING (true)`)
	const files = "stays, as the files do: do what its function does where your application stores files"
	const noTable = "stays: the target does not have this table"
	want := []inventory.Object{
		{"trigger", `"On bucket" on storage.buckets: public."Log It"()`, []string{"uid"}, files},
		{"trigger", "on_upload on storage.objects: public.add_document()", []string{}, files},
		{"trigger", `on_session on auth.sessions: public."Log It"()`, []string{"uid"}, noTable},
	}
	byName := cmp.Transformer("byName", func(all []inventory.Object) map[string]inventory.Object {
		m := map[string]inventory.Object{}
		for _, o := range all {
			m[o.Name] = o
		}
		return m
	})
	if diff := cmp.Diff(want, v.SupabaseTriggers, byName); diff != "" || len(v.SupabaseTriggers) != len(want) {
		t.Errorf("triggers on tables of Supabase (-want +got):\n%s", diff)
	}
	policies := []string{
		`realtime.messages: "own channel"`, `storage.objects: "own files"`, `storage.objects: "shared files"`,
		"storage.objects: covers",
	}
	if diff := cmp.Diff(policies, v.StoragePolicies); diff != "" {
		t.Errorf("policies of Storage and Realtime (-want +got):\n%s", diff)
	}
}
