-- Lists the triggers on auth.users whose functions are not in the schema auth, with their functions. The last column
-- has the names in the schema auth that the function uses.
SELECT 'trigger', format('%I: %I.%I()', t.tgname, n.nspname, f.proname),
  ARRAY(
    SELECT DISTINCT lower(m[1])
    FROM regexp_matches(f.prosrc, '\mauth"?\s*\.\s*"?(\w+)', 'gi') m
    ORDER BY 1)
FROM pg_trigger t
JOIN pg_proc f ON f.oid = t.tgfoid
JOIN pg_namespace n ON n.oid = f.pronamespace
WHERE t.tgrelid = 'auth.users'::regclass AND NOT t.tgisinternal AND n.nspname <> 'auth'
ORDER BY 2
