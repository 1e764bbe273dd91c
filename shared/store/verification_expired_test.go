package store_test

import (
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"

	"github.com/xenon-auth/xenon/internal/testkit/dbtest"
	"github.com/xenon-auth/xenon/shared/store"
)

// The deletion of expired rows reads an index, whether Postgres plans it for its arguments or once for all. The rows
// expire in another order than they were stored.
func TestExpiredRowsAreFoundInAnIndex(t *testing.T) {
	t.Parallel()
	url := dbtest.New(t)
	dbtest.Exec(t, url, `INSERT INTO verification (identifier, value, "expiresAt")
		SELECT 'link' || i, 'value', now() + i * interval '1 s' FROM generate_series(-100, 20000) i
		ORDER BY md5(i::text)`)
	dbtest.Exec(t, url, `ANALYZE verification`)
	conn, err := pgx.Connect(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(t.Context())
	exec := func(sql string) {
		t.Helper()
		if _, err := conn.Exec(t.Context(), sql); err != nil {
			t.Fatalf("%s: %v", sql, err)
		}
	}
	exec(`PREPARE deletion (text, timestamptz, boolean) AS WITH ` + store.DeleteExpiredSQL + ` SELECT $1`)
	for _, mode := range []string{"force_custom_plan", "force_generic_plan"} {
		exec(`SET plan_cache_mode = ` + mode)
		rows, _ := conn.Query(t.Context(), `EXPLAIN EXECUTE deletion ('', now(), true)`) // CollectRows returns the error
		lines, err := pgx.CollectRows(rows, pgx.RowTo[string])
		plan := strings.Join(lines, "\n")
		if err != nil || !strings.Contains(plan, "verification_expiry_idx") {
			t.Errorf("%s: got the error %v and the plan\n%s\nwant the index verification_expiry_idx", mode, err, plan)
		}
	}
}
