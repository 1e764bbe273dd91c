package store

import (
	"encoding/json"
	"strings"

	"github.com/jackc/pgx/v5"

	"github.com/xenon-auth/xenon/shared/config"
	"github.com/xenon-auth/xenon/shared/stringify"
)

// PluginField is a field that one of Better Auth's plugins adds to a user or a session. The zero value is the field of
// a plugin that is off. With the tag omitzero, JSON does not have such a field.
type PluginField[T any] struct {
	IsPresent bool // whether the plugin is on
	Value     *T   // nil for NULL
}

// NewPluginField returns the field of a plugin that is on.
func NewPluginField[T any](value *T) PluginField[T] { return PluginField[T]{true, value} }

// MarshalJSON returns the JSON of the value.
func (f PluginField[T]) MarshalJSON() ([]byte, error) { return stringify.Marshal(f.Value) }

// UnmarshalJSON reads a value or null. It makes f present.
func (f *PluginField[T]) UnmarshalJSON(text []byte) error {
	f.IsPresent = true
	return json.Unmarshal(text, &f.Value)
}

// UsePlugins makes s read and write the columns of the plugins that are on, and returns s. Call it before the first
// statement.
func (s *Store) UsePlugins(plugins config.Plugins) *Store {
	s.plugins = plugins
	return s
}

// pluginColumns has the columns that a plugin adds to statements, in the order of the fields of User and Session.
type pluginColumns struct {
	user, session string // read from the rows u of "user" and s of session
	names, values string // of a new user
}

var (
	twoFactorColumns = pluginColumns{user: `, u."twoFactorEnabled"`, names: `"twoFactorEnabled", `, values: `false, `}
	adminColumns     = pluginColumns{
		user: `, u.role, u.banned, u."banReason",
		CASE WHEN isfinite(u."banExpires") THEN u."banExpires" END AS "banExpires"`,
		session: `, s."impersonatedBy"`,
		names:   `role, banned, `,
		values:  `'user', false, `,
	}
)

// The parts of statements that get further columns.
var (
	readUserSQL, readSessionSQL = userColumns, sessionColumns
	insertUserSQL               = [...]string{insertIntoUserStart, insertIntoUserColumns}
)

// addPluginColumns adds the columns of the plugins that are on to a statement: to the lists of columns that it reads,
// and to an INSERT of a user, with the values of a new user.
func (s *Store) addPluginColumns(sql string) string {
	var all pluginColumns
	for _, plugin := range []struct {
		isOn    bool
		columns pluginColumns
	}{{s.plugins.TwoFactor, twoFactorColumns}, {s.plugins.Admin, adminColumns}} {
		if plugin.isOn {
			all.user, all.session = all.user+plugin.columns.user, all.session+plugin.columns.session
			all.names, all.values = all.names+plugin.columns.names, all.values+plugin.columns.values
		}
	}
	return strings.NewReplacer(
		readUserSQL, readUserSQL+all.user,
		readSessionSQL, readSessionSQL+all.session,
		insertUserSQL[0]+insertUserSQL[1], insertUserSQL[0]+all.names+insertUserSQL[1]+all.values,
	).Replace(sql)
}

// userPluginPointers returns pointers to the fields of u of the plugins that are on, and makes these fields present.
func (s *Store) userPluginPointers(u *User) (pointers []any) {
	if s.plugins.TwoFactor {
		u.TwoFactorEnabled.IsPresent = true
		pointers = append(pointers, &u.TwoFactorEnabled.Value)
	}
	if s.plugins.Admin {
		u.Role.IsPresent, u.Banned.IsPresent, u.BanReason.IsPresent, u.BanExpires.IsPresent = true, true, true, true
		pointers = append(pointers, &u.Role.Value, &u.Banned.Value, &u.BanReason.Value, &u.BanExpires.Value)
	}
	return pointers
}

// SetNewUserFields sets the fields of the plugins that are on to the values that a new user has.
func (s *Store) SetNewUserFields(u *User) {
	no, role := false, "user"
	s.userPluginPointers(u)
	if s.plugins.TwoFactor {
		u.TwoFactorEnabled.Value = &no
	}
	if s.plugins.Admin {
		u.Role.Value, u.Banned.Value = &role, &no
	}
}

// scanUser reads a row with the columns userColumns.
func (s *Store) scanUser(row pgx.CollectableRow) (u User, err error) {
	err = scanRow(row, s.userFieldPointers(&u)...)
	return u, err
}

// scanSession reads a row with the columns sessionColumns.
func (s *Store) scanSession(row pgx.CollectableRow) (x Session, err error) {
	err = scanRow(row, s.sessionFieldPointers(&x)...)
	return x, err
}
