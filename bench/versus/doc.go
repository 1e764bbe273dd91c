// Package versus compares Xenon with Better Auth and with the limits of the machine, in one run on one machine, with
// the same Postgres and pool size, in alternating rounds. `make bench` runs it, and docs/performance.md explains it.
package versus
