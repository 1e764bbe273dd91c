package migrations_test

import (
	"context"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/xenon-auth/xenon/internal/testkit/dbtest"
	"github.com/xenon-auth/xenon/migrations"
	"github.com/xenon-auth/xenon/shared/schema"
)

// columnsForMetadata returns the columns for metadata of the table "user" in a schema, with type and nullability.
func columnsForMetadata(t *testing.T, conn *pgx.Conn, name string) string {
	t.Helper()
	return queryValue[string](t, conn, `
		SELECT coalesce(string_agg(concat_ws(' ', column_name, data_type, is_nullable), ', ' ORDER BY column_name DESC), '')
		FROM information_schema.columns
		WHERE table_schema = $1 AND table_name = 'user' AND column_name IN ('userMetadata', 'appMetadata')`, name)
}

const bothColumns = "userMetadata jsonb YES, appMetadata jsonb YES"

// The columns are optional: Up alone does not add them. The check of the tables accepts both forms.
func TestMetadataColumnsAreAddedOnRequestAndOnce(t *testing.T) {
	t.Parallel()
	url := dbtest.NewEmpty(t)
	conn := connect(t, url)
	for _, name := range []string{schema.Public, "xenon"} {
		if has, err := migrations.HasMetadata(t.Context(), url, name); has || err != nil {
			t.Errorf("HasMetadata of %s before any migration: got %t and the error %v, want false", name, has, err)
		}
		if _, err := migrations.UpIn(t.Context(), url, name); err != nil {
			t.Fatal(err)
		}
		if got := columnsForMetadata(t, conn, name); got != "" {
			t.Errorf("columns for metadata in %s after UpIn: got %s, want none", name, got)
		}
		for i, want := range []bool{true, false} {
			if added, err := migrations.AddMetadata(t.Context(), url, name); added != want || err != nil {
				t.Errorf("call %d of AddMetadata in %s: got %t and the error %v, want %t", i+1, name, added, err, want)
			}
			if got := columnsForMetadata(t, conn, name); got != bothColumns {
				t.Errorf("columns after call %d of AddMetadata in %s: got %q, want %q", i+1, name, got, bothColumns)
			}
		}
		if has, err := migrations.HasMetadata(t.Context(), url, name); !has || err != nil {
			t.Errorf("HasMetadata of %s: got %t and the error %v, want true", name, has, err)
		}
		if again, err := migrations.UpIn(t.Context(), url, name); len(again) > 0 || err != nil {
			t.Errorf("UpIn in %s after AddMetadata: got %v and the error %v, want no pending file", name, again, err)
		}
	}
}

// A table can have one of the columns, with rows: of an application, or of Better Auth's additionalFields.
func TestAddMetadataKeepsAnExistingColumn(t *testing.T) {
	t.Parallel()
	url := dbtest.New(t)
	conn := connect(t, url)
	id := newUser(t, conn)
	execSQL(t, conn, `ALTER TABLE "user" ADD "appMetadata" jsonb DEFAULT '{"plan": "free"}'`)
	if has, err := migrations.HasMetadata(t.Context(), url, schema.Public); has || err != nil {
		t.Errorf("HasMetadata with one column: got %t and the error %v, want false", has, err)
	}
	if added, err := migrations.AddMetadata(t.Context(), url, schema.Public); !added || err != nil {
		t.Errorf("AddMetadata with one column: got %t and the error %v, want true", added, err)
	}
	if got := columnsForMetadata(t, conn, schema.Public); got != bothColumns {
		t.Errorf("columns: got %q, want %q", got, bothColumns)
	}
	got := queryValue[string](t, conn,
		`SELECT concat("userMetadata", "appMetadata") FROM "user" WHERE id = $1`, id)
	if got != `{"plan": "free"}` {
		t.Errorf("metadata of the existing user: got %s, want the existing value", got)
	}
}

