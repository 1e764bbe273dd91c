package store

import (
	"regexp"
	"strings"
	"sync"

	"github.com/jackc/pgx/v5"

	"github.com/xenon-auth/xenon/shared/schema"
)

// UseSchema makes s use the tables of a schema, and returns s. Call it before the first statement. With schema.Public
// the statements name no schema, and Postgres finds the tables by its search_path.
func (s *Store) UseSchema(name string) *Store {
	s.schema = name
	return s
}

// tableNamePattern matches the name of one of Xenon's tables where a statement names a table. It does not match columns
// such as session.token. It would also match a CTE with the name of a table, so no CTE in this package has such a name.
var tableNamePattern = func() *regexp.Regexp {
	var names []string
	for _, name := range schema.TableNames() {
		names = append(names, regexp.QuoteMeta(pgx.Identifier{name}.Sanitize()))
		if name != "user" && name == strings.ToLower(name) {
			names = append(names, name)
		}
	}
	const before, after = `((?:\b(?:FROM|JOIN|INTO|UPDATE|USING)\s+|::\s*))`, `(\s|[(),;]|$)`
	return regexp.MustCompile(before + `(` + strings.Join(names, "|") + `)` + after)
}()

// qualifiedStatements caches the results of qualifyTables.
var qualifiedStatements sync.Map

type qualifiedStatementKey struct{ schema, sql string }

// qualifyTables writes the schema before the name of every table, unless the schema is public. So a statement uses the
// same tables on every connection, also on one whose search_path a pooler has set.
func (s *Store) qualifyTables(sql string) string {
	if s.schema == "" || s.schema == schema.Public {
		return sql
	}
	key := qualifiedStatementKey{s.schema, sql}
	if text, ok := qualifiedStatements.Load(key); ok {
		return text.(string)
	}
	text := tableNamePattern.ReplaceAllString(sql, "${1}"+pgx.Identifier{s.schema}.Sanitize()+".${2}${3}")
	qualifiedStatements.Store(key, text)
	return text
}
