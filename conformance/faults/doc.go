// Package faults takes the database away at every round trip of every endpoint, and looks at what is left.
package faults
