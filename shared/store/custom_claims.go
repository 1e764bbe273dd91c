package store

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/xenon-auth/xenon/shared/config"
	"github.com/xenon-auth/xenon/shared/schema"
)

// customClaims are the claims of JWT_CUSTOM_CLAIMS, and the statements that read them.
type customClaims struct {
	claims     []config.CustomClaim
	statements map[string]string // by the statement that reads the same without these claims
}

// UseCustomClaims makes the methods that read a session for a JWT also read the columns of claims, and CheckReady check
// that they exist. It returns s. Call it before the first statement.
func (s *Store) UseCustomClaims(claims []config.CustomClaim) *Store {
	if len(claims) == 0 {
		return s
	}
	s.custom = customClaims{claims, map[string]string{}}
	for _, sql := range []string{sessionOfOneTokenSQL, sessionOfSeveralTokensSQL, metadataOfToken, metadataOfTokens} {
		s.custom.statements[sql] = addClaimColumns(sql, claims)
	}
	return s
}

// exist reports whether JWT_CUSTOM_CLAIMS has a claim.
func (c customClaims) exist() bool { return len(c.claims) > 0 }

// The parts of the statements that addClaimColumns replaces.
const (
	fromSessionSQL = `
	FROM session s`
	joinUserSQL = `
	JOIN "user" u ON u.id = s."userId"`
)

// addClaimColumns adds two columns to a statement that reads a session with its user: lists with the values of the
// claims from "user" and from user_profile. The subqueries name the columns without a table, because u.name would also
// call a function of a row. Postgres does not run them as queries of their own.
func addClaimColumns(sql string, claims []config.CustomClaim) string {
	ofUser, ofProfile := claimValuesSQL(claims, config.UserTable), claimValuesSQL(claims, config.ProfileTable)
	columns, user, profile := [...]string{`NULL::text[]`, `NULL::text[]`}, joinUserSQL, ``
	if ofUser != "" {
		columns[0] = `u."xenonClaims"`
		user = `
	JOIN (SELECT *, ` + ofUser + ` AS "xenonClaims" FROM "user") u ON u.id = s."userId"`
	}
	if ofProfile != "" {
		columns[1] = `p."xenonClaims"`
		profile = `
	LEFT JOIN (SELECT user_id, ` + ofProfile + ` AS "xenonClaims" FROM user_profile) p ON p.user_id = u.id`
	}
	return strings.NewReplacer(
		fromSessionSQL, `, `+columns[0]+`, `+columns[1]+fromSessionSQL, joinUserSQL, user+profile,
	).Replace(sql)
}

// claimValuesSQL returns the list of the values of the claims from a table, or "". A value is JSON and cut as in
// Metadata; before a time there is a T, because JSON has no times.
func claimValuesSQL(claims []config.CustomClaim, table string) string {
	var values []string
	for _, c := range claims {
		if c.Table == table {
			column := pgx.Identifier{c.Column}.Sanitize()
			values = append(values, `
		CASE WHEN pg_typeof(`+column+`) IN ('timestamptz'::regtype, 'timestamp'::regtype) THEN 'T' ELSE '' END ||
			left(to_json(`+column+`)::text, 6145)`)
		}
	}
	if values == nil {
		return ""
	}
	return `ARRAY[` + strings.Join(values, `,`) + `]`
}

// claimLists has the two lists of the values that a statement of addClaimColumns reads.
type claimLists struct{ user, profile []*string }

// pointers returns pointers to the lists, or nil if there are no custom claims.
func (l *claimLists) pointers(s *Store) []any {
	if !s.custom.exist() {
		return nil
	}
	return []any{&l.user, &l.profile}
}

// values returns the JSON of each claim, in the order of the setting. It is nil for NULL, and for a user without a
// profile. A text of MaxMetadata characters can be cut, and then it is not JSON.
func (l *claimLists) values(s *Store) []json.RawMessage {
	if !s.custom.exist() {
		return nil
	}
	all := make([]json.RawMessage, len(s.custom.claims))
	for i, c := range s.custom.claims {
		list := &l.user
		if c.Table == config.ProfileTable {
			list = &l.profile
		}
		if len(*list) == 0 {
			continue
		}
		if value := (*list)[0]; value != nil {
			all[i] = claimJSON(*value)
		}
		*list = (*list)[1:]
	}
	return all
}

// claimJSON returns a value of claimValuesSQL as JSON. It writes a time as Better Auth does. A time that has no such
// form, such as infinity, is the text that Postgres writes.
func claimJSON(value string) json.RawMessage {
	text, isTime := strings.CutPrefix(value, "T")
	if !isTime {
		return json.RawMessage(text)
	}
	for _, layout := range []string{`"2006-01-02T15:04:05.999999999Z07:00"`, `"2006-01-02T15:04:05.999999999"`} {
		if at, err := time.Parse(layout, text); err == nil {
			out, _ := Time{at}.MarshalJSON() // never an error
			return out
		}
	}
	return json.RawMessage(text)
}

// classifyClaimsError makes an error of a statement that reads custom claims an Unavailable error if a column does not
// exist or may not be read: an operator can add the column or the right.
func (s *Store) classifyClaimsError(err error) error {
	if !s.custom.exist() || err == nil {
		return err
	}
	e, ok := errors.AsType[*pgconn.PgError](err)
	if !ok || !slices.Contains([]string{"42703", "42P01", "42501"}, e.Code) {
		return err
	}
	return unavailableError{fmt.Errorf("read the columns that JWT_CUSTOM_CLAIMS names: %w", err)}
}

// columns returns the columns that CheckReady requires.
func (c customClaims) columns() (all []schema.ExtraColumn) {
	for _, claim := range c.claims {
		all = append(all, schema.ExtraColumn{Table: claim.Table, Name: claim.Column, Setting: "JWT_CUSTOM_CLAIMS"})
	}
	return all
}
