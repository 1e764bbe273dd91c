package migrations

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"math"
	"regexp"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5"

	"github.com/xenon-auth/xenon/shared/profilefields"
	"github.com/xenon-auth/xenon/shared/profilefields/declaration"
	"github.com/xenon-auth/xenon/shared/schema"
)

// profileColumn is a column of the table user_profile.
type profileColumn struct {
	Name, Type  string
	NotNull     bool
	Default     *string
	Constraints []string // the CHECK constraints on this column alone
}

const profileColumnsQuery = `
	SELECT a.attname::text AS name, format_type(a.atttypid, a.atttypmod) AS type, a.attnotnull AS "notNull",
	       pg_get_expr(d.adbin, d.adrelid) AS "default",
	       ARRAY(
	         SELECT k.conname::text FROM pg_constraint k
	         WHERE k.conrelid = a.attrelid AND k.contype = 'c' AND k.conkey = ARRAY[a.attnum]
	         ORDER BY k.conname) AS constraints
	FROM pg_attribute a
	LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
	WHERE a.attrelid = to_regclass($1) AND a.attnum > 0 AND NOT a.attisdropped
	ORDER BY a.attnum`

// profilePlan collects the statements and the problems.
type profilePlan struct {
	tx       pgx.Tx
	table    string // quoted
	change   ProfileChange
	problems []string
}

// planProfile compares the table with the fields.
func planProfile(ctx context.Context, tx pgx.Tx, name string, fields profilefields.Fields) (ProfileChange, error) {
	p := &profilePlan{tx: tx, table: pgx.Identifier{schema.ProfileTable}.Sanitize()}
	if name != schema.Public {
		p.table = pgx.Identifier{name, schema.ProfileTable}.Sanitize()
	}
	rows, err := tx.Query(ctx, profileColumnsQuery, p.table)
	if err != nil {
		return ProfileChange{}, err
	}
	columns, err := pgx.CollectRows(rows, pgx.RowToStructByName[profileColumn])
	if err != nil || len(columns) == 0 {
		return ProfileChange{NoTable: err == nil}, err
	}
	for _, f := range fields {
		i := slices.IndexFunc(columns, func(c profileColumn) bool { return c.Name == f.Name })
		if i < 0 {
			p.addColumn(f)
		} else if err := p.changeColumn(ctx, f, columns[i]); err != nil {
			return ProfileChange{}, err
		}
	}
	for _, c := range columns {
		_, isDeclared := fields.Find(c.Name)
		isOfEveryProfile := slices.Contains([]string{"id", "user_id", "created_at", "updated_at"}, c.Name)
		if !isDeclared && !isOfEveryProfile {
			p.change.Undeclared = append(p.change.Undeclared, c.Name)
		}
	}
	if len(p.problems) > 0 {
		return ProfileChange{Undeclared: p.change.Undeclared}, &ProfileError{p.problems}
	}
	return p.change, nil
}

func (p *profilePlan) addStatement(format string, args ...any) {
	p.change.Statements = append(p.change.Statements, "ALTER TABLE "+p.table+" "+fmt.Sprintf(format, args...))
}

func (p *profilePlan) addProblem(format string, args ...any) {
	p.problems = append(p.problems, fmt.Sprintf(format, args...))
}

// addColumn adds the column of a field. Existing rows get the default, or NULL.
func (p *profilePlan) addColumn(f profilefields.Field) {
	column := quote(f.Name) + " " + string(schema.TypeOfField(f.Type))
	if !f.IsNullable() {
		column += " NOT NULL DEFAULT " + f.SQLDefault()
	}
	if check := wantedCheck(f); check != (constraint{}) {
		column += " CONSTRAINT " + quote(check.name) + " CHECK (" + check.condition + ")"
	}
	p.addStatement("ADD COLUMN %s", column)
}

