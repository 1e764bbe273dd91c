package store

import (
	"regexp"
	"strings"
	"sync"

	"github.com/jackc/pgx/v5"

	"github.com/xenon-auth/xenon/shared/config"
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
var tableNamePattern = sync.OnceValue(func() *regexp.Regexp {
	var names []string
	for _, name := range schema.TableNames() {
		names = append(names, regexp.QuoteMeta(pgx.Identifier{name}.Sanitize()))
		if name != "user" && name == strings.ToLower(name) {
			names = append(names, name)
		}
	}
	const before, after = `((?:\b(?:FROM|JOIN|INTO|UPDATE|USING)\s+|::\s*))`, `(\s|[(),;]|$)`
	return regexp.MustCompile(before + `(` + strings.Join(names, "|") + `)` + after)
})

// completeStatements caches the results of complete.
var completeStatements sync.Map

type statementKey struct {
	schema  string
	plugins config.Plugins
	sql     string
}

// complete returns the text of a statement for this Store: with the columns of the plugins that are on, and with the
// names of the tables qualified. Without plugins and in the schema public, it returns sql unchanged.
func (s *Store) complete(sql string) string {
	isPublic := s.schema == "" || s.schema == schema.Public
	if isPublic && s.plugins == (config.Plugins{}) {
		return sql
	}
	key := statementKey{s.schema, s.plugins, sql}
	if text, ok := completeStatements.Load(key); ok {
		return text.(string)
	}
	text := s.completeText(sql)
	completeStatements.Store(key, text)
	return text
}

// completeText is complete without the cache.
func (s *Store) completeText(sql string) string {
	text := s.addPluginColumns(sql)
	if s.schema == "" || s.schema == schema.Public {
		return text
	}
	return s.qualifyTables(text)
}

// qualifyTables writes the schema before the name of every table. So a statement uses the same tables on every
// connection, also on one whose search_path a pooler has set.
func (s *Store) qualifyTables(sql string) string {
	return tableNamePattern().ReplaceAllString(sql, "${1}"+pgx.Identifier{s.schema}.Sanitize()+".${2}${3}")
}
