// Package faults breaks the connection to the database at every round trip of every endpoint, and checks the response
// and the rows afterwards.
package faults
