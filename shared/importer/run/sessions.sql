-- What a run knows about the sessions of the source. It is not part of schema.sql, because a ledger that an older
-- release created gets these tables, too.

CREATE TABLE IF NOT EXISTS supabase_import.session (
  run smallint NOT NULL,
  user_id uuid NOT NULL,
  id uuid NOT NULL,
  -- 'bridged': the target has the row of this pass. 'kept': it was used or revoked in the target. 'gone': kept, and
  -- the source no longer has the session. Otherwise the reason why the session is not imported.
  outcome text NOT NULL,
  expected bigint,                             -- hash of the row that the source wants; NULL if the session is gone
  written bigint,                              -- hash of the rows that the run wrote; NULL: it wrote none
  PRIMARY KEY (run, user_id, id)
);

CREATE TABLE IF NOT EXISTS supabase_import.session_batch (
  run smallint NOT NULL,
  number integer NOT NULL,
  sessions bigint NOT NULL,                    -- rows of auth.sessions, counted in the snapshot of the copy
  key_check bytea NOT NULL,                    -- proves that two passes used the same secret
  changed bigint,                              -- by the verification: sessions that changed in the source since
  PRIMARY KEY (run, number)
);
