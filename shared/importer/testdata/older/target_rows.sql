INSERT INTO "user" (id, name, email, "emailVerified", "createdAt", "updatedAt") VALUES
  ('055c059b-003b-4a5b-a0c0-234cd879ebff', 'Other User', 'other@user.example', true, 'epoch', 'epoch'),
  ('00000000-0000-4000-8000-000000000001', 'Holds the Email', 'person.6@school.example.edu', true, 'epoch', 'epoch'),
  ('00000000-0000-4000-8000-000000000003', 'Signed Up First', 'person.18@school.example.edu', false, 'epoch', 'epoch');
INSERT INTO account (id, "accountId", "providerId", "userId", password, "createdAt", "updatedAt") VALUES
  ('00000000-0000-4000-8000-000000000004', '00000000-0000-4000-8000-000000000003', 'credential',
    '00000000-0000-4000-8000-000000000003', 'a hash', 'epoch', 'epoch'),
  ('00000000-0000-4000-8000-000000000002', '100000000000000000035', 'github',
    '00000000-0000-4000-8000-000000000001', NULL, 'epoch', 'epoch');
