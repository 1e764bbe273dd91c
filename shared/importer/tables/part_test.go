package tables

// In tests, tables of a few rows are divided into parts, too.
func init() { partRows, smallTable = 7, 0 } //nolint:gochecknoinits // before all tests
