-- Lists the foreign keys that reference "user", account, session or user_profile, directly or through further tables.
-- If $1 is true, it includes those that reference "twoFactor".
-- The search replaces a partition by its partitioned table, because other foreign keys can reference either of them.
-- The foreign keys of Xenon's own schema are left out, with those of the sessions of Supabase, which are deleted with
-- their users.
WITH RECURSIVE deletable AS (
  SELECT unnest(ARRAY[
    '"user"'::regclass, 'account'::regclass, 'session'::regclass, 'user_profile'::regclass
  ])::oid AS oid
  UNION ALL
  SELECT to_regclass('"twoFactor"')::oid WHERE $1::boolean AND to_regclass('"twoFactor"') IS NOT NULL
), foreign_key AS (
  SELECT k.oid,
    coalesce(pg_partition_root(k.conrelid), k.conrelid)::oid AS child,
    coalesce(pg_partition_root(k.confrelid), k.confrelid)::oid AS parent
  FROM pg_constraint k
  WHERE k.contype = 'f' AND k.conparentid = 0
    AND k.conrelid IS DISTINCT FROM to_regclass('"supabaseSession"')
    AND k.conrelid IS DISTINCT FROM to_regclass('"supabaseCredential"')
    AND NOT (
      k.confrelid = '"user"'::regclass
      AND k.conrelid IN (SELECT oid FROM deletable)
      AND cardinality(k.conkey) = 1
      AND k.confdeltype = 'c'
      AND k.conkey[1] IS NOT DISTINCT FROM (
        SELECT attnum FROM pg_attribute a
        WHERE a.attrelid = k.conrelid
          AND a.attname = CASE k.conrelid WHEN 'user_profile'::regclass THEN 'user_id' ELSE 'userId' END))
), reaching_key AS (
  SELECT foreign_key.* FROM foreign_key JOIN deletable d ON d.oid = foreign_key.parent
  UNION
  SELECT foreign_key.* FROM reaching_key JOIN foreign_key ON foreign_key.parent = reaching_key.child
)
SELECT format('%I.%I', cn.nspname, c.relname),
  ARRAY(
    SELECT quote_ident(attname)
    FROM unnest(k.conkey) WITH ORDINALITY x (n, i)
    JOIN pg_attribute a ON a.attrelid = k.conrelid AND a.attnum = x.n
    ORDER BY i),
  CASE c.relkind WHEN 'p' THEN '' ELSE 'ONLY ' END || format('%I.%I', cn.nspname, c.relname),
  CASE p.relkind WHEN 'p' THEN '' ELSE 'ONLY ' END || format('%I.%I', pn.nspname, p.relname),
  ARRAY(
    SELECT quote_ident(attname)
    FROM unnest(k.confkey) WITH ORDINALITY x (n, i)
    JOIN pg_attribute a ON a.attrelid = k.confrelid AND a.attnum = x.n
    ORDER BY i),
  CASE
    WHEN k.confdeltype = 'c' THEN 'delete'
    WHEN k.confdeltype = 'd' OR k.confdeltype = 'n' AND NOT EXISTS (
      SELECT FROM pg_attribute a
      WHERE a.attrelid = k.conrelid
        AND a.attnotnull
        AND a.attnum = ANY (coalesce((
          SELECT array_agg(n::int2)
          FROM jsonb_array_elements_text(nullif(to_jsonb(k)->'confdelsetcols', 'null')) n), k.conkey)))
    THEN 'change'
    ELSE 'hold' END,
  c.oid IN (SELECT oid FROM deletable),
  p.oid IN (SELECT oid FROM deletable)
FROM reaching_key g
JOIN pg_constraint k ON k.oid = g.oid
JOIN pg_class c ON c.oid = k.conrelid
JOIN pg_namespace cn ON cn.oid = c.relnamespace
JOIN pg_class p ON p.oid = k.confrelid
JOIN pg_namespace pn ON pn.oid = p.relnamespace
ORDER BY 8 DESC, 1, k.conname
