package importer_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/xenon-auth/xenon/internal/testkit/importtest"
	"github.com/xenon-auth/xenon/internal/testkit/supabasetest"
)

// Pictures of more than 32,768 characters are left out: those of users 3 and 4.
func TestImportLeavesOutLongPictures(t *testing.T) {
	t.Parallel()
	from := supabasetest.New(t)
	importtest.Exec(
		t,
		from,
		`insert into auth.users (id, email, email_confirmed_at, created_at, updated_at, raw_user_meta_data)
select ('00000000-0000-4000-9000-00000000000' || n)::uuid, n || '@example.com', now(), now(), now(),
  case when n < 4 then jsonb_build_object('avatar_url', repeat('é', 32766 + n)) else '{}' end
  from generate_series(1, 4) n;
insert into auth.identities (id, user_id, provider, provider_id, identity_data, created_at, updated_at) values
  (gen_random_uuid(), '00000000-0000-4000-9000-000000000004', 'google', '4', jsonb_build_object('picture', repeat('p',
  40000)), now(), now())`,
	)
	m := importtest.NewImport(t, from)
	plan, err := m.Plan(t.Context(), importtest.BatchesOf40)
	if err != nil || plan.Reasons["user.image image_too_long"] != 2 {
		t.Errorf("the plan counts %d long pictures (error %v), want 2", plan.Reasons["user.image image_too_long"], err)
	}
	st := importtest.RunToCompletion(t, m, importtest.BatchesOf40)
	if n := st.Reasons["user.image image_too_long"]; n != 2 {
		t.Errorf("%d long pictures are in the quarantine, want 2", n)
	}
	got := importtest.Column(t, m.To, `select coalesce(char_length(image)::text, 'none') from "user" order by id`)
	if diff := cmp.Diff(got, []string{"32767", "32768", "none", "none"}); diff != "" {
		t.Errorf("numbers of characters of the pictures in the target (-got +want):\n%s", diff)
	}
	if n := importtest.Value(
		t,
		m.To,
		`select count(*)::text from supabase_import.ledger
			where residue::jsonb#>>'{raw_user_meta_data,avatar_url}' = repeat('é', 32769)`,
	); n != "1" {
		t.Errorf("%s entries of the ledger have the long picture in their residue, want 1", n)
	}
	checkTargetMatchesSource(t, m, importtest.BatchesOf40)
	importtest.CheckEqual(t, m, "after the import")
}
