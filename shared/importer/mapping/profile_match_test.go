package mapping

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestColumnsWithSimilarNamesMatchUserProfile(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		key   string
		table Table
		want  map[string]string
	}{
		"the starter kit": {
			"id",
			readableTable("public.profiles", "id", "uuid", "updated_at", timestamptzName, "username", "text", "full_name",
				"text", "avatar_url", "text", "website", "text"),
			map[string]string{"updated_at": "updated_at"},
		},
		"names with capitals": {
			"userId",
			readableTable("public.user_profiles", "userId", "uuid", "ageRange", "text", "Time-Per-Week", "integer",
				"createdAt", "timestamp without time zone"),
			map[string]string{
				"ageRange": "age_range", "Time-Per-Week": "time_per_week", "createdAt": "created_at",
			},
		},
		"an equal name before a similar one": {
			"id",
			readableTable("public.users", "id", "uuid", "lang", "text", "preferredLanguage", "text",
				"preferred_language", "character varying"),
			map[string]string{"preferred_language": "preferred_language"},
		},
		"similar names": {
			"id",
			readableTable("public.users", "id", "uuid", "locale", "text", "lang", "text", "goal", "text",
				"hours_per_week", "bigint", "inserted_at", timestamptzName),
			map[string]string{
				"locale": "preferred_language", "goal": "primary_goal", "hours_per_week": "time_per_week",
				"inserted_at": "created_at",
			},
		},
		"types that do not fit": {
			"lang",
			readableTable("public.users", "lang", "text", "language", "uuid", "goal", "jsonb", "pace", "integer",
				"created_at", "text", "time_per_week", "boolean"),
			map[string]string{},
		},
	} {
		got := profileMapping(Table{}).MatchProfileColumns(test.table, test.key)
		if diff := cmp.Diff(test.want, got); diff != "" {
			t.Errorf("%s: matching columns (-want +got):\n%s", name, diff)
		}
	}
	table := readableTable("public.users", "level", "text", "lang", "text")
	table.Columns[0] = TableColumn{Name: "ageGroup", Type: "public.age", Labels: []string{"18_24"}}
	table.Columns[1].Generated = true
	want := map[string]string{"ageGroup": "age_range"}
	if diff := cmp.Diff(want, profileMapping(Table{}).MatchProfileColumns(table, "id")); diff != "" {
		t.Errorf("an enum and a generated column: matching columns (-want +got):\n%s", diff)
	}
}
