package admin

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"regexp"
	"time"

	"github.com/xenon-auth/xenon/shared/store"
)

// Export has everything that is stored about a user, without password hashes, tokens and secrets. The lists are not
// nil.
type Export struct {
	ExportedAt       store.Time `json:"exportedAt"`
	User             any        `json:"user"`
	Profile          any        `json:"profile"` // null if there is none
	Accounts         any        `json:"accounts"`
	Sessions         any        `json:"sessions"`
	TwoFactors       any        `json:"twoFactors"`
	SupabaseSessions any        `json:"supabaseSessions"`
	Verifications    any        `json:"verifications"`
	Import           any        `json:"import,omitempty"` // missing if there was no import
}

// Export returns everything that is stored about a user.
func (u Users) Export(ctx context.Context, id string) (Export, error) {
	rows, err := u.DB.ExportUser(ctx, id)
	if err != nil {
		return Export{}, err
	}
	e := Export{
		ExportedAt: store.Time{Time: now(u.Now)},
		Accounts:   rows.Accounts, Sessions: rows.Sessions, TwoFactors: rows.TwoFactors,
		Verifications: rows.Verifications,
	}
	for _, part := range []struct {
		to   *any
		rows json.RawMessage
	}{{&e.User, rows.User}, {&e.Profile, rows.Profile}, {&e.SupabaseSessions, rows.SupabaseSessions}} {
		if *part.to, err = withoutSecrets(part.rows); err != nil {
			return Export{}, err
		}
	}
	e.Import, err = u.exportImport(ctx, id)
	return e, err
}

// importRows are the rows of an import in an Export.
type importRows struct {
	Ledger     any `json:"ledger"`
	Quarantine any `json:"quarantine"`
}

// exportImport returns the rows of the import about a user, or nil if there was no import.
func (u Users) exportImport(ctx context.Context, id string) (any, error) {
	rows, err := u.DB.ExportImportRows(ctx, id)
	if errors.Is(err, store.ErrNotFound) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	var out importRows
	if out.Ledger, err = withoutSecrets(rows.Ledger); err == nil {
		out.Quarantine, err = withoutSecrets(rows.Quarantine)
	}
	return out, err
}

// secretMember matches the names of members that can have a secret: the columns of Supabase and Better Auth with
// hashes, tokens and keys, and columns of other programs with such names.
var secretMember = regexp.MustCompile(
	`(?i)passw|token|secret|hash|digest|backup_?codes|credential|challenge|nonce|_?otp$|private_?key|api_?key`)

// withoutSecrets parses JSON and removes the members whose names match secretMember, at any depth.
func withoutSecrets(text json.RawMessage) (any, error) {
	if len(text) == 0 {
		return nil, nil
	}
	var v any
	numbers := json.NewDecoder(bytes.NewReader(text))
	numbers.UseNumber() // keeps every digit
	if err := numbers.Decode(&v); err != nil {
		return nil, err
	}
	removeSecrets(v)
	return v, nil
}

func removeSecrets(v any) {
	switch v := v.(type) {
	case map[string]any:
		for name, member := range v {
			if secretMember.MatchString(name) {
				delete(v, name)
				continue
			}
			removeSecrets(member)
		}
	case []any:
		for _, item := range v {
			removeSecrets(item)
		}
	}
}

// Stats counts users, sessions and accounts.
func (u Users) Stats(ctx context.Context) (store.UserStats, error) {
	return u.DB.UserStats(ctx, now(u.Now))
}

// VerifyEmail marks the email of a user as verified.
func (u Users) VerifyEmail(ctx context.Context, id string) (store.User, error) {
	return u.Change(ctx, id, store.AdminChange{EmailVerified: store.ChangeTo(true)})
}

// IsBanned reports whether a user is banned at a time.
func IsBanned(user store.User, at time.Time) bool {
	isBanned, ends := user.Banned.Value, user.BanExpires.Value
	return isBanned != nil && *isBanned && (ends == nil || !ends.Before(at))
}
