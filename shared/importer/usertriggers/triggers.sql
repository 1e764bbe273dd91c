-- Lists the triggers on auth.users that are not Supabase's own, with their functions. The order is that in which
-- Postgres calls them.
SELECT quote_ident(t.tgname),
  pg_get_triggerdef(t.oid),
  quote_ident(n.nspname),
  f.proname,
  pg_get_functiondef(f.oid),
  l.lanname,
  t.tgenabled IN ('O', 'A'),
  t.tgtype & 1 > 0,
  t.tgtype & 2 > 0,
  t.tgtype & 8 > 0,
  t.tgtype & 20 > 0,
  coalesce(t.tgoldtable, t.tgnewtable) IS NOT NULL
FROM pg_trigger t
JOIN pg_proc f ON f.oid = t.tgfoid
JOIN pg_language l ON l.oid = f.prolang
JOIN pg_namespace n ON n.oid = f.pronamespace
WHERE t.tgrelid = 'auth.users'::regclass AND NOT t.tgisinternal AND n.nspname <> 'auth'
ORDER BY t.tgname
