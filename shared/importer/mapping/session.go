package mapping

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

// Reasons why a session of the source is not imported. The ledger of sessions and the plan have them. The first two
// come from the target, SessionKeyEncrypted to SessionNoToken from package sessions, the others from the source.
const (
	// SessionOfOtherUser: the user of the session is not imported.
	SessionOfOtherUser = "user_not_imported"
	// SessionOfHeldUser: the password of the user is withheld (Options.Unconfirmed, Options.MFA), so that the user has to
	// prove the email first.
	SessionOfHeldUser = "user_held"
	// SessionOfOAuthClient: an OAuth client of the project has the session, not the project's own site.
	SessionOfOAuthClient = "session_oauth_client"
	// SessionExpired: the session has ended (not_after).
	SessionExpired = "session_expired"
	// SessionTimebox and SessionInactive: the session has ended by Options.SessionTimebox or Options.SessionInactivity.
	SessionTimebox  = "session_timebox"
	SessionInactive = "session_inactive"
	// SessionNoToken: no refresh token of the session is valid, for instance after a sign-out.
	SessionNoToken = "session_no_token"
	// SessionKeyEncrypted: the key of the session's refresh tokens is encrypted, and its encryption key is not given. The
	// session is imported without refresh tokens: an access token of Supabase still leads to it.
	SessionKeyEncrypted = "session_key_encrypted"
	// SessionKeyUnreadable: like SessionKeyEncrypted, but the encryption key is wrong, or the value is no key.
	SessionKeyUnreadable = "session_key_unreadable"
)

// HeldPasswordReasons is an SQL list: the reasons for which the operator's options withhold the password of a user.
const HeldPasswordReasons = "('unconfirmed_held', 'mfa_held')"

// secondFactorMethods is an SQL list: the authentication methods that make a session one with a second factor.
const secondFactorMethods = "('totp', 'mfa/phone', 'mfa/webauthn')"

// durationOption reads the duration of an option. "" is no limit: zero.
func durationOption(name, text string) (time.Duration, error) {
	if text == "" {
		return 0, nil
	}
	d, err := time.ParseDuration(text)
	if err != nil || d <= 0 {
		return 0, fmt.Errorf("%s %q is not a duration, such as 720h", name, text)
	}
	return d, nil
}

// sessionLimits returns Options.SessionTimebox and Options.SessionInactivity; zero means no limit.
func (o Options) sessionLimits() (timebox, inactivity time.Duration, err error) {
	if timebox, err = durationOption("session timebox", o.SessionTimebox); err != nil {
		return 0, 0, err
	}
	inactivity, err = durationOption("session inactivity", o.SessionInactivity)
	return timebox, inactivity, err
}

// addInterval returns an SQL expression for a time plus a duration, or NULL if the duration is zero.
func addInterval(t string, d time.Duration) string {
	if d == 0 {
		return "NULL::timestamptz"
	}
	return t + " + make_interval(secs => " + strconv.FormatFloat(d.Seconds(), 'f', -1, 64) + ")"
}

// Sessions returns SQL for the sessions of a scope, with the rows from which package sessions computes the refresh
// tokens that the source would accept:
//
//	live           the tokens of version 1 that are not revoked
//	previous       the token that the newest of them has replaced. Supabase still accepts it, without a time limit
//	previous_aal2  previous was made after the second factor
//	hmac_key       the key of the tokens of version 2, perhaps encrypted
//	counter        the number of the newest token of version 2
//
// reason says why the session is not imported, or is NULL. expires_at is the earliest end of the session that is known.
func (m Mapping) Sessions(s Scope) string {
	timeboxEnd, inactivityEnd := m.sessionEnds()
	return `SELECT s.id, s.user_id,
  ` + m.sessionReason() + ` AS reason,
  s.aal2, s.created_at, s.refreshed_at,
  least(` + timeOrNull("s.not_after") + `, ` + timeboxEnd + `, ` + inactivityEnd + `) AS expires_at,
  coalesce(l.live, '{}') AS live, p.token AS previous,
  s.aal2 AND coalesce(p.created_at >= f.at, f.at IS NULL) AS previous_aal2,
  s.hmac_key, s.counter
` + m.fromSessions(s, `array_agg(r.token::text ORDER BY r.id) AS live,
    (array_agg(`+m.tokenParent()+` ORDER BY r.id DESC))[1] AS parent`) + `
LEFT JOIN LATERAL (
  SELECT r.token::text AS token, r.created_at
  FROM auth.refresh_tokens r
  WHERE r.session_id = s.id AND r.revoked AND r.token = l.parent
  LIMIT 1
) p ON true
CROSS JOIN LATERAL (` + m.secondFactorTime() + `) f`
}

