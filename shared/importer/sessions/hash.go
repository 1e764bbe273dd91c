package sessions

import (
	"bytes"
	"cmp"
	"crypto/md5" //nolint:gosec // G501: a checksum
	"encoding/binary"
	"encoding/hex"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5/pgtype"
)

// The hashes of a session are the first 64 bits of the MD5 of a record, as Postgres writes it. The target computes the
// hash of its own rows in SQL (run/session_rows.go).

// expectedHash returns the hash of a session and its digests, by the source alone.
func expectedHash(s session, reason *string, isWanted bool, d digests) int64 {
	var r record
	r.addUUID(s.UserID)
	if r.startField(); reason != nil {
		r.addQuoted(*reason)
	}
	r.addBool(isWanted)
	r.addTimes(s)
	values, levels := make([]string, len(d.values)), make([]string, len(d.aal2))
	for i := range d.values {
		values[i], levels[i] = `"\\x`+hex.EncodeToString(d.values[i])+`"`, textOfBool(d.aal2[i])
	}
	r.addArray(values)
	r.addArray(levels)
	return r.hash()
}

// wantedHash returns the hash of the rows that the target should have: that of the session and those of its refresh
// tokens.
func wantedHash(s session, d digests) int64 {
	var r record
	r.addUUID(s.ID)
	r.addUUID(s.UserID)
	r.addTimes(s)
	order := make([]int, len(d.values))
	for i := range order {
		order[i] = i
	}
	slices.SortFunc(order, func(a, b int) int {
		return cmp.Or(bytes.Compare(d.values[a], d.values[b]), a-b)
	})
	tokens := make([]string, len(order))
	for i, j := range order {
		tokens[i] = hex.EncodeToString(d.values[j]) + "false"
		if d.aal2[j] {
			tokens[i] = hex.EncodeToString(d.values[j]) + "true"
		}
	}
	if len(tokens) == 0 {
		r.startField() // NULL
	} else {
		r.addArray(tokens)
	}
	return r.hash()
}

// record builds the text of a record.
type record struct{ text []byte }

func (r *record) startField() {
	if len(r.text) == 0 {
		r.text = append(r.text, '(')
	} else {
		r.text = append(r.text, ',')
	}
}

// addQuoted adds a value to the field, in quotes if it needs them.
func (r *record) addQuoted(value string) {
	if value != "" && !strings.ContainsAny(value, "\"\\(), \t\n\v\f\r") {
		r.text = append(r.text, value...)
		return
	}
	r.text = append(r.text, '"')
	for _, c := range []byte(value) {
		if c == '"' || c == '\\' {
			r.text = append(r.text, c)
		}
		r.text = append(r.text, c)
	}
	r.text = append(r.text, '"')
}

func (r *record) addUUID(id [16]byte) {
	r.startField()
	r.text = append(r.text, pgtype.UUID{Bytes: id, Valid: true}.String()...)
}

func (r *record) addBool(b bool) {
	r.startField()
	r.text = append(r.text, textOfBool(b)...)
}

// addTimes adds the level and the times of a session.
func (r *record) addTimes(s session) {
	r.addBool(s.AAL2)
	for _, t := range []pgtype.Timestamptz{s.CreatedAt, s.RefreshedAt, s.ExpiresAt} {
		r.startField()
		switch {
		case !t.Valid:
		case t.InfinityModifier != pgtype.Finite:
			r.addQuoted(t.InfinityModifier.String())
		default:
			r.addQuoted(t.Time.UTC().Format("2006-01-02 15:04:05.999999") + "+00")
		}
	}
}

func (r *record) addArray(elements []string) {
	r.startField()
	r.addQuoted("{" + strings.Join(elements, ",") + "}")
}

func (r *record) hash() int64 {
	sum := md5.Sum(append(r.text, ')'))            //nolint:gosec // G401: a checksum
	return int64(binary.BigEndian.Uint64(sum[:8])) //nolint:gosec // G115: only its bits matter
}

func textOfBool(b bool) string {
	if b {
		return "t"
	}
	return "f"
}
