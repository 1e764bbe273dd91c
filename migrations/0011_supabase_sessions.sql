-- The sessions that users had at Supabase, so that a browser which is signed in there is signed in here without a
-- password (docs/supabase-sessions.md). The import writes them; POST /api/auth/sign-in/supabase uses each of them once.
-- No token of Supabase is stored, only keyed digests. "sessionId" is the session that the sign-in has made; it has no
-- foreign key, because the row must stay used after that session has ended.

-- +goose Up

CREATE TABLE IF NOT EXISTS "supabaseSession" (
  id uuid NOT NULL,
  "userId" uuid NOT NULL,
  aal2 boolean NOT NULL,
  "createdAt" timestamptz NOT NULL,
  "refreshedAt" timestamptz,
  "expiresAt" timestamptz,
  "usedAt" timestamptz,
  "revokedAt" timestamptz,
  "sessionId" uuid,
  CONSTRAINT "supabaseSession_pkey" PRIMARY KEY (id),
  CONSTRAINT "supabaseSession_userId_fkey" FOREIGN KEY ("userId") REFERENCES "user" (id) ON DELETE CASCADE
);

CREATE INDEX IF NOT EXISTS "supabaseSession_userId_idx" ON "supabaseSession" ("userId");

CREATE TABLE IF NOT EXISTS "supabaseCredential" (
  digest bytea NOT NULL,
  "supabaseSessionId" uuid NOT NULL,
  aal2 boolean NOT NULL,
  CONSTRAINT "supabaseCredential_pkey" PRIMARY KEY (digest),
  CONSTRAINT "supabaseCredential_supabaseSessionId_fkey"
    FOREIGN KEY ("supabaseSessionId") REFERENCES "supabaseSession" (id) ON DELETE CASCADE
);

CREATE INDEX IF NOT EXISTS "supabaseCredential_supabaseSessionId_idx" ON "supabaseCredential" ("supabaseSessionId");

-- One row, which the import writes: the time of its last pass, and the public keys of the project.
CREATE TABLE IF NOT EXISTS "supabaseBridge" (
  id boolean DEFAULT true NOT NULL,
  "lastPassAt" timestamptz NOT NULL,
  jwks jsonb,
  CONSTRAINT "supabaseBridge_pkey" PRIMARY KEY (id),
  CONSTRAINT "supabaseBridge_id_check" CHECK (id)
);
