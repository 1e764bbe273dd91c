package mapping

// Kind is a kind of row in Supabase. After a pass the ledger has an entry for every row of these kinds, with the kind
// in the column source.
type Kind string

// The kinds of source rows.
const (
	User     Kind = "user"     // auth.users
	Identity Kind = "identity" // auth.identities
	Profile  Kind = "profile"  // the profile table
	Factor   Kind = "factor"   // auth.mfa_factors
	Passkey  Kind = "passkey"  // auth.webauthn_credentials
)

// Outcome is the result for a source row.
type Outcome string

// The outcomes.
const (
	Copied      Outcome = "copied"      // this run wrote the target row
	Identical   Outcome = "identical"   // another program had written the same target row
	Folded      Outcome = "folded"      // an email or phone identity: its values are in "user" and the residue
	Quarantined Outcome = "quarantined" // the quarantine has the whole row, with the reason
	// Kept means that the row was copied earlier, and then was changed or deleted in the target, or was deleted in the
	// source while rows of other tables of the target reference it. The target row stays unchanged.
	Kept    Outcome = "kept"
	Deleted Outcome = "deleted" // deleted in the source since, and in the target if it was unchanged there
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

// Reasons are numbers of quarantine entries by "table.field reason" or "table reason".
type Reasons map[string]int64

// Total returns the number of entries.
func (r Reasons) Total() (n int64) {
	for _, count := range r {
		n += count
	}
	return n
}
