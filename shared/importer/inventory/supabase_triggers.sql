-- Lists the triggers of the project on tables of Supabase's schemas other than auth.users, with their functions. The
-- functions of Supabase's own triggers are in the schema of the table. The last column has the names in the schema auth
-- that the function uses. $1: the schemas of Supabase.
SELECT 'trigger', format('%I on %I.%I: %I.%I()', t.tgname, cn.nspname, c.relname, n.nspname, f.proname),
  ARRAY(
    SELECT DISTINCT lower(m[1])
    FROM regexp_matches(f.prosrc, '\mauth"?\s*\.\s*"?(\w+)', 'gi') m
    ORDER BY 1)
FROM pg_trigger t
JOIN pg_class c ON c.oid = t.tgrelid
JOIN pg_namespace cn ON cn.oid = c.relnamespace
JOIN pg_proc f ON f.oid = t.tgfoid
JOIN pg_namespace n ON n.oid = f.pronamespace
WHERE cn.nspname = ANY ($1)
  AND n.oid <> cn.oid
  AND t.tgrelid <> 'auth.users'::regclass
  AND NOT t.tgisinternal AND t.tgparentid = 0
ORDER BY 2
