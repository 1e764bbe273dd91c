-- This file copies passwords and emails that users changed in Xenon back to Supabase. It has password hashes: protect
-- it like a database dump, and delete it after you have run it.
--
--   psql -v ON_ERROR_STOP=1 -f FILE "$FROM_DATABASE_URL"
--
-- Run it as the role postgres while no other client writes to auth.users. If a trigger blocks writes to that table,
-- drop the trigger first. The file is one transaction. It does not change values that changed in Supabase since the
-- import, and does not set an email that another user has in Supabase. The last query counts the changes. You can run
-- the file twice.

BEGIN;
SET LOCAL client_encoding = 'UTF8';
SET LOCAL row_security = off;

CREATE TEMPORARY TABLE xenon_return (
  id uuid PRIMARY KEY,
  old_email text, email text,       -- the imported and the current email; NULL: not changed
  verified boolean NOT NULL,        -- the email was confirmed in Xenon
  old_password text, password text, -- the imported and the current hash; NULL: not changed
  changes_email boolean NOT NULL DEFAULT false
) ON COMMIT DROP;
