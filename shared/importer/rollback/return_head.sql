-- Carries passwords and emails that users changed in Xenon back into Supabase. It holds password hashes: keep it as you
-- keep a dump, and delete it when it has been run.
--
--   psql -v ON_ERROR_STOP=1 -f FILE "$FROM_DATABASE_URL"
--
-- Run it as the role postgres while nothing else writes to auth.users; if a trigger keeps others from writing to that
-- table, drop it first. It is one transaction: all of it or nothing. What changed in Supabase since the import is left
-- alone, and so is an email that another user has there by now; the last query counts. Running it twice does no harm.

BEGIN;
SET LOCAL client_encoding = 'UTF8';
SET LOCAL row_security = off;

CREATE TEMPORARY TABLE xenon_return (
  id uuid PRIMARY KEY,
  old_email text, email text,       -- as imported, and as it is now; NULL: the same
  verified boolean NOT NULL,        -- the user has proved to own the email
  old_password text, password text, -- hashes, as imported, and as it is now; NULL: the same
  moves boolean NOT NULL DEFAULT false
) ON COMMIT DROP;
