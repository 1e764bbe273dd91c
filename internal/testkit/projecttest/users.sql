-- The users of every project. The import copies six of them: their emails are confirmed and their passwords are bcrypt
-- hashes. Gus is soft-deleted. Hal has an email that a target rejects after RejectHal. The rows of these two in the
-- tables of a project belong to users who stay behind.

-- Returns the id of a user: 0 is Ada, 7 is Hal, 8 is Ada again.
create function pg_temp.person(n bigint) returns uuid language sql immutable as $$
  select ('8a1f0c52-3d64-4f0b-9b0e-5d1c7e2a000' || 1 + n % 8)::uuid
$$;

insert into auth.users (
  instance_id, id, aud, role, email, encrypted_password, email_confirmed_at, confirmation_token, recovery_token,
  email_change_token_new, email_change, last_sign_in_at, raw_app_meta_data, raw_user_meta_data, created_at, updated_at
)
select '00000000-0000-0000-0000-000000000000', pg_temp.person(n), 'authenticated', 'authenticated', email,
  '$2a$04$p0pIMR.1dyz26iNlqIbi.ew5EFAvgtjIiPhdxFrkEcLPpAsTw4DIW',
  '2025-01-02 10:00:00+00'::timestamptz + n * interval '1 day',
  '', '', '', '', '2026-05-01 08:00:00+00'::timestamptz + n * interval '1 hour',
  '{"provider": "email", "providers": ["email"]}'::jsonb || app,
  jsonb_build_object('full_name', name, 'avatar_url', 'https://img.example/' || n || '.png'),
  '2025-01-02 09:00:00+00'::timestamptz + n * interval '1 day',
  '2026-05-01 08:00:00+00'::timestamptz + n * interval '1 hour'
from (values
  (0, 'ada@example.com', 'Ada Moreau', '{"role": "admin"}'::jsonb),
  (1, 'ben@example.com', 'Ben Okafor', '{}'),
  (2, 'cleo@example.com', 'Cleo Lindqvist', '{}'),
  (3, 'dan@example.com', 'Dan Petrov', '{"role": "editor"}'),
  (4, 'eve@example.com', 'Eve O''Hara', '{}'),
  (5, 'finn@example.com', 'Finn Müller', '{}'),
  (6, 'gus@example.com', 'Gus Ito', '{}'),
  (7, 'hal@rejected.example', 'Hal Novak', '{}')
) person (n, email, name, app);

insert into auth.identities (provider_id, user_id, identity_data, provider, last_sign_in_at, created_at, updated_at, id)
select id, id, jsonb_build_object('sub', id, 'email', email, 'email_verified', true, 'phone_verified', false), 'email',
  last_sign_in_at, created_at, created_at, md5('identity ' || id)::uuid
from auth.users;

-- A soft delete of Supabase Auth replaces what identifies the user by hashes, and keeps the row.
update auth.users
set email = 'Qv0b8mT2p7xWcE4yR1nKjL6sHdA9uGfZ3iVoXtMwBk5', phone = 'Zr8pW1kXo5cTq2L', encrypted_password = null,
  raw_app_meta_data = '{}', raw_user_meta_data = '{}', deleted_at = '2026-03-01 12:00:00+00'
where id = pg_temp.person(6);

update auth.identities
set provider_id = 'n3Yw0qLk6zVtR8sXoB2mPcJ5uEhG1dTfA9iWvKxQe7M', identity_data = '{}'
where user_id = pg_temp.person(6);
