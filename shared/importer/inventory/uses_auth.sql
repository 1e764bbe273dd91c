-- Lists the views, functions, policies and triggers of the project's own schemas that use the schema auth, with the
-- names in this schema that they use. Functions in a language of text are searched for "auth."; Postgres stores no
-- dependencies for them.
WITH project_schemas AS (
  SELECT oid, nspname
  FROM pg_namespace
  WHERE nspname !~ '^pg_'
    AND nspname <> ALL ($1)
), functions AS (
  SELECT f.oid, format('%I.%I(%s)', n.nspname, f.proname, pg_get_function_identity_arguments(f.oid)) AS name,
    concat_ws(' ', f.prosrc, pg_get_function_sqlbody(f.oid)) AS text
  FROM pg_proc f
  JOIN project_schemas n ON n.oid = f.pronamespace
  WHERE f.prokind IN ('f', 'p')
    AND NOT EXISTS (SELECT FROM pg_depend d
      WHERE d.classid = 'pg_proc'::regclass AND d.objid = f.oid AND d.deptype = 'e')
), objects AS (
  SELECT CASE c.relkind WHEN 'm' THEN 'materialized view' ELSE 'view' END AS kind,
    format('%I.%I', n.nspname, c.relname) AS name,
    pg_get_viewdef(c.oid) AS text
  FROM pg_class c
  JOIN project_schemas n ON n.oid = c.relnamespace
  WHERE c.relkind IN ('v', 'm')
    AND NOT EXISTS (SELECT FROM pg_depend d
      WHERE d.classid = 'pg_class'::regclass AND d.objid = c.oid AND d.deptype = 'e')
  UNION ALL
  SELECT 'function', name, text FROM functions
  UNION ALL
  SELECT 'policy', format('%I.%I: %I', n.nspname, c.relname, p.polname),
    concat_ws(' ', pg_get_expr(p.polqual, p.polrelid), pg_get_expr(p.polwithcheck, p.polrelid))
  FROM pg_policy p
  JOIN pg_class c ON c.oid = p.polrelid
  JOIN project_schemas n ON n.oid = c.relnamespace
  UNION ALL
  SELECT 'trigger', format('%I.%I: %I', n.nspname, c.relname, t.tgname), f.text
  FROM pg_trigger t
  JOIN pg_class c ON c.oid = t.tgrelid
  JOIN project_schemas n ON n.oid = c.relnamespace
  JOIN functions f ON f.oid = t.tgfoid
  WHERE NOT t.tgisinternal
)
SELECT o.kind, o.name, u.names
FROM objects o
CROSS JOIN LATERAL (
  SELECT array_agg(DISTINCT lower(m[1]) ORDER BY lower(m[1])) AS names
  FROM regexp_matches(o.text, '\mauth"?\s*\.\s*"?(\w+)', 'gi') m
) u
WHERE u.names IS NOT NULL
ORDER BY 1, 2
