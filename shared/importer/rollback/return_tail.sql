
UPDATE auth.users u SET encrypted_password = r.password, updated_at = now()
FROM pg_temp.xenon_return r
WHERE u.id = r.id AND r.password IS NOT NULL AND coalesce(u.encrypted_password, '') = coalesce(r.old_password, '')
  AND to_jsonb(u)->>'deleted_at' IS NULL;

UPDATE pg_temp.xenon_return r SET changes_email = true
FROM auth.users u
WHERE u.id = r.id AND r.email IS NOT NULL AND coalesce(u.email, '') = coalesce(r.old_email, '')
  AND to_jsonb(u)->>'deleted_at' IS NULL;

DO $$ BEGIN
  LOOP -- do not change an email if the new email belongs to a user who keeps theirs
    UPDATE pg_temp.xenon_return r SET changes_email = false
    WHERE r.changes_email AND r.email IN (
      SELECT lower(u.email) FROM auth.users u
      WHERE u.email IS NOT NULL AND u.id NOT IN (SELECT id FROM pg_temp.xenon_return WHERE changes_email));
    EXIT WHEN NOT FOUND;
  END LOOP;
END $$;

UPDATE auth.users u SET email = u.id || '@moving.supabase-migration.invalid'
FROM pg_temp.xenon_return r
WHERE u.id = r.id AND r.changes_email
  AND EXISTS (SELECT FROM pg_temp.xenon_return o WHERE o.changes_email AND o.email = u.email AND o.id <> u.id);

UPDATE auth.users u SET email = r.email, email_confirmed_at = CASE WHEN r.verified THEN now() END, updated_at = now()
FROM pg_temp.xenon_return r
WHERE u.id = r.id AND r.changes_email;

UPDATE auth.identities i
SET identity_data = i.identity_data || jsonb_build_object('email', r.email, 'email_verified', r.verified),
  updated_at = now()
FROM pg_temp.xenon_return r
WHERE i.user_id = r.id AND r.changes_email AND i.provider = 'email' AND jsonb_typeof(i.identity_data) = 'object';

UPDATE auth.users u SET email_confirmed_at = now(), updated_at = now()
FROM pg_temp.xenon_return r
WHERE u.id = r.id AND r.email IS NULL AND r.verified AND u.email_confirmed_at IS NULL
  AND coalesce(u.email, '') = coalesce(r.old_email, '') AND to_jsonb(u)->>'deleted_at' IS NULL;

SELECT count(*) FILTER (WHERE r.password = u.encrypted_password) AS passwords,
  count(*) FILTER (WHERE r.password IS DISTINCT FROM u.encrypted_password AND r.password IS NOT NULL)
    AS passwords_not_changed,
  count(*) FILTER (WHERE r.email = u.email) AS emails,
  count(*) FILTER (WHERE r.email IS DISTINCT FROM u.email AND r.email IS NOT NULL) AS emails_not_changed
FROM pg_temp.xenon_return r
LEFT JOIN auth.users u ON u.id = r.id;

COMMIT;
