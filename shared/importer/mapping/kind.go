package mapping

// Kind is a kind of row in Supabase. Every row of these kinds is in the ledger of a finished pass, whose column for it
// is named source.
type Kind string

// The kinds of source rows.
const (
	User     Kind = "user"     // auth.users
	Identity Kind = "identity" // auth.identities
	Profile  Kind = "profile"  // public.profiles
	Factor   Kind = "factor"   // auth.mfa_factors
	Passkey  Kind = "passkey"  // auth.webauthn_credentials
)

// Outcome is what became of a source row.
type Outcome string

// The outcomes.
const (
	Copied      Outcome = "copied"      // this run wrote it
	Identical   Outcome = "identical"   // another program wrote it before, and it is the same
	Folded      Outcome = "folded"      // an email or phone identity: its facts are in the user and the residue
	Quarantined Outcome = "quarantined" // kept whole in the quarantine, with the reason
	// Kept: copied earlier, then changed or removed in the target, or gone from the source while rows of other tables
	// refer to it. It stays as it is.
	Kept    Outcome = "kept"
	Deleted Outcome = "deleted" // gone from the source since; removed from the target where nothing changed it
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

// Sum adds up the rows of a kind with one of the outcomes.
func (c Counts) Sum(k Kind, outcomes ...Outcome) (n int64) {
	for _, o := range outcomes {
		n += c[k][o]
	}
	return n
}

// Reasons are numbers of quarantine entries by "table.field reason" or "table reason".
type Reasons map[string]int64

// Total is the number of entries.
func (r Reasons) Total() (n int64) {
	for _, of := range r {
		n += of
	}
	return n
}