// sessionEnds returns SQL expressions for the end of a session s by Options.SessionTimebox and
// Options.SessionInactivity.
func (m Mapping) sessionEnds() (timeboxEnd, inactivityEnd string) {
	timebox, inactivity, _ := m.Options.sessionLimits() // Options.check has returned the error
	lastUse := "coalesce(s.refreshed_at, l.updated_at, s.created_at)"
	return addInterval("s.created_at", timebox), addInterval(lastUse, inactivity)
}

// sessionReason returns an SQL expression for the reason why the session s is not imported, or NULL.
func (m Mapping) sessionReason() string {
	timeboxEnd, inactivityEnd := m.sessionEnds()
	return `CASE WHEN s.oauth_client_id IS NOT NULL THEN '` + SessionOfOAuthClient + `'
    WHEN s.not_after <= now() THEN '` + SessionExpired + `'
    WHEN ` + timeboxEnd + ` <= now() THEN '` + SessionTimebox + `'
    WHEN ` + inactivityEnd + ` <= now() THEN '` + SessionInactive + `'
    WHEN l.live IS NULL AND (s.hmac_key IS NULL OR s.counter IS NULL) THEN '` + SessionNoToken + `'
  END`
}

// fromSessions returns SQL from FROM on: the sessions s of a scope, with the SQL expressions live over the tokens r of
// version 1 that are not revoked (l). live is NULL without such tokens.
func (m Mapping) fromSessions(s Scope, live string) string {
	return `FROM (
  SELECT s.id, s.user_id,
    ` + m.sessionColumn("aal", "text") + ` IS NOT DISTINCT FROM 'aal2' AS aal2,
    coalesce(` + timeOrNull("s.created_at") + `, 'epoch') AS created_at,
    ` + timeOrNull(m.refreshedAt()) + ` AS refreshed_at,
    ` + m.sessionColumn("not_after", "timestamptz") + ` AS not_after,
    ` + m.sessionColumn("oauth_client_id", "uuid") + ` AS oauth_client_id,
    nullif(` + m.sessionColumn("refresh_token_hmac_key", "text") + `, '') AS hmac_key,
    ` + m.sessionColumn("refresh_token_counter", "bigint") + ` AS counter
  FROM auth.sessions s
  WHERE ` + s.Contains("s.user_id") + `
) s
CROSS JOIN LATERAL (
  SELECT ` + live + `, ` + m.tokenTime("max(r.updated_at)") + ` AS updated_at
  FROM auth.refresh_tokens r
  WHERE r.session_id = s.id AND NOT r.revoked AND r.token IS NOT NULL
) l`
}

// sessionColumn returns an SQL expression for a column of the session s as a type, or NULL if the source does not
// have the column, because the project is too old.
func (m Mapping) sessionColumn(name, as string) string {
	if m.Source.Sessions.Has(name) {
		return "s." + Quote(name) + "::" + as
	}
	return "NULL::" + as
}

// refreshedAt returns an SQL expression for the time of the last refresh. The column has no time zone and is in UTC.
func (m Mapping) refreshedAt() string {
	c, ok := m.Source.Sessions.Column("refreshed_at")
	switch {
	case !ok:
		return "NULL::timestamptz"
	case c.Type == "timestamp without time zone":
		return "(s.refreshed_at AT TIME ZONE 'UTC')"
	}
	return "s.refreshed_at"
}

// tokenTime returns the expression if refresh_tokens has the column updated_at, or else NULL.
func (m Mapping) tokenTime(expr string) string {
	if m.Source.RefreshTokens.Has("updated_at") {
		return expr
	}
	return "NULL::timestamptz"
}

// tokenParent returns an SQL expression for the token that the token r has replaced.
func (m Mapping) tokenParent() string {
	if m.Source.RefreshTokens.Has("parent") {
		return "r.parent::text"
	}
	return "NULL::text"
}

