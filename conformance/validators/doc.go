// Package validators verifies Xenon's JWTs with other libraries. The libraries get only the issuer's URL and find its
// keys themselves. docs/verify-tokens.md lists the results.
package validators
