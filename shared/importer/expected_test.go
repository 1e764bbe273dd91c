package importer_test

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"github.com/xenon-auth/xenon/shared/importer"
	"github.com/xenon-auth/xenon/shared/importer/mapping"
)

// The files expected_*_test.go compute the expected target from the rows of a source. They are a second implementation
// of the mapping, in Go and row by row. They follow docs/migrate.md, not the SQL of the import.

// importResult is the expected or the actual result of an import.
type importResult struct {
	Users      map[string]userRow
	Accounts   map[string]accountRow
	Profiles   map[string]profileRow
	Ledger     map[string]string // outcome by "kind key"
	Quarantine map[string]string // digest of the original row by "kind key field reason"
}

type userRow struct {
	Name, Email, Image, BanReason string
	HasImage, Verified, Banned    bool
	HasFactor                     bool
	Created, Updated, BanExpires  string
	UserMetadata, AppMetadata     string // "" means NULL, or that the target has no columns for metadata
}

type accountRow struct {
	User, Provider, Subject, Password, Created, Updated string // Password is a digest
}

type profileRow struct {
	User, Language, Created, Updated string
	Fields                           map[string]string // values that are not NULL
	Hours                            int               // -1 means NULL
}

// expectation computes the expected result of an import.
type expectation struct {
	o                importer.Options
	in               sourceRows
	state            importResult                // the expected result so far
	factors          map[string]bool             // users with a verified second factor
	carried          map[string]bool             // users with a second factor that is copied
	withoutEmail     map[string]bool             // users whose email another user gets
	withoutAccount   map[string]bool             // identities whose account an older identity has
	identitiesByUser map[string][]sourceIdentity // identities by user, oldest first
	existing         map[string]existingUser     // users of the target from before the import, by email
}

// existingUser is a user of the target from before the import, who has a password. hasOtherRows is true if the user has
// other rows, too, so that the import does not release the email.
type existingUser struct {
	id, email, rowDigest   string
	verified, hasOtherRows bool
	row                    userRow
	account                accountRow
	accountID              string
}

// expectedState returns the expected result of an import of these rows into a target with these users.
func expectedState(o importer.Options, in sourceRows, existing ...existingUser) importResult {
	for i, u := range in.users {
		in.users[i].confirmed = u.confirmed && !foldsToASCII(u)
	}
	r := &expectation{
		o: o, in: in, state: newImportResult(), factors: map[string]bool{}, withoutEmail: map[string]bool{},
		withoutAccount:   map[string]bool{},
		carried:          map[string]bool{},
		identitiesByUser: map[string][]sourceIdentity{}, existing: map[string]existingUser{},
	}
	for _, t := range existing {
		r.existing[t.email] = t
		r.state.Users[t.id], r.state.Accounts[t.accountID] = t.row, t.account
	}
	for _, f := range in.others {
		if f.source == mapping.Factor {
			r.factors[f.user] = r.factors[f.user] || f.verified
			continue
		}
		r.quarantine(mapping.Passkey, f.id, "", "passkey_not_mapped", f.rowDigest)
	}
	r.addFactors()
	for _, i := range in.identities {
		r.identitiesByUser[i.user] = append(r.identitiesByUser[i.user], i)
	}
	for _, identities := range r.identitiesByUser {
		slices.SortFunc(identities, compareOldestFirst)
	}
	r.resolveConflicts()
	for _, u := range in.users {
		r.addUser(u)
	}
	for _, i := range in.identities {
		r.addIdentity(i)
	}
	r.addProfiles()
	return r.state
}

func newImportResult() importResult {
	return importResult{
		map[string]userRow{},
		map[string]accountRow{},
		map[string]profileRow{},
		map[string]string{},
		map[string]string{},
	}
}

// quarantine adds a row, or a field of a row if field is not "", to the expected quarantine.
func (r *expectation) quarantine(source mapping.Kind, id, field, reason, rowDigest string) {
	r.state.Quarantine[strings.Join([]string{string(source), id, field, reason}, " ")] = rowDigest
	if field == "" {
		r.setOutcome(source, id, mapping.Quarantined)
	}
}

func (r *expectation) setOutcome(source mapping.Kind, id string, outcome mapping.Outcome) {
	r.state.Ledger[string(source)+" "+id] = string(outcome)
}

// compareOldestFirst orders identities by created_at, then by id. Identities without created_at come last.
func compareOldestFirst(a, b sourceIdentity) int {
	return cmp.Or(a.created.compare(b.created), cmp.Compare(a.id, b.id))
}

// resolveConflicts finds the users whose email another user gets, and the identities whose account another identity
// has.
func (r *expectation) resolveConflicts() {
	byEmail := map[string][]sourceUser{}
	for _, u := range r.in.users {
		if a := expectedEmail(u); a != "" && !u.deleted {
			byEmail[a] = append(byEmail[a], u)
		}
	}
	for _, all := range byEmail {
		slices.SortFunc(all, func(a, b sourceUser) int {
			return cmp.Or(
				compareTrueFirst(!foldsToASCII(a), !foldsToASCII(b)),
				compareTrueFirst(!a.sso, !b.sso),
				compareTrueFirst(a.confirmed, b.confirmed),
				a.created.compare(b.created),
				cmp.Compare(a.id, b.id),
			)
		})
		for _, u := range all[1:] {
			r.withoutEmail[u.id] = true
		}
	}
	accounts := map[[2]string][]sourceIdentity{}
	for _, u := range r.in.users {
		for _, i := range r.identitiesByUser[u.id] {
			if provider, subject, reason := r.expectedAccount(i); reason == "" && provider != "" && !u.deleted {
				accounts[[2]string{provider, subject}] = append(accounts[[2]string{provider, subject}], i)
			}
		}
	}
	for _, all := range accounts {
		slices.SortFunc(all, compareOldestFirst)
		for _, i := range all[1:] {
			r.withoutAccount[i.id] = true
		}
	}
}

// compareTrueFirst compares two booleans: true comes first.
func compareTrueFirst(a, b bool) int {
	switch {
	case a == b:
		return 0
	case a:
		return -1
	}
	return 1
}

// sourceTime is a time of the source. JavaScript and JSON cannot represent some of them.
type sourceTime struct {
	null     bool
	infinity int // -1 for -infinity, 1 for infinity
	at       time.Time
}

func (s sourceTime) isUnrepresentable() bool {
	return !s.null && (s.infinity != 0 || s.at.Year() < 1 || s.at.Year() > 9999)
}

// compare orders times from the oldest to the newest. Times that are NULL come last.
func (s sourceTime) compare(t sourceTime) int {
	return cmp.Or(compareTrueFirst(!s.null, !t.null), cmp.Compare(s.infinity, t.infinity), s.at.Compare(t.at))
}

// textOr returns the time as Postgres writes it, or other if the time is NULL or not representable.
func (s sourceTime) textOr(other string) string {
	if s.null || s.isUnrepresentable() {
		return other
	}
	return s.at.Format("2006-01-02 15:04:05.999999+00")
}

// banExpires returns the end of a ban; "" means that the ban has no end. A ban that ended before the year 1 gets the
// start of 1970.
func (s sourceTime) banExpires() string {
	if s.infinity < 0 || s.infinity == 0 && s.at.Year() < 1 {
		return "1970-01-01 00:00:00+00"
	}
	return s.textOr("")
}
