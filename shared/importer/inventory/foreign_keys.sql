-- Lists the foreign keys of all tables. A partition counts as its partitioned table.
SELECT format('%I.%I', cn.nspname, c.relname),
  (SELECT string_agg(quote_ident(a.attname), ', ' ORDER BY x.i)
    FROM unnest(k.conkey) WITH ORDINALITY x (n, i)
    JOIN pg_attribute a ON a.attrelid = k.conrelid AND a.attnum = x.n),
  format('%I.%I', pn.nspname, p.relname)
FROM pg_constraint k
JOIN pg_class c ON c.oid = coalesce(pg_partition_root(k.conrelid), k.conrelid)
JOIN pg_namespace cn ON cn.oid = c.relnamespace
JOIN pg_class p ON p.oid = coalesce(pg_partition_root(k.confrelid), k.confrelid)
JOIN pg_namespace pn ON pn.oid = p.relnamespace
WHERE k.contype = 'f' AND k.conparentid = 0
ORDER BY 1, 2, 3
