-- Lists the tables of the project: those that were not created by Postgres, Supabase, an extension or an import. The
-- row count is the estimate in the statistics of Postgres, or -1 if there is none. Partitions are not listed: the size
-- and the row count of a partitioned table include them. $1: the schemas to leave out. $2 and $3: the schema and the
-- names of Xenon's tables. The last two result columns list the columns of the type uuid that have no foreign key, and
-- those of the type uuid[], which cannot have one.
WITH project_schemas AS (
  SELECT oid, nspname
  FROM pg_namespace
  WHERE nspname !~ '^pg_'
    AND nspname <> ALL ($1)
), partitions AS (
  SELECT c.oid, p.relid
  FROM pg_class c
  CROSS JOIN LATERAL pg_partition_tree(c.oid) p
  WHERE c.relkind = 'p' AND NOT c.relispartition AND p.isleaf
)
SELECT format('%I.%I', n.nspname, c.relname),
  CASE
    WHEN c.relkind = 'p' THEN 'partitioned'
    WHEN c.relkind = 'f' THEN 'foreign'
    WHEN EXISTS (SELECT FROM pg_inherits i WHERE c.oid IN (i.inhrelid, i.inhparent)) THEN 'inherited'
    ELSE 'table' END,
  CASE c.relkind
    WHEN 'p' THEN (
      SELECT coalesce(sum(pg_total_relation_size(p.relid)), 0) FROM partitions p WHERE p.oid = c.oid)::bigint
    ELSE pg_total_relation_size(c.oid) END,
  CASE c.relkind
    WHEN 'p' THEN (
      SELECT coalesce(min(-1) FILTER (WHERE l.reltuples < 0), sum(l.reltuples), 0)
      FROM partitions p JOIN pg_class l ON l.oid = p.relid WHERE p.oid = c.oid)::bigint
    ELSE c.reltuples::bigint END,
  c.relrowsecurity,
  (SELECT count(*) FROM pg_policy p WHERE p.polrelid = c.oid)::int,
  (SELECT count(*) FROM pg_trigger t WHERE t.tgrelid = c.oid AND NOT t.tgisinternal)::int,
  (SELECT count(*) FROM pg_depend d JOIN pg_class s ON s.oid = d.objid AND s.relkind = 'S'
    WHERE d.classid = 'pg_class'::regclass AND d.refclassid = 'pg_class'::regclass
      AND d.refobjid = c.oid AND d.deptype IN ('a', 'i'))::int,
  NOT EXISTS (SELECT FROM pg_constraint k WHERE k.conrelid = c.oid AND k.contype = 'p'),
  n.nspname = $2 AND c.relname = ANY ($3::text[]),
  has_schema_privilege(n.oid, 'USAGE') AND has_table_privilege(c.oid, 'SELECT'),
  ARRAY(
    SELECT quote_ident(a.attname)
    FROM pg_attribute a
    WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped AND a.atttypid = 'uuid'::regtype
      AND NOT EXISTS (SELECT FROM pg_constraint k
        WHERE k.conrelid = c.oid AND k.contype = 'f' AND a.attnum = ANY (k.conkey))
    ORDER BY a.attnum),
  ARRAY(
    SELECT quote_ident(a.attname)
    FROM pg_attribute a
    WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped AND a.atttypid = 'uuid[]'::regtype
    ORDER BY a.attnum)
FROM pg_class c
JOIN project_schemas n ON n.oid = c.relnamespace
WHERE c.relkind IN ('r', 'p', 'f')
  AND NOT c.relispartition
  AND NOT EXISTS (SELECT FROM pg_depend d
    WHERE d.classid = 'pg_class'::regclass AND d.objid = c.oid AND d.deptype = 'e')
ORDER BY 1
