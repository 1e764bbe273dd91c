-- What a run keeps for itself, in the target, where no other role may read it: quarantine and residue hold password
-- hashes and the secrets of second factors. Version 1 of the ledger.

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
  watermark timestamptz NOT NULL,              -- the source's clock when the pass began, minus the overlap
  started_at timestamptz NOT NULL DEFAULT now(),
  finished_at timestamptz,
  verification integer NOT NULL DEFAULT 0,     -- the number of the last one that was begun
  undone jsonb,
  epoch bigint NOT NULL DEFAULT 0,             -- moves on whenever the run changes hands
  holder text,
  holder_backend integer,                      -- the holder's own connection: when it is gone, so is the holder
  holder_started timestamptz,
  held_until timestamptz
);

-- A range of user ids; together they cover every id there can be, so that users who come later have their batch too.
CREATE TABLE supabase_import.batch (
  run smallint NOT NULL REFERENCES supabase_import.run,
  number integer NOT NULL,
  low uuid NOT NULL,
  high uuid,                                   -- exclusive; NULL is no end
  copied boolean NOT NULL DEFAULT false,       -- wholly, at least once: from then on only what changed is looked for
  pass smallint NOT NULL DEFAULT 0,            -- the last pass that is done with it
  rows bigint NOT NULL DEFAULT 0,              -- source rows of all kinds
  quarantined bigint NOT NULL DEFAULT 0,
  parked text,
  verification integer NOT NULL DEFAULT 0,     -- the last one that is done with it; what follows is its result
  verified_pass smallint,                      -- the pass whose work it looked at
  verified_at timestamptz,
  -- {"user": {"sourceRows": 1, "sourceSum": "2", "targetRows": 1, "targetSum": "2"}, …}
  checksums jsonb,
  differences jsonb,                           -- as a Verification names them; the first hundred
  different bigint,                            -- all of them
  PRIMARY KEY (run, number)
);

-- Every source row that the run has read. written and credential are hashes of the target rows as the run wrote them: a
-- row that has another hash now was changed since. They hold within one server and are never compared with another's.
CREATE TABLE supabase_import.ledger (
  run smallint NOT NULL,
  user_id uuid NOT NULL,
  source supabase_import.source NOT NULL,
  key uuid NOT NULL,
  outcome supabase_import.outcome NOT NULL,
  pass smallint NOT NULL,
  raw bigint,                                  -- the source row's fingerprint, by the source; NULL: copy again
  written bigint,                              -- NULL: the run did not write it
  credential bigint,                           -- of a user: the credential account
  residue text,                                -- JSON: what the target has no column for, and altered originals
  PRIMARY KEY (run, user_id, source, key)
);

CREATE TABLE supabase_import.quarantine (
  run smallint NOT NULL,
  user_id uuid NOT NULL,
  source supabase_import.source NOT NULL,
  key uuid NOT NULL,
  field text NOT NULL,                         -- '' is the whole row
  reason text NOT NULL,
  detail text,
  original jsonb,                              -- the whole source row, as Postgres writes it
  first_seen timestamptz NOT NULL DEFAULT now(),
  last_seen timestamptz NOT NULL DEFAULT now(),
  resolved timestamptz,
  PRIMARY KEY (run, user_id, source, key, field, reason)
);

-- Rejections, which a row's own columns cannot say: the row loses a conflict with another row of the source or the
-- target, or the target refuses it. The projection takes them as given, so that copy and verification expect the same.
CREATE TABLE supabase_import.ruling (
  run smallint NOT NULL,
  user_id uuid NOT NULL,
  source supabase_import.source NOT NULL,
  key uuid NOT NULL,
  reason text NOT NULL,
  detail text,
  PRIMARY KEY (run, user_id, source, key, reason)
);

-- Accounts of the target that the run did not write, as they were when the pass began. account itself has no index by
-- which a user at a provider is found.
CREATE TABLE supabase_import.foreign_account (
  run smallint NOT NULL,
  "providerId" text NOT NULL,
  "accountId" text NOT NULL,
  id uuid NOT NULL,
  PRIMARY KEY (run, "providerId", "accountId", id)
);
