-- Lists the tables of the project with a column of the type uuid that refers to auth.users, and that is unique or the
-- primary key. $1: the schemas to leave out.
SELECT DISTINCT ON (n.nspname, c.relname) n.nspname, c.relname, a.attname
FROM pg_constraint k
JOIN pg_class c ON c.oid = k.conrelid
JOIN pg_namespace n ON n.oid = c.relnamespace
JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = k.conkey[1]
JOIN pg_index i ON i.indrelid = c.oid AND i.indkey[0] = a.attnum
JOIN pg_attribute id ON id.attrelid = k.confrelid AND id.attnum = k.confkey[1]
WHERE k.contype = 'f'
  AND k.confrelid = 'auth.users'::regclass
  AND cardinality(k.conkey) = 1
  AND id.attname = 'id'
  AND a.atttypid = 'uuid'::regtype
  AND i.indisunique AND i.indisvalid AND i.indpred IS NULL AND i.indnkeyatts = 1
  AND NOT c.relispartition
  AND n.nspname !~ '^pg_'
  AND n.nspname <> ALL ($1)
ORDER BY n.nspname, c.relname, a.attname = 'user_id' DESC, i.indisprimary DESC, a.attnum
