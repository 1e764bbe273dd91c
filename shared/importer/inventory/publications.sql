-- Lists the publications that have tables of the project, with these tables. A partition counts as its partitioned
-- table. $1: the schemas to leave out.
SELECT quote_ident(p.pubname), p.puballtables,
  array_agg(DISTINCT format('%I.%I', n.nspname, c.relname))
FROM pg_publication p
JOIN pg_publication_tables t ON t.pubname = p.pubname
JOIN pg_namespace tn ON tn.nspname = t.schemaname
JOIN pg_class tc ON tc.relnamespace = tn.oid AND tc.relname = t.tablename
JOIN pg_class c ON c.oid = coalesce(pg_partition_root(tc.oid), tc.oid)
JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE n.nspname !~ '^pg_'
  AND n.nspname <> ALL ($1)
GROUP BY p.pubname, p.puballtables
ORDER BY 1
