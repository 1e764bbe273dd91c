package mapping

import (
	"fmt"
	"slices"
	"strings"
)

// Options are the choices of a run. They are stored with it when it begins and hold until it is finalized.
type Options struct {
	Run       string `json:"run,omitempty"`       // name of the run; "" is "supabase"
	BatchSize int    `json:"batchSize,omitempty"` // users in a batch, 1 to 50,000; 0 is 5,000
	// Unconfirmed says what becomes of the password of a user whose email Supabase never confirmed: "hold" (also "")
	// withholds it until a reset mail proves the email; "allow" imports it.
	Unconfirmed string `json:"unconfirmed,omitempty"`
	// MFA says what becomes of the password of a user with a verified second factor, which cannot be carried over: "hold"
	// withholds it, "allow" lets them sign in with the password alone. "" refuses to start when there are such users.
	MFA string `json:"mfa,omitempty"`
	// Profiles is the table of learner profiles, with its schema and as it is written, without quotes; "" is
	// "public.profiles", "none" is none. A run that has copied no profile yet may change it.
	Profiles string `json:"profiles,omitempty"`
	// Providers adds to or overrides the map from Supabase's provider names to Better Auth's, for instance
	// {"custom:acme": "acme"}. "azure": "oid" reads Microsoft accounts by their object id.
	Providers map[string]string `json:"providers,omitempty"`
	// ProfileValues maps values of a profile field to values that the target allows, for instance
	// {"age_range": {"35_44": "35_plus"}}. Without an entry a value that the target does not allow becomes NULL and is
	// kept in the quarantine.
	ProfileValues map[string]map[string]string `json:"profileValues,omitempty"`
	// AllowDeletions lets a later pass run although more than half of the users are gone from the source. A pass always
	// removes users that are gone; without AllowDeletions it refuses to start if they are that many.
	AllowDeletions bool `json:"allowDeletions,omitempty"`
}

// The profile table where none is named, which may be absent, and the name of no table.
const (
	DefaultProfiles = "public.profiles"
	NoProfiles      = "none"
)

// DefaultRun is the name of a run that has no other.
const DefaultRun = "supabase"

// WithDefaults sets the options that are empty to their defaults. The error says which option is wrong.
func (o Options) WithDefaults() (Options, error) {
	if o.Run == "" {
		o.Run = DefaultRun
	}
	if o.BatchSize == 0 {
		o.BatchSize = 5000
	}
	if o.Unconfirmed == "" {
		o.Unconfirmed = "hold"
	}
	if o.Profiles == "" {
		o.Profiles = DefaultProfiles
	}
	return o, o.check()
}

func (o Options) check() error {
	switch {
	case o.BatchSize < 1 || o.BatchSize > 50_000:
		return fmt.Errorf("batch size %d is not within 1 and 50,000", o.BatchSize)
	case o.Unconfirmed != "hold" && o.Unconfirmed != "allow":
		return fmt.Errorf("unconfirmed is hold or allow, not %q", o.Unconfirmed)
	case !slices.Contains([]string{"", "hold", "allow"}, o.MFA):
		return fmt.Errorf("mfa is hold or allow, not %q", o.MFA)
	case len(o.Run) > 100:
		return fmt.Errorf("the run's name is longer than 100 characters")
	}
	for field := range o.ProfileValues {
		if !slices.Contains(ChoiceFields, field) {
			return fmt.Errorf("no profile field %q takes a map of values; there are %s", field, strings.Join(ChoiceFields, ", "))
		}
	}
	return nil
}
