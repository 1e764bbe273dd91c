-- Lists the foreign keys of the tables to move. $1: their schemas. $2: the excluded tables.
SELECT k.conname,
  format('%I.%I', cn.nspname, c.relname),
  format('%I.%I', pn.nspname, p.relname),
  ARRAY(
    SELECT quote_ident(a.attname) FROM unnest(k.conkey) WITH ORDINALITY x (n, i)
    JOIN pg_attribute a ON a.attrelid = k.conrelid AND a.attnum = x.n ORDER BY x.i),
  ARRAY(
    SELECT quote_ident(a.attname) FROM unnest(k.confkey) WITH ORDINALITY x (n, i)
    JOIN pg_attribute a ON a.attrelid = k.confrelid AND a.attnum = x.n ORDER BY x.i),
  ARRAY(
    SELECT quote_ident(a.attname) FROM unnest(k.conkey) WITH ORDINALITY x (n, i)
    JOIN pg_attribute a ON a.attrelid = k.conrelid AND a.attnum = x.n
    WHERE NOT a.attnotnull AND a.attgenerated = '' ORDER BY x.i),
  concat(
    CASE k.confmatchtype WHEN 'f' THEN ' MATCH FULL' END,
    CASE k.confupdtype WHEN 'c' THEN ' ON UPDATE CASCADE' WHEN 'n' THEN ' ON UPDATE SET NULL'
      WHEN 'd' THEN ' ON UPDATE SET DEFAULT' WHEN 'r' THEN ' ON UPDATE RESTRICT' END,
    CASE k.confdeltype WHEN 'c' THEN ' ON DELETE CASCADE' WHEN 'n' THEN ' ON DELETE SET NULL'
      WHEN 'd' THEN ' ON DELETE SET DEFAULT' WHEN 'r' THEN ' ON DELETE RESTRICT' END,
    (SELECT ' (' || string_agg(quote_ident(a.attname), ', ' ORDER BY a.attnum) || ')'
      FROM jsonb_array_elements_text(nullif(to_jsonb(k)->'confdelsetcols', 'null')) x (n)
      JOIN pg_attribute a ON a.attrelid = k.conrelid AND a.attnum = x.n::int),
    CASE WHEN k.condeferrable THEN ' DEFERRABLE' END,
    CASE WHEN k.condeferred THEN ' INITIALLY DEFERRED' END),
  k.convalidated,
  c.relkind = 'p',
  pn.nspname = ANY ($1) AND format('%I.%I', pn.nspname, p.relname) <> ALL ($2)
FROM pg_constraint k
JOIN pg_class c ON c.oid = k.conrelid
JOIN pg_namespace cn ON cn.oid = c.relnamespace
JOIN pg_class p ON p.oid = k.confrelid
JOIN pg_namespace pn ON pn.oid = p.relnamespace
WHERE k.contype = 'f'
  AND k.conparentid = 0
  AND cn.nspname = ANY ($1)
  AND format('%I.%I', cn.nspname, c.relname) <> ALL ($2)
ORDER BY 2, 1
