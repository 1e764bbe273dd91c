-- The tables of the import in the target. Roles other than the owner cannot read them: quarantine and residue contain
-- password hashes and the secrets of second factors. Version 1 of the ledger.

CREATE SCHEMA supabase_import;
REVOKE ALL ON SCHEMA supabase_import FROM PUBLIC;
COMMENT ON SCHEMA supabase_import IS 'xenon ledger 1';

CREATE TYPE supabase_import.source AS ENUM ('user', 'identity', 'profile', 'factor', 'passkey');
CREATE TYPE supabase_import.outcome AS ENUM ('copied', 'identical', 'folded', 'quarantined', 'kept', 'deleted');

CREATE TABLE supabase_import.run (
  id smallint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  name text NOT NULL UNIQUE,
  state text NOT NULL DEFAULT 'running' CHECK (state IN ('running', 'complete', 'rolled back', 'finalized')),
  pass smallint NOT NULL DEFAULT 1,
  plan jsonb NOT NULL,
  watermark timestamptz NOT NULL,              -- start of the pass by the clock of the source, minus an overlap
  started_at timestamptz NOT NULL DEFAULT now(),
  finished_at timestamptz,
  verification integer NOT NULL DEFAULT 0,     -- number of the last verification that was started
  undone jsonb,
  epoch bigint NOT NULL DEFAULT 0,             -- each new lease increases it
  holder text,
  holder_backend integer,                      -- pid of the connection of the lease; if it ends, the lease is free
  holder_started timestamptz,
  held_until timestamptz
);

-- A range of user ids. The batches of a run cover all ids, so that every new user belongs to a batch, too.
CREATE TABLE supabase_import.batch (
  run smallint NOT NULL REFERENCES supabase_import.run,
  number integer NOT NULL,
  low uuid NOT NULL,
  high uuid,                                   -- exclusive; NULL: no upper bound
  copied boolean NOT NULL DEFAULT false,       -- a pass copied all users; later passes copy only changes
  pass smallint NOT NULL DEFAULT 0,            -- the last pass that finished the batch
  rows bigint NOT NULL DEFAULT 0,              -- source rows of all kinds
  quarantined bigint NOT NULL DEFAULT 0,
  parked text,
  verification integer NOT NULL DEFAULT 0,     -- number of its last verification; the columns below have the result
  verified_pass smallint,                      -- the pass that was verified
  verified_at timestamptz,
  -- {"user": {"sourceRows": 1, "sourceSum": "2", "targetRows": 1, "targetSum": "2"}, …}
  checksums jsonb,
  differences jsonb,                           -- the first hundred, as JSON of Difference (verification.go)
  different bigint,                            -- number of all differences
  PRIMARY KEY (run, number)
);

-- Every source row that the run has read. written and credential are hashes of the target rows as the run wrote them: a
-- row that has another hash now was changed since. The hashes are comparable within one server only.
CREATE TABLE supabase_import.ledger (
  run smallint NOT NULL,
  user_id uuid NOT NULL,
  source supabase_import.source NOT NULL,
  key uuid NOT NULL,
  outcome supabase_import.outcome NOT NULL,
  pass smallint NOT NULL,
  raw bigint,                                  -- fingerprint of the source row, by the source; NULL: copy again
  written bigint,                              -- NULL: the run did not write the row
  credential bigint,                           -- hash of the credential account, for a user
  residue text,                                -- JSON: values without a column in the target, and altered values
  PRIMARY KEY (run, user_id, source, key)
);

CREATE TABLE supabase_import.quarantine (
  run smallint NOT NULL,
  user_id uuid NOT NULL,
  source supabase_import.source NOT NULL,
  key uuid NOT NULL,
  field text NOT NULL,                         -- '' means the whole row
  reason text NOT NULL,
  detail text,
  original jsonb,                              -- the whole source row, as Postgres writes it
  first_seen timestamptz NOT NULL DEFAULT now(),
  last_seen timestamptz NOT NULL DEFAULT now(),
  resolved timestamptz,
  PRIMARY KEY (run, user_id, source, key, field, reason)
);

-- Rejections: rows that are not copied for a reason outside the row. Another row of the source or the target has the
-- unique value, or the target rejects the row. The projections use the stored rejections, so that copy and verification
-- expect the same rows. The name of the table is older than the term rejection.
CREATE TABLE supabase_import.ruling (
  run smallint NOT NULL,
  user_id uuid NOT NULL,
  source supabase_import.source NOT NULL,
  key uuid NOT NULL,
  reason text NOT NULL,
  detail text,
  PRIMARY KEY (run, user_id, source, key, reason)
);

-- Accounts of the target that the run did not write, as they were when the pass began. In a target without migration 7
-- the table account has no index on ("providerId", "accountId").
CREATE TABLE supabase_import.foreign_account (
  run smallint NOT NULL,
  "providerId" text NOT NULL,
  "accountId" text NOT NULL,
  id uuid NOT NULL,
  PRIMARY KEY (run, "providerId", "accountId", id)
);
