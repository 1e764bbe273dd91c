package mapping

// ProviderUsers returns SQL that counts the identities of the source by provider and reason. A row has the name of the
// provider in Supabase, its id in Xenon, the reason why the identities are not imported, the number of identities, the
// number of their users, and the number of these users to whom the import copies neither a password nor an account at
// another provider. A row without a reason has the totals of the provider. Users who are not imported do not count.
func (m Mapping) ProviderUsers(r Rejections) string {
	return `WITH i AS MATERIALIZED (
  ` + m.identities(`i.user_id, CASE WHEN i.provider LIKE 'sso:%' THEN 'sso' ELSE i.provider END AS provider,
    a."providerId" AS mapped, b.reason, CASE WHEN b.reason IS NULL THEN a."providerId" END AS account`, AllUsers, r) + `
    AND i.provider NOT IN ('email', 'phone')
), s AS MATERIALIZED (
  SELECT i.user_id, count(DISTINCT i.account) AS accounts
  FROM i
  WHERE i.reason IS NULL OR i.reason NOT IN ('orphan_identity', 'parent_quarantined')
  GROUP BY 1
), p AS MATERIALIZED (
  SELECT s.user_id, s.accounts, ` + m.hasPassword() + ` AS has_password
  FROM s
  JOIN auth.users u ON u.id = s.user_id
  CROSS JOIN LATERAL (SELECT ` + m.Email() + ` AS email` + m.factorsOfUser(r) + `) a
)
SELECT i.provider, coalesce(max(i.mapped), ''), CASE WHEN grouping(i.reason) = 0 THEN i.reason END,
  count(*), count(DISTINCT p.user_id),
  count(DISTINCT p.user_id) FILTER (
    WHERE NOT p.has_password AND p.accounts = CASE WHEN i.account IS NULL THEN 0 ELSE 1 END)
FROM i
LEFT JOIN p ON p.user_id = i.user_id
GROUP BY GROUPING SETS ((i.provider), (i.provider, i.reason))
HAVING grouping(i.reason) = 1 OR i.reason IS NOT NULL
ORDER BY 1, 3`
}

// hasPassword returns an SQL condition: the import copies the password of the user u, whose email is a.email. The row a
// has the columns of factorsOfUser, too.
func (m Mapping) hasPassword() string {
	return "coalesce((" + PasswordFormatSQL("u.encrypted_password") + `) IN ('bcrypt', 'argon2', 'fbscrypt'), false)
      AND CASE WHEN false THEN ''` + m.withholdReasons() + ` END IS NULL`
}
