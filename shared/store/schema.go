package store

import (
	"regexp"
	"strings"
	"sync"

	"github.com/jackc/pgx/v5"

	"github.com/xenon-auth/xenon/shared/schema"
)

// In makes the store use the tables in a schema, and returns it. It has to be called before the first statement. With
// schema.Public the statements go out as they are written, and the search_path finds the tables.
func (s *Store) In(name string) *Store {
	s.schema = name
	return s
}

// tableName finds the places of a statement where the name of one of our tables stands, but for columns such as
// session.token and for the names of subqueries, which the statements do not take from the list.
var tableName = func() *regexp.Regexp {
	names := make([]string, 0, 2*len(schema.Tables))
	for _, name := range schema.Names() {
		names = append(names, regexp.QuoteMeta(pgx.Identifier{name}.Sanitize()))
		if name != "user" && name == strings.ToLower(name) {
			names = append(names, name)
		}
	}
	return regexp.MustCompile(`((?:\b(?:FROM|JOIN|INTO|UPDATE|USING)\s+|::\s*))(` + strings.Join(names, "|") + `)(\s|[(),;]|$)`)
}()

// qualified are statements with the names of tables qualified, by schema and text.
var qualified sync.Map

type unqualified struct{ schema, sql string }

// in writes the schema before the name of every table, so that a statement means the same tables on every connection,
// also on one that a pooler has set up.
func (s *Store) in(sql string) string {
	if s.schema == "" || s.schema == schema.Public {
		return sql
	}
	key := unqualified{s.schema, sql}
	if text, ok := qualified.Load(key); ok {
		return text.(string)
	}
	text := tableName.ReplaceAllString(sql, "${1}"+pgx.Identifier{s.schema}.Sanitize()+".${2}${3}")
	qualified.Store(key, text)
	return text
}
