package tables

import (
	"context"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5"

	"github.com/xenon-auth/xenon/internal/testkit/dbtest"
)

// Arrays of enums, composite types and the like have ids in their binary form that differ between databases.
func TestTablesWithTypesOfPostgresAreCopiedInTheBinaryFormat(t *testing.T) {
	t.Parallel()
	open := func(before string) *pgx.Conn {
		conn, err := pgx.Connect(t.Context(), dbtest.NewEmpty(t))
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = conn.Close(context.WithoutCancel(t.Context())) })
		if _, err := conn.Exec(t.Context(), before+`CREATE TYPE mood AS ENUM ('sad', 'ok'); CREATE DOMAIN label AS text;
CREATE TYPE pair AS (a int, b int);
CREATE TABLE plain (id uuid, at timestamptz, n numeric(9, 2), tags text[], data jsonb, m mood, d label,
  g int GENERATED ALWAYS AS (1) STORED, dropped pair);
ALTER TABLE plain DROP dropped;
CREATE TABLE enums (m mood[]); CREATE TABLE pairs (p pair); CREATE TABLE domains (d label[]);
CREATE TABLE names (c regclass); CREATE TABLE ranges (r int4range); CREATE TABLE changed (n int);`); err != nil {
			t.Fatal(err)
		}
		return conn
	}
	src, dst := open(""), open("CREATE TYPE other AS ENUM ();")
	if _, err := dst.Exec(t.Context(), "ALTER TABLE changed ALTER n TYPE bigint"); err != nil {
		t.Fatal(err)
	}
	all := []string{"changed", "domains", "enums", "names", "pairs", "plain", "ranges", "unknown"}
	got, err := binaryTables(t.Context(), src, dst, all)
	if err != nil {
		t.Fatal(err)
	}
	var binary []string
	for name, is := range got {
		if is {
			binary = append(binary, name)
		}
	}
	if diff := cmp.Diff([]string{"plain"}, binary); diff != "" {
		t.Errorf("tables that are copied in the binary format (-want +got):\n%s", diff)
	}
}
