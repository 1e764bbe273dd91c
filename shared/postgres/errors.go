package postgres

import "errors"

// ErrInUse means that another process runs the server of a directory. A second one cannot start in it.
var ErrInUse = errors.New("another process runs the server")
