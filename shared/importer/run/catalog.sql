-- Describes tables: $1 has the schema and $2 the name of each. It returns one row for each in their order, also for a
-- table that does not exist.
SELECT c.oid IS NOT NULL,
  coalesce(
    c.oid IS NOT NULL
    AND has_schema_privilege(current_user, c.relnamespace, 'usage')
    AND has_table_privilege(current_user, c.oid, 'select'),
    false),
  coalesce(c.relkind = 'f', false),
  coalesce((
    SELECT json_agg(
      json_build_object(
        'name', a.attname,
        'type', format_type(a.atttypid, NULL),
        'precision', CASE WHEN a.atttypid IN ('timestamp'::regtype, 'timestamptz'::regtype)
          THEN nullif(a.atttypmod, -1) END,
        'generated', a.attgenerated <> '',
        'check', (
          SELECT string_agg(pg_get_constraintdef(k.oid), ' ')
          FROM pg_constraint k
          WHERE k.conrelid = c.oid AND k.contype = 'c' AND k.conkey = ARRAY[a.attnum]),
        'unique', a.attnotnull AND EXISTS (
          SELECT FROM pg_index i
          WHERE i.indrelid = c.oid AND i.indisunique AND i.indisvalid AND i.indpred IS NULL
            AND i.indnkeyatts = 1 AND i.indkey[0] = a.attnum),
        'labels', (
          SELECT json_agg(e.enumlabel ORDER BY e.enumsortorder)
          FROM pg_enum e
          WHERE e.enumtypid = a.atttypid))
      ORDER BY a.attnum)
    FROM pg_attribute a
    WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped), '[]')
FROM unnest($1::text[], $2::text[]) WITH ORDINALITY asked(schema, name, number)
LEFT JOIN pg_class c
  ON c.relname = asked.name
  AND c.relkind IN ('r', 'p', 'v', 'm', 'f')
  AND c.relnamespace = (SELECT oid FROM pg_namespace WHERE nspname = asked.schema)
ORDER BY asked.number
