-- Lists the tables whose rows are copied, with the partitions instead of the partitioned tables: name, columns that are
-- not generated, columns of the primary key with their types, estimated number of rows, whether the table is excluded
-- or foreign. $1: the schemas to move. $2: the excluded tables.
SELECT format('%I.%I', n.nspname, c.relname),
  ARRAY(
    SELECT quote_ident(a.attname)
    FROM pg_attribute a
    WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped AND a.attgenerated = ''
    ORDER BY a.attnum),
  ARRAY(
    SELECT quote_ident(a.attname)
    FROM pg_constraint k
    CROSS JOIN LATERAL unnest(k.conkey) WITH ORDINALITY x (n, i)
    JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = x.n
    WHERE k.conrelid = c.oid AND k.contype = 'p'
    ORDER BY x.i),
  ARRAY(
    SELECT format_type(a.atttypid, a.atttypmod)
    FROM pg_constraint k
    CROSS JOIN LATERAL unnest(k.conkey) WITH ORDINALITY x (n, i)
    JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = x.n
    WHERE k.conrelid = c.oid AND k.contype = 'p'
    ORDER BY x.i),
  greatest(c.reltuples, 0)::bigint,
  pg_relation_size(c.oid)
FROM pg_class c
JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE n.nspname = ANY ($1)
  AND c.relkind = 'r'
  AND format('%I.%I', n.nspname, c.relname) <> ALL ($2)
  AND NOT EXISTS (SELECT FROM pg_depend d
    WHERE d.classid = 'pg_class'::regclass AND d.objid = c.oid AND d.deptype = 'e')
ORDER BY pg_relation_size(c.oid) DESC, 1
