package report

import "github.com/xenon-auth/xenon/shared/importer/mapping"

// sessionReasons explains the reasons why a session is not imported.
var sessionReasons = map[string]string{
	mapping.SessionOfOtherUser: "The user of the session is not imported.",
	mapping.SessionOfHeldUser: "The password of the user is withheld (--unconfirmed hold, --mfa hold): the user has to " +
		"prove the email first.",
	mapping.SessionOfOAuthClient: "An OAuth client of the project has the session, not the project's own site.",
	mapping.SessionExpired:       "The session has ended, by its own end (not_after).",
	mapping.SessionTimebox:       "The session is older than --session-timebox.",
	mapping.SessionInactive:      "The last use of the session is longer ago than --session-inactivity.",
	mapping.SessionNoToken: "Supabase accepts no refresh token of the session, for instance because a stolen one was " +
		"used.",
	mapping.SessionKeyEncrypted: "The project encrypts the key of the refresh tokens, and --encryption-key does not " +
		"have that key. Only an access token that is not expired leads to the session.",
	mapping.SessionKeyUnreadable: "The key of the refresh tokens cannot be read: --encryption-key is wrong, or the " +
		"value is damaged. Only an access token that is not expired leads to the session.",
}

// ExplainSession explains the reason why a session is not imported.
func ExplainSession(reason string) string {
	if text, ok := sessionReasons[reason]; ok {
		return text
	}
	return "This release does not know the reason."
}
