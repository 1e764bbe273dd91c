// Package versus measures Xenon beside the library it speaks like and beside what the machine allows, in one run on one
// machine: the same Postgres, the same pool, alternated run by run. `make bench` runs it; docs/performance.md explains
// it.
package versus
