package password

import (
	"bufio"
	"compress/gzip"
	_ "embed"
	"strings"
	"sync"
)

// compressedCommonPasswords is Django 5.2's django/contrib/auth/common-passwords.txt.gz, unchanged: the 20,000 most
// common passwords of breaches, lower case, compiled by Royce Williams. Licence: BSD 3-Clause,
// common-passwords.LICENSE.
//
//go:embed common-passwords.txt.gz
var compressedCommonPasswords string

// commonPasswords returns the passwords of the list that are at least MinLength long. The first call decompresses the
// list, which takes some milliseconds and about a megabyte.
var commonPasswords = sync.OnceValue(func() map[string]struct{} {
	text, err := gzip.NewReader(strings.NewReader(compressedCommonPasswords))
	if err != nil {
		panic(err) // the file is part of the program
	}
	all := map[string]struct{}{}
	for lines := bufio.NewScanner(text); lines.Scan(); {
		if UTF16Length(lines.Text()) >= MinLength {
			all[lines.Text()] = struct{}{}
		}
	}
	return all
})

// IsCommon reports whether password is on the list. Like Django it ignores case and white space around the password.
func IsCommon(password string) bool {
	_, found := commonPasswords()[strings.ToLower(strings.TrimSpace(password))]
	return found
}
