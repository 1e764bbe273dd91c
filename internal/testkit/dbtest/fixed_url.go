package dbtest

import "context"

// FixedURL is the URL of a database for store.Open. It never changes.
type FixedURL string

// DatabaseURL returns the URL.
func (u FixedURL) DatabaseURL(context.Context) (string, error) { return string(u), nil }

// Invalidate does nothing.
func (FixedURL) Invalidate() {}
