package main

import (
	"fmt"
	"io"
	"maps"
	"slices"

	importrun "github.com/xenon-auth/xenon/shared/importer/run"
)

// printAfterMove prints what became of the imported sessions and second factors, and who still has to sign in. service
// is the service that the users come from.
func printAfterMove(out io.Writer, a *importrun.AfterMove, service string) {
	if a == nil {
		return
	}
	printUsedSessions(out, a.Sessions)
	printCarriedFactors(out, a.Factors)
	printSignedIn(out, a.Users, service)
}

// printUsedSessions prints what became of the sessions that the run has written to the target.
func printUsedSessions(out io.Writer, s *importrun.SessionsAfterMove) {
	if s == nil {
		return
	}
	printf(out, "\nImported sessions: %d\n", s.Imported)
	for _, line := range []struct {
		n    int64
		text string
	}{
		{s.Used, "used: these browsers and apps were signed in"},
		{s.Unused, "can still be used"},
		{s.Revoked, "revoked before they were used"},
		{s.Over, "over: they have ended by their own end, unused"},
		{s.Deleted, "deleted, for example with their user"},
	} {
		printf(out, "%12d  %s\n", line.n, line.text)
	}
	fmt.Fprintln(out, "  Requests that were refused are in the metric SupabaseSessions and in the audit log, by reason.")
}

// printCarriedFactors prints the numbers of TOTP factors.
func printCarriedFactors(out io.Writer, f *importrun.FactorsAfterMove) {
	if f == nil {
		return
	}
	printf(out, "\nTOTP factors of the source: %d\n%12d  carried: their codes work in the target\n", f.Total(), f.Carried)
	for _, reason := range slices.Sorted(maps.Keys(f.Quarantined)) {
		printf(out, "%12d  in the quarantine, %s\n", f.Quarantined[reason], reason)
	}
}

// printSignedIn prints how many users have signed in, and in which way the others can.
func printSignedIn(out io.Writer, u importrun.UsersAfterMove, service string) {
	printf(out, "\nUsers of the run in the target: %d\n", u.Total)
	printf(out, "%12d  have signed in since the run began: a session was created, or one of %s was used\n", u.SignedIn,
		service)
	printf(out, "%12d  still have to\n", u.ToSignIn)
	if u.ToSignIn == 0 {
		return
	}
	for _, line := range []struct {
		n    int64
		text string
	}{
		{u.Password, "with a password"},
		{u.Provider, "with an account at a provider, and no password"},
		{u.Mail, "only with a mailed link or code, or a reset of the password"},
		{u.Nothing, "have no way: neither a password nor an account, and the email is a placeholder"},
	} {
		printf(out, "%16d  %s\n", line.n, line.text)
	}
	if u.WithSession > 0 {
		printf(out, "%16d  of them have a session that can still be used: they only have to open the site\n", u.WithSession)
	}
}