// secondFactorTime returns a query for the time at which the session s got its second factor, or NULL. It reads nothing
// for a session without one.
func (m Mapping) secondFactorTime() string {
	if !m.Source.AMRClaims.IsUsable() {
		return "SELECT NULL::timestamptz AS at"
	}
	return `
  SELECT min(c.created_at) AS at
  FROM auth.mfa_amr_claims c
  WHERE s.aal2 AND c.session_id = s.id AND c.authentication_method IN ` + secondFactorMethods + `
`
}

// SessionCount returns SQL for the number of sessions in the scope, without the query of Sessions.
func (s Scope) SessionCount() string {
	return "SELECT count(*) FROM auth.sessions s WHERE " + s.Contains("s.user_id")
}

// SessionReasons returns SQL for the numbers of sessions of a scope by the reason why they are not imported; ” is the
// reason of those that are. keyIDs are the names of the given encryption keys. With forUsers the reasons include those
// of users who are not imported or whose password is withheld.
func (m Mapping) SessionReasons(s Scope, keyIDs []string, forUsers bool, r Rejections) string {
	names := make([]string, len(keyIDs))
	for i, id := range keyIDs {
		names[i] = Literal(id)
	}
	encrypted := `x.hmac_key LIKE '{%' AND NOT coalesce(
      substring(x.hmac_key FROM '"key_id":"([^"]*)"') = ANY (ARRAY[` + strings.Join(names, ", ") + `]::text[]), false)`
	ofUser, users := "", ""
	if forUsers {
		ofUser = `WHEN u.key IS NULL OR u.reason IS NOT NULL THEN '` + SessionOfOtherUser + `'
    WHEN u.withheld IN ` + HeldPasswordReasons + ` THEN '` + SessionOfHeldUser + `'
    `
		users = "\nLEFT JOIN (\n" + m.userReasons(s, r) + "\n) u ON u.key = x.user_id"
	}
	return `SELECT CASE ` + ofUser + `WHEN x.reason IS NOT NULL THEN x.reason
    WHEN x.live IS NULL AND ` + encrypted + ` THEN '` + SessionKeyEncrypted + `'
    ELSE '' END, count(*)
FROM (
  SELECT s.user_id, ` + m.sessionReason() + ` AS reason, l.live, s.hmac_key
  ` + m.fromSessions(s, "min(r.id) AS live") + `
) x` + users + `
GROUP BY 1`
}

var (
	requiredSessionColumns = []requiredColumn{
		{"id", []string{"uuid"}},
		{"user_id", []string{"uuid"}},
		{"created_at", []string{"timestamp with time zone"}},
	}
	requiredRefreshTokenColumns = []requiredColumn{
		{"id", []string{"bigint", "integer"}},
		{"token", []string{"character varying", "text"}},
		{"revoked", []string{"boolean"}},
		{"session_id", []string{"uuid"}},
		{"created_at", []string{"timestamp with time zone"}},
	}
	requiredAMRClaimColumns = []requiredColumn{
		{"session_id", []string{"uuid"}},
		{"authentication_method", []string{"text", "character varying"}},
		{"created_at", []string{"timestamp with time zone"}},
	}
)

// SessionRefusals returns the reasons why a run cannot import sessions. Without the right to read one of the tables, it
// cannot know which sessions are valid, so that is a reason and not a project without sessions. Projects without second
// factors can lack the table of claims.
func (m Mapping) SessionRefusals() []string {
	var why []string
	for _, t := range []struct {
		Table
		required []requiredColumn
		optional bool
	}{
		{m.Source.Sessions, requiredSessionColumns, false},
		{m.Source.RefreshTokens, requiredRefreshTokenColumns, false},
		{m.Source.AMRClaims, requiredAMRClaimColumns, true},
	} {
		switch {
		case !t.Exists && !t.optional:
			why = append(why, t.Name+" does not exist, so there are no sessions to import: leave out --sessions")
		case t.Exists && !t.Readable:
			why = append(why, t.Name+" cannot be read by this role, so the import cannot know which sessions are valid: "+
				"use the role postgres, grant select on the table, or leave out --sessions")
		}
		why = append(why, t.missingColumns(t.required)...)
	}
	if !m.Target.SessionTables {
		why = append(why, "the target has no tables for the sessions of Supabase: run `xenon schema up` first")
	}
	return why
}
