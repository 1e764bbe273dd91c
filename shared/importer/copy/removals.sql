-- Store a copy of each row to remove in the stage, for the quarantine. The copy of a user includes the password.
UPDATE stage_user s
SET original = to_jsonb(u) || coalesce((
  SELECT jsonb_build_object('credential', to_jsonb(a)) FROM account a WHERE a.id = u.id), '{}')
FROM "user" u
WHERE s.action = 'remove' AND s.original IS NULL AND u.id = s.key;
UPDATE stage_identity s SET original = to_jsonb(a)
FROM account a
WHERE s.action = 'remove' AND s.original IS NULL AND a.id = s.key;
UPDATE stage_profile s SET original = to_jsonb(p)
FROM user_profile p
WHERE s.action = 'remove' AND s.original IS NULL AND p.user_id = s.key;

DELETE FROM account a USING stage_identity s WHERE s.action = 'remove' AND a.id = s.key;
DELETE FROM account a USING stage_user s
WHERE s.credential = 'remove' AND a."userId" = s.key AND a."providerId" = 'credential';
DELETE FROM user_profile p USING stage_profile s WHERE s.action = 'remove' AND p.user_id = s.key;
DELETE FROM "user" u USING stage_user s
WHERE s.action = 'remove' AND u.id = s.key
  AND NOT EXISTS (SELECT FROM account a WHERE a."userId" = u.id)
  AND NOT EXISTS (SELECT FROM user_profile p WHERE p.user_id = u.id);
UPDATE stage_user s SET action = 'kept'
WHERE s.action = 'remove' AND EXISTS (SELECT FROM "user" u WHERE u.id = s.key);
