-- Adds the target rows with the action "remove" to the table affected, as step 0, and locks them.
INSERT INTO affected
SELECT 'user', u.id, 0, u.tableoid, u.ctid, NULL, 'removed'
FROM "user" u
JOIN stage_user s ON s.key = u.id
WHERE s.action = 'remove'
FOR UPDATE OF u;
INSERT INTO affected
SELECT 'user', a."userId", 0, a.tableoid, a.ctid, NULL, 'removed'
FROM account a
JOIN stage_user s ON s.key = a."userId"
WHERE s.action = 'remove'
FOR UPDATE OF a;
INSERT INTO affected
SELECT 'user', n."userId", 0, n.tableoid, n.ctid, NULL, 'removed'
FROM session n
JOIN stage_user s ON s.key = n."userId"
WHERE s.action = 'remove'
FOR UPDATE OF n;
INSERT INTO affected
SELECT 'user', p.user_id, 0, p.tableoid, p.ctid, NULL, 'removed'
FROM user_profile p
JOIN stage_user s ON s.key = p.user_id
WHERE s.action = 'remove'
FOR UPDATE OF p;
INSERT INTO affected
SELECT 'credential', a."userId", 0, a.tableoid, a.ctid, NULL, 'removed'
FROM account a
JOIN stage_user s ON s.key = a."userId"
WHERE s.credential = 'remove' AND s.action <> 'remove' AND a."providerId" = 'credential'
FOR UPDATE OF a;
INSERT INTO affected
SELECT 'identity', a.id, 0, a.tableoid, a.ctid, NULL, 'removed'
FROM account a
JOIN stage_identity s ON s.key = a.id
WHERE s.action = 'remove' AND NOT EXISTS (SELECT FROM affected r WHERE r.rel = a.tableoid AND r.tid = a.ctid)
FOR UPDATE OF a;
INSERT INTO affected
SELECT 'profile', p.user_id, 0, p.tableoid, p.ctid, NULL, 'removed'
FROM user_profile p
JOIN stage_profile s ON s.key = p.user_id
WHERE s.action = 'remove' AND NOT EXISTS (SELECT FROM affected r WHERE r.rel = p.tableoid AND r.tid = p.ctid)
FOR UPDATE OF p;
