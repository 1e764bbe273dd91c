// Package password hashes and verifies passwords. The text of a stored hash says how it is verified.
//
// It reads four formats: Argon2id and Argon2i PHC strings, bcrypt, Firebase scrypt ("$fbscrypt$") and Better Auth's
// scrypt ("salthex:keyhex"). It writes Argon2id or Better Auth's scrypt.
//
// # Time
//
// The duration of a failed attempt must not show whether a user has the email. This holds for every format of the
// user's hash, by two rules:
//
//   - If there is no hash to verify (no user, no password, an unknown format, a malformed hash or one that costs too
//     much), Verify computes one hash in the format that Hash writes and discards it. So an unknown email takes as long
//     as a wrong password with a hash of this format, on any machine and under any load.
//   - A failed attempt takes at least MinFailureTime from the start of hashing, plus a random delay of up to an eighth.
//     The random delay hides the small differences that remain. So the duration does not show that a user's hash is
//     bcrypt or scrypt, which take up to three times as long as Argon2id. On a slow or busy machine the minimum is
//     longer: five times the recent duration of an Argon2id hash (or, if Hash writes scrypt, two times that of a scrypt
//     hash), at most eight times MinFailureTime.
//
// The delay is a wait: it takes no processor time, no memory and no slot. A success is not delayed, because the
// response shows it anyway. A user who mistypes the password waits at least a quarter of a second. The minimum is long
// enough for every format as Supabase, Firebase and Better Auth write it, and on a fast processor for bcrypt up to cost
// 11. The duration shows an imported hash that takes longer, until the user's first sign-in replaces the hash.
//
// # Limits of imported hashes
//
// A stored hash may take about a second on the processor of a function (1,769 MB, one vCPU). A hash that takes longer
// is not supported (IsSupported). The processor time of a hash, measured on one core of an AMD EPYC, which is up to
// twice as fast:
//
//   - the most expensive bcrypt, cost 13: 0.48 s (cost 14: 0.96 s)
//   - the most expensive Argon2id, 64 MiB and ten passes: 0.51 s (256 MiB and ten passes: 2.2 s)
//   - the most expensive scrypt, N=2^17 and r=8: 0.35 s (with p=8: 2.6 s)
//   - Better Auth's scrypt: 0.07 s
//   - bcrypt of cost 10: 0.06 s
package password

import "unicode/utf16"

// MinLength and MaxLength are the minimum and maximum length of a new password, as UTF16Length counts. They are Better
// Auth's defaults.
const (
	MinLength = 8
	MaxLength = 128
)

// UTF16Length returns the number of UTF-16 code units, as JavaScript's length does. A character outside the Basic
// Multilingual Plane counts as two. UTF16Length does not trim or normalise.
func UTF16Length(password string) int {
	n := 0
	for _, r := range password {
		n += utf16.RuneLen(r)
	}
	return n
}

// IsSupported reports whether stored is a hash that Verify can match: well formed and not too expensive. For any other
// text Verify returns a mismatch; the caller should log it.
func IsSupported(stored string) bool {
	_, known := parseHash(stored)
	return known
}
