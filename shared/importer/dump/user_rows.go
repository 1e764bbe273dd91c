package dump

import (
	"encoding/json"
	"io"
)

// object is a JSON object whose values were not decoded.
type object = map[string]json.RawMessage

// userRows copies the rows of users that a list of users has. The rows of other tables than auth.users are kept in
// files until all users are read.
type userRows struct {
	loader  *loader
	tempDir string
	out     io.Writer        // rows of auth.users
	rows    map[string]int64 // numbers of rows, by table
	others  map[string]*spool
}

// newUserRows starts the rows of auth.users with these columns. types are the types of columns that tables.sql does not
// have. The caller closes the result.
func newUserRows(l *loader, tempDir string, columns []string, types map[string]string) (*userRows, error) {
	out, err := l.begin(usersTable, columns, types)
	if err != nil {
		return nil, err
	}
	return &userRows{
		loader: l, tempDir: tempDir, out: out, rows: map[string]int64{usersTable: 0}, others: map[string]*spool{},
	}, nil
}

// addTable adds a table that the file has, perhaps without rows.
func (u *userRows) addTable(table string, columns []string) (*spool, error) {
	if s := u.others[table]; s != nil {
		return s, nil
	}
	s, err := newSpool(u.tempDir)
	if err != nil {
		return nil, err
	}
	s.columns = columns
	u.others[table] = s
	u.rows[table] = 0
	return s, nil
}

// add adds a row to another table than auth.users.
func (u *userRows) add(table string, all []member, row object) error {
	s, err := u.addTable(table, columnsOfMembers(all))
	if err != nil {
		return err
	}
	if err := writeRow(s, all, row); err != nil {
		return err
	}
	u.rows[table]++
	return nil
}

// finish copies the rows of the other tables, after the last user.
func (u *userRows) finish() error {
	if err := u.loader.end(u.rows[usersTable]); err != nil {
		return err
	}
	for table, s := range u.others {
		w, err := u.loader.begin(table, s.columns, nil)
		if err != nil {
			return err
		}
		if err := s.copyTo(w); err != nil {
			return err
		}
		if err := u.loader.end(u.rows[table]); err != nil {
			return err
		}
	}
	return nil
}

func (u *userRows) close() {
	for _, s := range u.others {
		s.close()
	}
}