// changeColumn makes an existing column fit a field.
func (p *profilePlan) changeColumn(ctx context.Context, f profilefields.Field, c profileColumn) error {
	typ := schema.TypeOfField(f.Type)
	if !typ.Accepts(c.Type) {
		p.addProblem("%s: the column is of type %s, but a field of type %s needs %s. The type of a column is never "+
			"changed: give the field another name, or rename the column with SQL: ALTER TABLE %s RENAME COLUMN %s TO …;",
			f.Name, c.Type, f.Type, typ, p.table, quote(c.Name))
		return nil
	}
	check := wantedCheck(f)
	hasCheck := check == (constraint{}) || slices.Contains(c.Constraints, check.name)
	if !hasCheck {
		if err := p.checkRows(ctx, f, check); err != nil {
			return err
		}
	}
	for _, name := range c.Constraints {
		if name != check.name && isOwnConstraint(name, c.Name) {
			p.addStatement("DROP CONSTRAINT %s", quote(name))
		}
	}
	if !hasCheck {
		p.addStatement("ADD CONSTRAINT %s CHECK (%s)", quote(check.name), check.condition)
	}
	return p.changeDefault(ctx, f, c)
}

// constantPattern matches a default that is a constant. Postgres shows it with a cast, such as 'en'::text.
var constantPattern = regexp.MustCompile(`^(E?'([^']|'')*'|\(?-?[0-9]+\)?|true|false)(::[a-z ]+)?$`)

// changeDefault makes the default and NOT NULL of an existing column fit a field.
func (p *profilePlan) changeDefault(ctx context.Context, f profilefields.Field, c profileColumn) error {
	column := quote(f.Name)
	if f.IsNullable() {
		if c.Default != nil {
			p.addStatement("ALTER COLUMN %s DROP DEFAULT", column)
		}
		if c.NotNull {
			p.addStatement("ALTER COLUMN %s DROP NOT NULL", column)
		}
		return nil
	}
	var isSame bool
	if c.Default != nil && constantPattern.MatchString(*c.Default) {
		same := "SELECT (" + *c.Default + ")::text = (" + f.SQLDefault() + ")::text"
		if err := p.tx.QueryRow(ctx, same).Scan(&isSame); err != nil {
			return err
		}
	}
	if !isSame {
		p.addStatement("ALTER COLUMN %s SET DEFAULT %s", column, f.SQLDefault())
	}
	if c.NotNull {
		return nil
	}
	var nulls int64
	count := "SELECT count(*) FROM " + p.table + " WHERE " + column + " IS NULL"
	if err := p.tx.QueryRow(ctx, count).Scan(&nulls); err != nil {
		return err
	}
	if nulls > 0 {
		p.addProblem("%s: the field has a default, so that it is never null, but %s null. Give them a value "+
			"first: UPDATE %s SET %s = %s WHERE %s IS NULL;",
			f.Name, rowsAre(nulls), p.table, column, f.SQLDefault(), column)
		return nil
	}
	p.addStatement("ALTER COLUMN %s SET NOT NULL", column)
	return nil
}

// checkRows reports values of existing rows that a new constraint does not allow. It prints no texts, which can be
// personal.
func (p *profilePlan) checkRows(ctx context.Context, f profilefields.Field, check constraint) error {
	value := quote(f.Name) + "::text"
	if f.Type == profilefields.Text {
		value = "''"
	}
	rows, err := p.tx.Query(ctx, fmt.Sprintf(`
		SELECT left(%s, 60) AS value, count(*) AS rows
		FROM %s
		WHERE NOT (%s)
		GROUP BY 1
		ORDER BY 2 DESC, 1
		LIMIT 11`, value, p.table, check.condition))
	if err != nil {
		return err
	}
	type stored struct {
		Value string
		Rows  int64
	}
	all, err := pgx.CollectRows(rows, pgx.RowToStructByName[stored])
	if err != nil || len(all) == 0 {
		return err
	}
	var found []string
	for i, v := range all {
		switch {
		case i == 10:
			found = append(found, "and others")
		case f.Type == profilefields.Text:
			found = append(found, countRows(v.Rows))
		default:
			found = append(found, fmt.Sprintf("%s in %s", v.Value, countRows(v.Rows)))
		}
	}
	p.addProblem("%s: existing rows have values that the field %s: %s. Allow these values, or change the rows first: "+
		"UPDATE %s SET %s = … WHERE NOT (%s);",
		f.Name, refusal(f), strings.Join(found, ", "), p.table, quote(f.Name), check.condition)
	return nil
}

