// Package password hashes and verifies passwords; the text of a stored hash decides how it is verified.
//
// Four formats are read: Argon2id and Argon2i PHC strings, bcrypt, Firebase scrypt ("$fbscrypt$") and Better Auth's
// "salthex:keyhex" scrypt. The first and the last are also written.
//
// # Time
//
// A failed attempt must not tell an unknown address from a wrong password (P37), whatever the address's hash is stored
// as. Two rules see to that:
//
//   - Where there is nothing to verify (no user, no hash, an unknown, malformed or over-ceiling one) the written format
//     is computed once and thrown away. So an unknown address does the same work as a wrong password of the default
//     format, on any machine and under any load.
//   - Every failed attempt, of whatever format, is answered no earlier than FailureFloor after its hashing began, plus
//     up to an eighth of random delay, which drowns the microseconds by which look-ups and formats still differ. So a
//     bcrypt or scrypt hash that costs three times Argon2id does not stand out either. Where the machine is so slow or
//     so crowded that this is too short, the floor is five times what an Argon2id hash took lately (twice, where scrypt
//     is written), up to eight times FailureFloor.
//
// The floor is waited for, not computed: it costs no processor, no memory and no place in the queue. A success is not
// delayed, since it shows itself anyway. The price is that a mistyped password answers after a quarter of a second. The
// floor covers every format as Supabase, Firebase and Better Auth write it, and on a fast processor bcrypt up to cost
// 11. An imported hash that needs longer stands out until its owner has signed in once and been rehashed.
//
// # Ceilings
//
// A stored hash may take about a second on the processor of a function (1,769 MB, one vCPU); one above that is not
// Known. Processor time of the most that is permitted, measured on one core of an AMD EPYC, which is up to twice as
// fast: bcrypt of cost 13 0.48 s (cost 14: 0.96 s), Argon2id of 64 MiB and ten passes 0.51 s (256 MiB and ten: 2.2 s),
// scrypt of N=2^17 and r=8 0.35 s (with p=8: 2.6 s). Better Auth's scrypt takes 0.07 s, bcrypt of cost 10 0.06 s.
package password

import "unicode/utf16"

// MinLength and MaxLength bound a new password, both inclusive, in the units of Length. They are the library's defaults.
const (
	MinLength = 8
	MaxLength = 128
)

// Length counts UTF-16 code units of the password as sent, as JavaScript's length does: an astral character counts two,
// nothing is trimmed or normalised.
func Length(password string) int {
	n := 0
	for _, r := range password {
		n += utf16.RuneLen(r)
	}
	return n
}

// Known reports whether stored is a hash that Verify can match: well formed and within the cost ceilings. A stored hash
// that is not known behaves as a wrong password; the caller may want to raise an alarm.
func Known(stored string) bool {
	_, known := parse(stored)
	return known
}
