package password

import (
	"encoding/base64"
	"strconv"
	"strings"
)

// maxStored bounds the text of a stored hash, in bytes. Supabase keeps 255, Better Auth writes 161.
const maxStored = 512

// check is a stored hash taken apart, within the ceilings, ready to be compared with.
type check struct {
	form
	match func(password string) bool // in constant time; does all the work there is to do
}

// form is what hashes made by the same scheme at the same cost have in common.
type form struct {
	scheme        string
	memory        int64 // bytes that match takes
	time, threads int
	salt, key     int // lengths in bytes
}

// parse recognises a stored hash by its text. It computes nothing.
func parse(stored string) (check, bool) {
	switch {
	case len(stored) > maxStored:
		return check{}, false
	case strings.HasPrefix(stored, "$argon2"):
		return parseArgon2(stored)
	case strings.HasPrefix(stored, "$2"):
		return parseBcrypt(stored)
	case strings.HasPrefix(stored, "$fbscrypt$"):
		return parseFirebase(stored)
	default:
		return parseBetterAuth(stored)
	}
}

// mustParse is parse for a text of our own making.
func mustParse(stored string) check {
	c, known := parse(stored)
	if !known {
		panic("password: cannot read what it writes")
	}
	return c
}

// numbers reads "a=1,b=2" for the names a and b: these, in this order, and no other, each plain decimal digits.
func numbers(text string, names ...string) ([]int, bool) {
	fields := strings.Split(text, ",")
	if len(fields) != len(names) {
		return nil, false
	}
	values := make([]int, len(names))
	for i, name := range names {
		digits, named := strings.CutPrefix(fields[i], name+"=")
		n, err := strconv.ParseUint(digits, 10, 31)
		if !named || err != nil {
			return nil, false
		}
		values[i] = int(n)
	}
	return values, true
}

// decode is base64 without the line breaks that Go's decoder lets pass.
func decode(encoding *base64.Encoding, text string) ([]byte, bool) {
	b, err := encoding.DecodeString(text)
	return b, err == nil && !strings.ContainsAny(text, "\r\n")
}

func between(low, n, high int) bool { return low <= n && n <= high }
