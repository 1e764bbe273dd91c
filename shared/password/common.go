package password

import (
	"bufio"
	"bytes"
	"compress/gzip"
	_ "embed"
	"strings"
	"sync"
)

// commonText is Django 5.2's django/contrib/auth/common-passwords.txt.gz, unchanged: the 20,000 most common passwords
// of breaches, lower case, compiled by Royce Williams. Licence: BSD 3-Clause, common-passwords.LICENSE.
//
//go:embed common-passwords.txt.gz
var commonText []byte

// common is the list, read when it is first asked for: it takes some milliseconds and about a megabyte.
var common = sync.OnceValue(func() map[string]struct{} {
	text, err := gzip.NewReader(bytes.NewReader(commonText))
	if err != nil {
		panic(err) // the file is part of the program
	}
	all := map[string]struct{}{}
	for lines := bufio.NewScanner(text); lines.Scan(); {
		if Length(lines.Text()) >= MinLength {
			all[lines.Text()] = struct{}{}
		}
	}
	return all
})

// IsCommon reports whether password is one of the most common ones, in any case and with any space around it, as Django
// compares.
func IsCommon(password string) bool {
	_, is := common()[strings.ToLower(strings.TrimSpace(password))]
	return is
}
