package importer_test

import (
	"encoding/json"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/xenon-auth/xenon/internal/testkit/importtest"
	"github.com/xenon-auth/xenon/internal/testkit/supabasetest"
)

// columnsNotImported are one-time tokens and a generated column of auth.users.
var columnsNotImported = strings.Fields(
	`confirmation_token recovery_token email_change_token_new email_change_token_current phone_change_token
reauthentication_token confirmed_at`,
)

// Every value of a copied source row is in the target or in the residue of the ledger, which also has the original of
// each value that the import changed. Defaults and columnsNotImported are left out.
func TestR55_NothingIsLost(t *testing.T) {
	t.Parallel()
	from := supabasetest.New(t)
	supabasetest.Fill(t, from, 4, 600)
	m := importtest.NewImport(t, from)
	if _, err := m.Run(t.Context(), importtest.BatchesOf100, false, 2); err != nil {
		t.Fatal(err)
	}
	src, dst := importtest.Connect(t, from), importtest.Connect(t, m.To)
	var key, text, residue string
	source := map[string]map[string]any{}
	importtest.ForEachRow(
		t,
		src,
		`select 'user ' || id, to_jsonb(u)::text from auth.users u union all
			select 'identity ' || id, (to_jsonb(i) - 'email')::text from auth.identities i
union all select 'profile ' || user_id, to_jsonb(p)::text from public.profiles p`,
		[]any{&key, &text},
		func() {
			source[key] = decodeJSON(t, &text).(map[string]any)
		},
	)
	n := 0
	importtest.ForEachRow(
		t,
		dst,
		`select l.source || ' ' || l.key, l.residue, coalesce(to_jsonb(p), jsonb_build_object('id', u.id, 'email', u.email,
			'created_at', u."createdAt", 'updated_at', u."updatedAt", 'is_super_admin', u.role = 'admin'))::text
from supabase_import.ledger l left join "user" u on l.source = 'user' and u.id = l.key left join user_profile p
  on l.source = 'profile' and p.user_id = l.key
where l.source in ('user', 'profile') and l.outcome = 'copied'
union all select l.source || ' ' || l.key, l.residue, jsonb_build_object('id', l.key, 'user_id', l.user_id, 'provider',
  a."providerId", 'provider_id', a."accountId", 'created_at', a."createdAt", 'updated_at', a."updatedAt")::text
from supabase_import.ledger l left join account a on a.id = l.key where l.source = 'identity'
  and l.outcome in ('copied', 'folded')`,
		[]any{&key, &residue, &text},
		func() {
			n++
			unmapped, _ := decodeJSON(t, &residue).(map[string]any)
			mapped, _ := decodeJSON(t, &text).(map[string]any)
			for column, value := range source[key] {
				if differsFromDefault(value) && !slices.Contains(columnsNotImported, column) &&
					!reflect.DeepEqual(unmapped[column], value) && !reflect.DeepEqual(mapped[column], value) {
					t.Errorf("%s: the value of the column %s is neither in the target nor in the residue, want it in one", key, column)
				}
			}
		},
	)
	if n < 1000 {
		t.Errorf("the test checked %d rows, want at least 1,000", n)
	}
}

// differsFromDefault reports whether a value is not the default of its column.
func differsFromDefault(value any) bool {
	switch value {
	case nil, "", false, json.Number("0"), "authenticated", "00000000-0000-0000-0000-000000000000":
		return false
	}
	return true
}
