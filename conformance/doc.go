// Package conformance compares Xenon's responses with those of the pinned Better Auth. See the rows R01 to R05 of
// docs/security.md.
package conformance
