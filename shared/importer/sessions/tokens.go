package sessions

import (
	"encoding/base64"
	"errors"
	"strings"

	"github.com/jackc/pgx/v5/pgtype"

	"github.com/xenon-auth/xenon/shared/bridge"
	"github.com/xenon-auth/xenon/shared/importer/atrest"
	"github.com/xenon-auth/xenon/shared/importer/mapping"
)

const (
	// v1Length is the length of a refresh token of version 1. Supabase refuses tokens of other lengths that older servers
	// made.
	v1Length = 12
	// lookAhead is the number of tokens of version 2 that the source may make after the import has read the session. A
	// second factor skips one.
	lookAhead = 2
	// hmacKeyLength is the length of the key of the tokens of version 2, in bytes.
	hmacKeyLength = 32
)

// tokens computes the digests of refresh tokens.
type tokens struct {
	key        []byte // of the digests
	encryption atrest.Keys
}

// digests are the digests of the refresh tokens that the source would accept for a session.
type digests struct {
	values [][]byte
	aal2   []bool // of each value: the token was made after the second factor
	reason string // why the session is not imported, if there are none
	// hasUnreadableKey is true if the session has tokens that cannot be computed, because their key cannot be read.
	hasUnreadableKey bool
}

func (d *digests) add(key []byte, token string, aal2 bool) {
	if value, err := bridge.Digest(key, token); err == nil {
		d.values, d.aal2 = append(d.values, value), append(d.aal2, aal2)
	}
}

// digest returns the digests for a session that the source has not ended.
func (t tokens) digest(s session) digests {
	d := digests{values: [][]byte{}, aal2: []bool{}}
	for _, token := range s.Live {
		if len(token) == v1Length {
			d.add(t.key, token, s.AAL2)
		}
	}
	if s.Previous != nil && len(*s.Previous) == v1Length {
		d.add(t.key, *s.Previous, s.PreviousAAL2)
	}
	problem := t.addVersion2(&d, s)
	if len(d.values) == 0 {
		d.reason, d.hasUnreadableKey = mapping.SessionNoToken, problem != ""
		if d.hasUnreadableKey {
			d.reason = problem
		}
	}
	return d
}

// addVersion2 adds the tokens of version 2: the newest, the one before, and those that the source may make next. It
// returns the reason why it cannot compute them, or "".
func (t tokens) addVersion2(d *digests, s session) (problem string) {
	if s.HMACKey == nil || s.Counter == nil || *s.Counter < 0 {
		return ""
	}
	key, problem := t.readHMACKey(s)
	if problem != "" {
		return problem
	}
	newest := uint64(*s.Counter)
	for counter := max(newest, 1) - 1; counter <= newest+lookAhead; counter++ {
		d.add(t.key, bridge.Token(s.ID, counter, key), s.AAL2)
	}
	return ""
}

// readHMACKey returns the key of a session's tokens of version 2, or the reason why it cannot be read.
func (t tokens) readHMACKey(s session) (key []byte, problem string) {
	text, err := t.encryption.Open(pgtype.UUID{Bytes: s.ID, Valid: true}.String(), *s.HMACKey)
	switch {
	case errors.Is(err, atrest.ErrNoKey):
		return nil, mapping.SessionKeyEncrypted
	case err != nil:
		return nil, mapping.SessionKeyUnreadable
	}
	key, err = base64.RawURLEncoding.DecodeString(strings.TrimRight(text, "="))
	if err != nil || len(key) != hmacKeyLength {
		return nil, mapping.SessionKeyUnreadable
	}
	return key, ""
}
