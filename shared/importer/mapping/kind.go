package mapping

// Kind is a kind of row in Supabase. The ledger has an entry for every row that the run has read, with its kind in the
// column source.
type Kind string

// The kinds of source rows.
const (
	User     Kind = "user"     // auth.users
	Identity Kind = "identity" // auth.identities
	Profile  Kind = "profile"  // the profile table
	Factor   Kind = "factor"   // auth.mfa_factors
	Passkey  Kind = "passkey"  // auth.webauthn_credentials
)

// Outcome is the result of the import for a source row.
type Outcome string

// The outcomes of a source row.
const (
	Copied      Outcome = "copied"      // this run wrote the target row
	Identical   Outcome = "identical"   // another program had written the same target row
	Folded      Outcome = "folded"      // an email or phone identity: the row of its user has the values
	Quarantined Outcome = "quarantined" // the quarantine has the whole row, with the reason
	// Kept means that the run leaves the target as it is, for instance because the target row was changed since the run
	// wrote it, or rows of other tables reference it. classify.go and referenced.go in package copy have all cases.
	Kept    Outcome = "kept"
	Deleted Outcome = "deleted" // the source row was deleted since, and so was the target row if the run wrote it
)

// Counts are numbers of source rows by kind and outcome.
type Counts map[Kind]map[Outcome]int64

// Set stores the number of rows of a kind with an outcome.
func (c Counts) Set(k Kind, o Outcome, n int64) {
	if c[k] == nil {
		c[k] = map[Outcome]int64{}
	}
	c[k][o] = n
}

// Sum returns the number of rows of a kind with one of the outcomes.
func (c Counts) Sum(k Kind, outcomes ...Outcome) (n int64) {
	for _, o := range outcomes {
		n += c[k][o]
	}
	return n
}

// Reasons are numbers of quarantine entries, by "kind.field reason" for a field and by "kind reason" for a whole row.
type Reasons map[string]int64

// Total returns the sum of all numbers.
func (r Reasons) Total() (n int64) {
	for _, count := range r {
		n += count
	}
	return n
}
