-- The state of `xenon migrate tables` in the target, beside the tables of the import (run/schema.sql).

-- A move of the project's own schemas. It belongs to the run that copied the users.
CREATE TABLE IF NOT EXISTS supabase_import.move (
  run smallint PRIMARY KEY REFERENCES supabase_import.run,
  state text NOT NULL CHECK (state IN ('copying', 'finishing', 'complete', 'rolled back')),
  options jsonb NOT NULL,
  schemas text[] NOT NULL,                     -- the schemas that are moved
  started_at timestamptz NOT NULL DEFAULT now(),
  finished_at timestamptz                      -- 'rolled back': a rollback has kept some objects
);
-- Every transaction of the source before xid is copied, once the move is complete. The first versions had no position.
ALTER TABLE supabase_import.move ADD COLUMN IF NOT EXISTS xid bigint;
ALTER TABLE supabase_import.move ADD COLUMN IF NOT EXISTS server text;

-- The statements of the move in the order of their execution. Statements of the section "prepare" and "tables" are
-- executed when the move begins, those of "indexes" and "security" after all rows are copied, and those of "user
-- triggers" last. The latter have no SQL if they cannot be made.
CREATE TABLE IF NOT EXISTS supabase_import.moved_object (
  run smallint NOT NULL REFERENCES supabase_import.move,
  number integer NOT NULL,
  section text NOT NULL,
  kind text NOT NULL,                          -- as pg_dump names it: "TABLE", "INDEX", "POLICY", …
  name text NOT NULL,
  sql text NOT NULL,
  drops text[],                                -- of "user triggers": the statements that a rollback executes first
  state text NOT NULL CHECK (state IN ('open', 'done', 'left out')),
  reason text,                                 -- why the object was left out
  PRIMARY KEY (run, number)
);
ALTER TABLE supabase_import.moved_object ADD COLUMN IF NOT EXISTS drops text[];  -- the first versions had none

-- The statements that a rollback executes, in this order.
CREATE TABLE IF NOT EXISTS supabase_import.moved_drop (
  run smallint NOT NULL REFERENCES supabase_import.move,
  number integer NOT NULL,
  sql text NOT NULL,
  PRIMARY KEY (run, number)
);

-- A table whose rows are copied. rows is their number in the target when the move was complete: a table that has more
-- or fewer rows now, or a row that another transaction than those of moved_transaction wrote, was changed since.
CREATE TABLE IF NOT EXISTS supabase_import.moved_table (
  run smallint NOT NULL REFERENCES supabase_import.move,
  name text NOT NULL,                          -- with its schema, quoted as in SQL
  columns text[] NOT NULL,                     -- the copied columns, quoted
  failed text,                                 -- why the rows of the table were not copied
  rows bigint,
  PRIMARY KEY (run, name)
);
-- Whether the last verification found the rows to be equal, and they were not written since; and how long it took.
ALTER TABLE supabase_import.moved_table ADD COLUMN IF NOT EXISTS verified boolean NOT NULL DEFAULT false;
ALTER TABLE supabase_import.moved_table ADD COLUMN IF NOT EXISTS verify_seconds float8;

-- A range of rows of a table, by its primary key. It is copied in one transaction. A table without a primary key and a
-- small table have one part.
CREATE TABLE IF NOT EXISTS supabase_import.moved_part (
  run smallint NOT NULL,
  table_name text NOT NULL,
  number integer NOT NULL,
  condition text NOT NULL,                     -- on the rows of the source; '' means all
  copied boolean NOT NULL DEFAULT false,
  rows bigint NOT NULL,                        -- an estimate until the part is copied
  PRIMARY KEY (run, table_name, number),
  FOREIGN KEY (run, table_name) REFERENCES supabase_import.moved_table
);
ALTER TABLE supabase_import.moved_part ADD COLUMN IF NOT EXISTS seconds float8;  -- how long the copy took

-- The transactions of the move that wrote rows. A row of a moved table whose xmin is such a transaction is unchanged.
CREATE TABLE IF NOT EXISTS supabase_import.moved_transaction (
  run smallint NOT NULL REFERENCES supabase_import.move,
  id xid8 NOT NULL,
  PRIMARY KEY (run, id)
);

-- A foreign key of a moved table.
CREATE TABLE IF NOT EXISTS supabase_import.moved_key (
  run smallint NOT NULL REFERENCES supabase_import.move,
  number integer NOT NULL,
  table_name text NOT NULL,
  name text NOT NULL,
  definition jsonb NOT NULL,                   -- ForeignKey (foreign_keys.go)
  state text NOT NULL CHECK (state IN ('open', 'valid', 'not valid', 'left out')),
  orphans bigint NOT NULL DEFAULT 0,           -- rows that refer to no row
  reason text,
  PRIMARY KEY (run, number)
);

-- Rows of the source that are not in the target as they were, because they refer to a row that does not exist there, or
-- because the target rejects them. before and after are the hashes of the row at the source and in the target.
CREATE TABLE IF NOT EXISTS supabase_import.moved_row (
  run smallint NOT NULL REFERENCES supabase_import.move,
  id bigint GENERATED ALWAYS AS IDENTITY,
  table_name text NOT NULL,
  key_name text NOT NULL,                      -- the foreign key, another constraint, or the SQLSTATE of the rejection
  action text NOT NULL,                        -- 'nulled', 'quarantined', or 'outdated': the target has an older version
  original json NOT NULL,                      -- jsonb cannot store every json value, such as "\u0000"
  before numeric NOT NULL,
  after numeric,
  PRIMARY KEY (run, id)
);
ALTER TABLE supabase_import.moved_row DROP CONSTRAINT IF EXISTS moved_row_action_check;  -- of the first versions

-- The objects of the moved schemas when the move was complete, with digests of their definitions.
CREATE TABLE IF NOT EXISTS supabase_import.moved_definition (
  run smallint NOT NULL REFERENCES supabase_import.move,
  kind text NOT NULL,
  name text NOT NULL,
  on_table text NOT NULL,                      -- the table to which the object belongs, or ''
  digest text NOT NULL,
  PRIMARY KEY (run, kind, name)
);
