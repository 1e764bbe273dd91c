package store

import "errors"

// ErrBanned is returned instead of a new session for somebody who is banned.
var ErrBanned = errors.New("the user is banned")

// barred holds for a row u of "user" that is banned at the time $2 (docs/wire.md#banned-users). Postgres compares the
// times, so that 'infinity', which an administrator may write by hand, counts too.
const barred = `(u.banned IS TRUE AND coalesce(u."banExpires" >= $2, true))`
