// Package faults lets the database fail at every round trip of each operation in operations_test.go, and checks the
// response and the rows afterwards.
package faults
