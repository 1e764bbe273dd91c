package tables

import (
	"context"
	"slices"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgtype"

	"github.com/xenon-auth/xenon/shared/importer/run"
)

// enumType stands for all enum types: the binary form of a value is its label.
const enumType = 0

// binaryTypes are types whose binary form is the same in all versions of Postgres and has no ids of other objects. The
// servers convert it faster than text.
var binaryTypes = []uint32{
	enumType,
	pgtype.BoolOID, pgtype.BoolArrayOID,
	pgtype.ByteaOID, pgtype.ByteaArrayOID,
	pgtype.Int2OID, pgtype.Int2ArrayOID,
	pgtype.Int4OID, pgtype.Int4ArrayOID,
	pgtype.Int8OID, pgtype.Int8ArrayOID,
	pgtype.Float4OID, pgtype.Float4ArrayOID,
	pgtype.Float8OID, pgtype.Float8ArrayOID,
	pgtype.NumericOID, pgtype.NumericArrayOID,
	pgtype.TextOID, pgtype.TextArrayOID,
	pgtype.VarcharOID, pgtype.VarcharArrayOID,
	pgtype.BPCharOID, pgtype.BPCharArrayOID,
	pgtype.UUIDOID, pgtype.UUIDArrayOID,
	pgtype.JSONOID, pgtype.JSONArrayOID,
	pgtype.JSONBOID, pgtype.JSONBArrayOID,
	pgtype.DateOID, pgtype.DateArrayOID,
	pgtype.TimeOID, pgtype.TimeArrayOID,
	pgtype.TimetzOID, pgtype.TimetzArrayOID,
	pgtype.TimestampOID, pgtype.TimestampArrayOID,
	pgtype.TimestamptzOID, pgtype.TimestamptzArrayOID,
	pgtype.IntervalOID, pgtype.IntervalArrayOID,
	pgtype.InetOID, pgtype.InetArrayOID,
	pgtype.CIDROID, pgtype.CIDRArrayOID,
}

// columnTypes lists the types of the columns of tables that are not generated, in the order of their names. A domain
// has the form of its base type.
const columnTypes = `SELECT x.name, ARRAY(
  SELECT CASE t.typtype WHEN 'e' THEN 0 WHEN 'd' THEN t.typbasetype ELSE t.oid END
  FROM pg_attribute a
  JOIN pg_type t ON t.oid = a.atttypid
  WHERE a.attrelid = to_regclass(x.name) AND a.attnum > 0 AND NOT a.attisdropped AND a.attgenerated = ''
  ORDER BY a.attname COLLATE "C")
FROM unnest($1::text[]) x (name)`

// binaryTables returns the names of the tables whose rows are copied in the binary format of COPY: the columns have the
// same types in both databases, and all of these are binaryTypes.
func binaryTables(ctx context.Context, src, dst *pgx.Conn, names []string) (map[string]bool, error) {
	source, err := readColumnTypes(ctx, src, names)
	if err != nil {
		return nil, run.Wrap("read the types of the source", err)
	}
	target, err := readColumnTypes(ctx, dst, names)
	if err != nil {
		return nil, run.Wrap("read the types of the target", err)
	}
	binary := map[string]bool{}
	for name, types := range source {
		isOther := func(oid uint32) bool { return !slices.Contains(binaryTypes, oid) }
		binary[name] = len(types) > 0 && slices.Equal(types, target[name]) && !slices.ContainsFunc(types, isOther)
	}
	return binary, nil
}

func readColumnTypes(ctx context.Context, db *pgx.Conn, names []string) (map[string][]uint32, error) {
	rows, err := db.Query(ctx, columnTypes, names)
	if err != nil {
		return nil, err
	}
	types := map[string][]uint32{}
	var name string
	var oids []uint32
	_, err = pgx.ForEachRow(rows, []any{&name, &oids}, func() error {
		types[name] = slices.Clone(oids)
		return nil
	})
	return types, err
}
