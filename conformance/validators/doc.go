// Package validators has tests that verify Xenon's tokens with libraries that know only the issuer and find the keys by
// themselves. docs/verify-tokens.md lists the results.
package validators
