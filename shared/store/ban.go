package store

import "errors"

// ErrBanned is returned instead of a new session for somebody who is banned.
var ErrBanned = errors.New("the user is banned")

// barred holds for a "user" u who is banned at $2, for ever or until a moment that has not passed (contract: the admin
// plugin's bans). It is judged by the database, so that 'infinity' and whatever else an administrator writes by hand
// counts for what it says.
const barred = `(u.banned IS TRUE AND coalesce(u."banExpires" >= $2, true))`