func TestAddMetadataRejectsAColumnOfAnotherType(t *testing.T) {
	t.Parallel()
	url := dbtest.New(t)
	conn := connect(t, url)
	execSQL(t, conn, `ALTER TABLE "user" ADD "userMetadata" text`)
	added, err := migrations.AddMetadata(t.Context(), url, schema.Public)
	if added || err == nil || !strings.Contains(err.Error(), "userMetadata is text, not jsonb") ||
		!strings.Contains(err.Error(), "Rename the column") {
		t.Errorf("AddMetadata with a column of type text: got %t and the error %v, want the column and a repair", added, err)
	}
	if got, want := columnsForMetadata(t, conn, schema.Public), "userMetadata text YES"; got != want {
		t.Errorf("columns after the rejection: got %q, want %q", got, want)
	}
}

// Without a limit, all requests would wait behind AddMetadata until the other transaction ends.
func TestAddMetadataDoesNotWaitLongForALock(t *testing.T) {
	t.Parallel()
	url := dbtest.New(t)
	holder := connect(t, url)
	execSQL(t, holder, `BEGIN; LOCK TABLE "user" IN ACCESS SHARE MODE`)
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	added, err := migrations.AddMetadata(ctx, url, schema.Public)
	if added || err == nil || !strings.Contains(err.Error(), "another session uses the table") {
		t.Errorf("AddMetadata while another session uses the table: got %t and the error %v, want an error about the lock",
			added, err)
	}
	execSQL(t, holder, "ROLLBACK")
	if got := columnsForMetadata(t, holder, schema.Public); got != "" {
		t.Errorf("columns after the failure: got %q, want none", got)
	}
	execSQL(t, holder, `ALTER TABLE "user" ADD "userMetadata" jsonb, ADD "appMetadata" jsonb`)
	execSQL(t, holder, `BEGIN; LOCK TABLE "user" IN SHARE UPDATE EXCLUSIVE MODE`)
	if added, err := migrations.AddMetadata(ctx, url, schema.Public); added || err != nil {
		t.Errorf("AddMetadata with both columns, while another session holds a lock: got %t and the error %v, want false",
			added, err)
	}
}

func TestConcurrentCallsOfAddMetadataAddTheColumnsOnce(t *testing.T) {
	t.Parallel()
	url := dbtest.New(t)
	errs := make([]error, 4)
	var all sync.WaitGroup
	for i := range errs {
		all.Go(func() { _, errs[i] = migrations.AddMetadata(t.Context(), url, schema.Public) })
	}
	all.Wait()
	for _, err := range errs {
		if err != nil {
			t.Errorf("concurrent AddMetadata: got the error %v, want none", err)
		}
	}
	if got := columnsForMetadata(t, connect(t, url), schema.Public); got != bothColumns {
		t.Errorf("columns: got %q, want %q", got, bothColumns)
	}
}

// The privileges of the role for requests are those on the table, so they cover columns that are added later.
func TestRoleForRequestsCanReadAndWriteMetadata(t *testing.T) {
	t.Parallel()
	database := dbtest.New(t)
	conn := connect(t, database)
	role := "xenon_role_" + strings.ReplaceAll(newUser(t, conn), "-", "")
	execSQL(t, conn, "CREATE ROLE "+role+" LOGIN PASSWORD 'of a test'")
	t.Cleanup(func() {
		if _, err := conn.Exec(context.WithoutCancel(t.Context()), "DROP OWNED BY "+role+"; DROP ROLE "+role); err != nil {
			t.Errorf("drop the role of the test: %v", err)
		}
	})
	if err := migrations.Grant(t.Context(), database, schema.Public, role); err != nil {
		t.Fatal(err)
	}
	if _, err := migrations.AddMetadata(t.Context(), database, schema.Public); err != nil {
		t.Fatal(err)
	}
	u, err := url.Parse(database)
	if err != nil {
		t.Fatal("the database URL is not a URL")
	}
	u.User = url.UserPassword(role, "of a test")
	restricted := connect(t, u.String())
	execSQL(t, restricted, `UPDATE "user" SET "userMetadata" = '{"a": 1}'`)
	if got := queryValue[string](t, restricted, `SELECT "userMetadata"::text FROM "user"`); got != `{"a": 1}` {
		t.Errorf("metadata that the role reads: got %s, want what it wrote", got)
	}
	if _, err := migrations.AddMetadata(t.Context(), u.String(), schema.Public); err != nil {
		t.Errorf("AddMetadata as this role, with both columns: got the error %v, want none", err)
	}
}
