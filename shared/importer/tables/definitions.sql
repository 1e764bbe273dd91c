-- Lists the objects of schemas with a digest of their definitions: tables with their columns, indexes, constraints,
-- triggers and policies, views, functions, types and sequences. $1: the schemas. $2: the excluded tables.
-- The text of a foreign key to users differs between source and target, so its digest has only the name.
WITH own AS (
  SELECT oid, nspname FROM pg_namespace WHERE nspname = ANY ($1)
), relation AS (
  SELECT c.oid, c.relkind, c.relrowsecurity, c.relforcerowsecurity, format('%I.%I', n.nspname, c.relname) AS name
  FROM pg_class c
  JOIN own n ON n.oid = c.relnamespace
  WHERE format('%I.%I', n.nspname, c.relname) <> ALL ($2)
    AND NOT EXISTS (SELECT FROM pg_depend d
      WHERE d.classid = 'pg_class'::regclass AND d.objid = c.oid AND d.deptype = 'e')
), object AS (
  SELECT CASE r.relkind WHEN 'p' THEN 'table' WHEN 'r' THEN 'table' END AS kind, r.name, '' AS on_table,
    concat(r.relrowsecurity, r.relforcerowsecurity, (
      SELECT string_agg(concat_ws(' ', quote_ident(a.attname), format_type(a.atttypid, a.atttypmod), a.attnotnull,
        a.attidentity, a.attgenerated), ', ' ORDER BY a.attname)
      FROM pg_attribute a
      WHERE a.attrelid = r.oid AND a.attnum > 0 AND NOT a.attisdropped)) AS definition
  FROM relation r
  WHERE r.relkind IN ('r', 'p')
  UNION ALL
  SELECT CASE r.relkind WHEN 'm' THEN 'materialized view' ELSE 'view' END, r.name, '', pg_get_viewdef(r.oid)
  FROM relation r
  WHERE r.relkind IN ('v', 'm')
  UNION ALL
  SELECT 'sequence', r.name, '', ''
  FROM relation r
  WHERE r.relkind = 'S'
    AND NOT EXISTS (SELECT FROM pg_depend d  -- the sequence of an identity column goes with its table
      WHERE d.classid = 'pg_class'::regclass AND d.objid = r.oid AND d.refclassid = 'pg_class'::regclass
        AND d.deptype = 'i' AND d.refobjid NOT IN (SELECT oid FROM relation))
  UNION ALL
  SELECT 'index', i.name, r.name, pg_get_indexdef(x.indexrelid)
  FROM pg_index x
  JOIN relation r ON r.oid = x.indrelid
  JOIN relation i ON i.oid = x.indexrelid
  UNION ALL
  SELECT CASE k.contype WHEN 'f' THEN 'foreign key' ELSE 'constraint' END, format('%s: %I', r.name, k.conname), r.name,
    CASE k.contype WHEN 'f' THEN '' ELSE pg_get_constraintdef(k.oid) END
  FROM pg_constraint k
  JOIN relation r ON r.oid = k.conrelid
  WHERE k.contype IN ('c', 'f', 'p', 'u', 'x')
    AND (k.contype <> 'f' OR k.conparentid = 0)
  UNION ALL
  SELECT 'trigger', format('%s: %I', r.name, t.tgname), r.name, pg_get_triggerdef(t.oid)
  FROM pg_trigger t
  JOIN relation r ON r.oid = t.tgrelid
  WHERE NOT t.tgisinternal
  UNION ALL
  SELECT 'policy', format('%s: %I', r.name, p.polname), r.name,
    concat_ws(' ', p.polcmd, p.polpermissive, pg_get_expr(p.polqual, p.polrelid),
      pg_get_expr(p.polwithcheck, p.polrelid))
  FROM pg_policy p
  JOIN relation r ON r.oid = p.polrelid
  UNION ALL
  SELECT 'rule', format('%s: %I', r.name, w.rulename), r.name, pg_get_ruledef(w.oid)
  FROM pg_rewrite w
  JOIN relation r ON r.oid = w.ev_class
  WHERE w.rulename <> '_RETURN'
  UNION ALL
  SELECT CASE f.prokind WHEN 'p' THEN 'procedure' WHEN 'a' THEN 'aggregate' ELSE 'function' END,
    format('%I.%I(%s)', n.nspname, f.proname, pg_get_function_identity_arguments(f.oid)), '',
    CASE f.prokind WHEN 'a' THEN '' ELSE pg_get_functiondef(f.oid) END
  FROM pg_proc f
  JOIN own n ON n.oid = f.pronamespace
  WHERE NOT EXISTS (SELECT FROM pg_depend d
    WHERE d.classid = 'pg_proc'::regclass AND d.objid = f.oid AND d.deptype IN ('e', 'i'))
  UNION ALL
  SELECT CASE t.typtype WHEN 'd' THEN 'domain' ELSE 'type' END, format('%I.%I', n.nspname, t.typname), '',
    (SELECT string_agg(e.enumlabel, ', ' ORDER BY e.enumsortorder) FROM pg_enum e WHERE e.enumtypid = t.oid)
  FROM pg_type t
  JOIN own n ON n.oid = t.typnamespace
  WHERE (t.typtype IN ('d', 'e', 'r') OR t.typtype = 'c' AND EXISTS (
      SELECT FROM pg_class c WHERE c.oid = t.typrelid AND c.relkind = 'c'))
    AND NOT EXISTS (SELECT FROM pg_depend d
      WHERE d.classid = 'pg_type'::regclass AND d.objid = t.oid AND d.deptype = 'e')
)
SELECT kind, name, on_table, md5(coalesce(definition, ''))
FROM object
ORDER BY 1, 2