// refusal says why a field does not allow a value.
func refusal(f profilefields.Field) string {
	switch {
	case f.Type == profilefields.Choice:
		return "has no choice for"
	case f.Type == profilefields.Text && storedPattern(f) != "":
		return fmt.Sprintf("does not allow (at most %d characters, pattern %s)", f.Max, f.Pattern)
	case f.Type == profilefields.Text:
		return fmt.Sprintf("does not allow (1 to %d characters)", f.Max)
	}
	return fmt.Sprintf("does not allow (%d to %d)", f.Min, f.Max)
}

func rowsAre(n int64) string {
	if n == 1 {
		return "1 row is"
	}
	return fmt.Sprintf("%d rows are", n)
}

func countRows(n int64) string {
	if n == 1 {
		return "1 row"
	}
	return fmt.Sprintf("%d rows", n)
}

// constraint is a CHECK constraint.
type constraint struct{ name, condition string }

// wantedCheck returns the constraint that the column of a field needs; an empty one if the type is enough. The name
// contains a hash of the condition, because Postgres shows a condition in another form than it was written. The
// constraints of the shipped declaration have the names that migration 2 gave them.
func wantedCheck(f profilefields.Field) constraint {
	condition := checkCondition(f)
	if condition == "" {
		return constraint{}
	}
	key := checkCondition(withSortedChoices(f))
	if shipped, ok := declaration.Shipped().Find(f.Name); ok && checkCondition(withSortedChoices(shipped)) == key {
		return constraint{migrationCheckName(f.Name), condition}
	}
	digest := sha256.Sum256([]byte(key))
	const prefix, maxLength = "user_profile_", 63
	name := f.Name[:min(len(f.Name), maxLength-len(prefix)-len("_12345678"))]
	return constraint{prefix + name + "_" + hex.EncodeToString(digest[:4]), condition}
}

// withSortedChoices returns the field with its choices in another order, so that a new order is no new constraint.
func withSortedChoices(f profilefields.Field) profilefields.Field {
	f.Choices = slices.Clone(f.Choices)
	slices.SortFunc(f.Choices, func(a, b profilefields.Option) int { return strings.Compare(a.Value, b.Value) })
	return f
}

// migrationCheckName is the name that Postgres gives the constraint of a column in a CREATE TABLE.
func migrationCheckName(column string) string { return "user_profile_" + column + "_check" }

var ownConstraintPattern = regexp.MustCompile(`^user_profile_[a-z0-9_]+_[0-9a-f]{8}$`)

// isOwnConstraint reports whether ChangeProfile or a migration has made a constraint on a column.
func isOwnConstraint(name, column string) bool {
	return name == migrationCheckName(column) || ownConstraintPattern.MatchString(name)
}

// checkCondition returns the condition that the values of a field meet, "" if the type of the column is enough.
func checkCondition(f profilefields.Field) string {
	column := quote(f.Name)
	var all []string
	switch f.Type {
	case profilefields.Choice:
		values := f.Values()
		for i, v := range values {
			values[i] = profilefields.Literal(v)
		}
		return column + " IN (" + strings.Join(values, ", ") + ")"
	case profilefields.Text:
		all = append(all, fmt.Sprintf("char_length(%s) BETWEEN 1 AND %d", column, f.Max))
		if pattern := storedPattern(f); pattern != "" {
			all = append(all, column+" ~ "+profilefields.Literal(pattern))
		}
	case profilefields.Integer:
		if f.Min > math.MinInt32 {
			all = append(all, fmt.Sprintf("%s >= %d", column, f.Min))
		}
		if f.Max < math.MaxInt32 {
			all = append(all, fmt.Sprintf("%s <= %d", column, f.Max))
		}
	case profilefields.Boolean:
	}
	return strings.Join(all, " AND ")
}

// storedPattern returns the pattern that the rows of the table have to match.
func storedPattern(f profilefields.Field) string {
	if f.PatternOnWrite {
		return ""
	}
	return f.Pattern
}

func quote(name string) string { return pgx.Identifier{name}.Sanitize() }
