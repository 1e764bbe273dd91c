package tables_test

import (
	"testing"

	"github.com/xenon-auth/xenon/internal/testkit/dbtest"
	"github.com/xenon-auth/xenon/internal/testkit/importtest"
	"github.com/xenon-auth/xenon/shared/importer/tables"
)

// unusualValues are values of all types that are copied in the binary format.
const unusualValues = `create type mood as enum ('sad', 'it''s "ok"');
create domain positive as numeric(30, 10) check (value > 0);
create table of_all (
  id int primary key, b bool, bs bool[], raw bytea, i2 int2, i8 int8, f4 float4, f8 float8[], n numeric, ns numeric[],
  v varchar(5), c char(6), cs char(3)[], t text, u uuid, us uuid[], j json, jb jsonb, js jsonb[], d date, ds date[],
  ti time, tz timetz, ts timestamp, tsz timestamptz, tszs timestamptz[], iv interval, ip inet, net cidr, m mood,
  p positive
);
insert into of_all (id) values (0);
insert into of_all values
  (1, true, '{t,null,f}', '\x00ff5c0a', -32768, 9223372036854775807, 'NaN', '{-Infinity,1e-307,-0}', 'NaN',
    '{1e100,-0.000000001,NaN}', 'äöü', 'a', '{a,null}', E'\\.\t\n\r\x08\\N"''', '00000000-0000-0000-0000-000000000000',
    '{{ffffffff-ffff-ffff-ffff-ffffffffffff},{null}}', '{"a" : 1, "a":2}', '{"a": [1.00, null, "\u00e9"]}',
    '{"1","{}"}',
    '4713-01-01 BC', '{infinity,-infinity}', '24:00', '23:59:59.999999-15:59', '294276-12-31 23:59:59.999999',
    '4713-01-01 00:00:00+00 BC', '[0:1]={infinity,2026-01-01}', '-1 year 3 days -00:00:00.000001', '::1/64',
    '10.0.0.0/8', 'it''s "ok"', 12345678901234567890.0123456789),
  (2, false, '{}', '', 32767, -9223372036854775808, '-0', '{}', 'Infinity', '{}', '', '', '{}', '', gen_random_uuid(),
    '{}', 'null', 'null', '{null}', 'infinity', '{}', '00:00', '00:00+14', '-infinity', 'infinity', '{}', '0',
    '1.2.3.4/0', '::/0', 'sad', 0.0000000001);`

// A column that was changed in the target since the move began has another binary form, so its table is copied as text.
func TestValuesOfAllTypesArriveAsTheyAre(t *testing.T) {
	t.Parallel()
	const changed = "create table changed (id int primary key, n int); insert into changed values (1, -2)"
	m := importInto(t, unusualValues+changed, "")
	_, err := tables.Prepare(t.Context(), m.Env(), "supabase", tables.Options{}, installedPgDumps(t))
	if err != nil {
		t.Fatal(err)
	}
	dbtest.Exec(t, m.To, "alter table changed alter n type bigint")
	if _, err := tables.Continue(t.Context(), m.Env(), "supabase", 2); err != nil {
		t.Fatal(err)
	}
	v, err := tables.Verify(t.Context(), m.Env(), "supabase", 2)
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range v.Tables {
		if !s.Equal || s.SourceRows == 0 {
			t.Errorf("%s: got %d rows with the sum %s, want %d rows with the sum %s", s.Name, s.TargetRows, s.TargetSum,
				s.SourceRows, s.SourceSum)
		}
	}
	const row = "select r::text from of_all r order by id"
	for i, want := range importtest.Column(t, m.From, row) {
		if got := importtest.Column(t, m.To, row)[i]; got != want {
			t.Errorf("row %d: got %s, want %s", i, got, want)
		}
	}
}
