// Package password hashes and verifies passwords. The text of a stored hash says how it is verified.
//
// It reads four formats: Argon2id and Argon2i PHC strings, bcrypt, Firebase scrypt ("$fbscrypt$") and Better Auth's
// scrypt ("salthex:keyhex"). It writes the first and the last.
//
// # Time
//
// The time of a failed attempt must not show whether the email is known, in any format of the user's hash. Two rules
// ensure this:
//
//   - If there is no hash to verify (no user, no password, an unknown format, a malformed hash or one that costs too
//     much), Verify computes one hash in the written format and discards it. So an unknown email takes as long as a
//     wrong password with the default format, on any machine and under any load.
//   - Every failed attempt ends no earlier than FailureFloor after its hashing began, plus a random delay of up to an
//     eighth, which hides the microseconds by which look-ups and formats still differ. So a bcrypt or scrypt hash that
//     takes three times as long as Argon2id does not show either. If the machine is so slow or busy that this is too
//     short, the floor is five times the recent duration of an Argon2id hash (two times, if scrypt is written), up to
//     eight times FailureFloor.
//
// The delay is a wait: it takes no processor time, no memory and no slot. A success is not delayed, because it is
// visible anyway. The cost is that a mistyped password is answered after a quarter of a second. The floor covers every
// format as Supabase, Firebase and Better Auth write it, and on a fast processor bcrypt up to cost 11. An imported hash
// that takes longer shows by its time until its owner has signed in once, which rehashes it.
//
// # Limits of imported hashes
//
// A stored hash may take about a second on the processor of a function (1,769 MB, one vCPU); one that takes longer is
// not Known. Processor time of the most expensive permitted hashes, measured on one core of an AMD EPYC, which is up to
// twice as fast: bcrypt of cost 13 0.48 s (cost 14: 0.96 s), Argon2id of 64 MiB and ten passes 0.51 s (256 MiB and ten:
// 2.2 s), scrypt of N=2^17 and r=8 0.35 s (with p=8: 2.6 s). Better Auth's scrypt takes 0.07 s, bcrypt of cost 10 0.06
// s.
package password

import "unicode/utf16"

// MinLength and MaxLength are the least and the greatest length of a new password, as Length counts. They are Better
// Auth's defaults.
const (
	MinLength = 8
	MaxLength = 128
)

// Length returns the number of UTF-16 code units, as JavaScript's length does. A character outside the Basic
// Multilingual Plane counts as two. Length does not trim or normalise.
func Length(password string) int {
	n := 0
	for _, r := range password {
		n += utf16.RuneLen(r)
	}
	return n
}

// Known reports whether stored is a hash that Verify can match: well formed and not too expensive. For a hash that is
// not known Verify returns a mismatch; the caller should log it.
func Known(stored string) bool {
	_, known := parse(stored)
	return known
}
