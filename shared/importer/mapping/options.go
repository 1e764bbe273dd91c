package mapping

import (
	"fmt"
	"slices"
	"strings"
)

// Options are the options of a run. The run stores them when it begins. Afterwards they cannot change, except
// AllowDeletions, those about sessions and, until the run has copied a profile, Profiles, ProfileKey and
// ProfileColumns.
type Options struct {
	Run       string `json:"run,omitempty"`       // name of the run; "" means "supabase"
	BatchSize int    `json:"batchSize,omitempty"` // users in a batch, 1 to 50,000; 0 means 5,000
	// Unconfirmed is the rule for the password of a user who never confirmed the email in Supabase: "hold" (also "") does
	// not import it, so that the user has to reset it by mail; "allow" imports it.
	Unconfirmed string `json:"unconfirmed,omitempty"`
	// MFA is the rule for users with a verified second factor: "carry" copies a TOTP factor of each user, so that the
	// authenticator app works at the target, and does not import the password of a user without one that it can copy;
	// "hold" copies no factor and does not import the passwords of such users; "allow" copies no factor, and lets the
	// users sign in with the password alone. If MFA is "", a run does not start if there are such users.
	MFA string `json:"mfa,omitempty"`
	// Profiles is the qualified name of the table of learner profiles, without quotes, or "none" for no table. "" means
	// "public.profiles". But if that table does not have the columns of user_profile, it is one of the project's own
	// tables, and the plan sets "none".
	Profiles string `json:"profiles,omitempty"`
	// ProfileKey is the column of the profile table with the id of the user: a uuid, unique and never NULL. "" means the
	// column user_id, which may also be a text, and may have NULLs and duplicates.
	ProfileKey string `json:"profileKey,omitempty"`
	// ProfileColumns maps columns of the profile table to columns of user_profile, for instance {"lang":
	// "preferred_language"}. Columns with the same name in both tables need no entry.
	ProfileColumns map[string]string `json:"profileColumns,omitempty"`
	// ProfileFields are the fields that PROFILE_FIELDS declares. nil means the shipped declaration.
	ProfileFields []ProfileField `json:"profileFields,omitempty"`
	// Providers adds entries to the default map from Supabase's provider names to Xenon's provider ids, or replaces them,
	// for instance {"custom:acme": "acme"}. Microsoft accounts (azure) get their object id as subject, unless Providers
	// maps azure to a value other than "microsoft" and "oid": then they keep the id that Supabase has.
	Providers map[string]string `json:"providers,omitempty"`
	// ProviderMap is the version of the default map: 0 means 2 in a new run, and 1 in a run that an older release began.
	// Version 2 adds azure, with the object id as subject, keycloak and slack.
	ProviderMap int `json:"providerMap,omitempty"`
	// ProfileValues maps values of a profile field to values that the target allows, for instance
	// {"age_range": {"35_44": "35_plus"}}. Without an entry, a value that the target does not allow becomes NULL, and
	// the quarantine keeps it.
	ProfileValues map[string]map[string]string `json:"profileValues,omitempty"`
	// Sessions also imports the sessions of users, as keyed digests of the refresh tokens that Supabase would accept. A
	// run that began without it can begin with a later pass; a run that began with it keeps it.
	Sessions bool `json:"sessions,omitempty"`
	// SessionTimebox and SessionInactivity are the limits of the project's settings for sessions, as durations such as
	// "720h": since the sign-in, and since the last refresh. The database of the project does not have them. "" means no
	// limit.
	SessionTimebox    string `json:"sessionTimebox,omitempty"`
	SessionInactivity string `json:"sessionInactivity,omitempty"`
	// AllowDeletions lets a pass start although the source has less than half as many users as the ledger. Fewer
	// deletions do not need it.
	AllowDeletions bool `json:"allowDeletions,omitempty"`
}

// Special values of Profiles: the default table, which does not have to exist, and the value for no table.
const (
	DefaultProfiles = "public.profiles"
	NoProfiles      = "none"
)

const newestProviderMapVersion = 2

// DefaultRun is the default name of a run.
const DefaultRun = "supabase"

// WithDefaults returns the options with defaults for empty ones; MFA has no default. The error says which option is
// wrong.
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
	if o.ProviderMap == 0 {
		o.ProviderMap = newestProviderMapVersion
	}
	return o, o.check()
}

func (o Options) check() error {
	switch {
	case o.BatchSize < 1 || o.BatchSize > 50_000:
		return fmt.Errorf("batch size %d is not between 1 and 50,000", o.BatchSize)
	case o.Unconfirmed != "hold" && o.Unconfirmed != "allow":
		return fmt.Errorf("unconfirmed must be hold or allow, not %q", o.Unconfirmed)
	case !slices.Contains([]string{"", CarryFactors, "hold", "allow"}, o.MFA):
		return fmt.Errorf("mfa must be carry, hold or allow, not %q", o.MFA)
	case o.ProviderMap < 0 || o.ProviderMap > newestProviderMapVersion:
		return fmt.Errorf("provider map %d is not between 1 and %d", o.ProviderMap, newestProviderMapVersion)
	case len(o.Run) > 100:
		return fmt.Errorf("the name of the run is longer than 100 characters")
	}
	if _, _, err := o.sessionLimits(); err != nil {
		return err
	}
	for field := range o.ProfileValues {
		if !slices.Contains(o.ChoiceFields(), field) {
			return fmt.Errorf("values of the profile field %q cannot be mapped; the fields whose values can be mapped are %s",
				field, strings.Join(o.ChoiceFields(), ", "))
		}
	}
	return o.checkProfileColumns()
}
