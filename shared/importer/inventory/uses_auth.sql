-- Lists the views, functions, policies and triggers of the project's own schemas that use the schema auth. Functions in
-- a language of text are searched for "auth."; Postgres stores no dependencies for them.
WITH project_schemas AS (
  SELECT oid, nspname
  FROM pg_namespace
  WHERE nspname !~ '^pg_'
    AND nspname <> ALL ($1)
), functions_with_auth AS (
  SELECT f.oid, format('%I.%I(%s)', n.nspname, f.proname, pg_get_function_identity_arguments(f.oid)) AS name
  FROM pg_proc f
  JOIN project_schemas n ON n.oid = f.pronamespace
  WHERE f.prokind IN ('f', 'p')
    AND (f.prosrc ~* '\mauth\s*\.' OR coalesce(pg_get_function_sqlbody(f.oid), '') ~* '\mauth\s*\.')
    AND NOT EXISTS (SELECT FROM pg_depend d
      WHERE d.classid = 'pg_proc'::regclass AND d.objid = f.oid AND d.deptype = 'e')
)
SELECT * FROM (
  SELECT CASE c.relkind WHEN 'm' THEN 'materialized view' ELSE 'view' END AS kind,
    format('%I.%I', n.nspname, c.relname) AS name
  FROM pg_class c
  JOIN project_schemas n ON n.oid = c.relnamespace
  WHERE c.relkind IN ('v', 'm') AND pg_get_viewdef(c.oid) ~* '\mauth\s*\.'
    AND NOT EXISTS (SELECT FROM pg_depend d
      WHERE d.classid = 'pg_class'::regclass AND d.objid = c.oid AND d.deptype = 'e')
  UNION ALL
  SELECT 'function', name FROM functions_with_auth
  UNION ALL
  SELECT 'policy', format('%I.%I: %I', n.nspname, c.relname, p.polname)
  FROM pg_policy p
  JOIN pg_class c ON c.oid = p.polrelid
  JOIN project_schemas n ON n.oid = c.relnamespace
  WHERE concat_ws(' ', pg_get_expr(p.polqual, p.polrelid), pg_get_expr(p.polwithcheck, p.polrelid)) ~* '\mauth\s*\.'
  UNION ALL
  SELECT 'trigger', format('%I.%I: %I', n.nspname, c.relname, t.tgname)
  FROM pg_trigger t
  JOIN pg_class c ON c.oid = t.tgrelid
  JOIN project_schemas n ON n.oid = c.relnamespace
  WHERE NOT t.tgisinternal AND t.tgfoid IN (SELECT oid FROM functions_with_auth)
) x
ORDER BY 1, 2
