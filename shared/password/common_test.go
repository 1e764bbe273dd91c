package password

import "testing"

func TestCommonPasswordsAreRecognised(t *testing.T) {
	t.Parallel()
	for password, want := range map[string]bool{
		"password1": true, "PassWord1": true, " password1 ": true, "1234567890": true, "qwertyuiop": true,
		"123456": false, // shorter than MinLength
		"":       false, "correct horse battery": false, "password1 and more": false,
	} {
		if got := IsCommon(password); got != want {
			t.Errorf("IsCommon(%q) = %v, want %v", password, got, want)
		}
	}
	for word := range commonPasswords() {
		if UTF16Length(word) < MinLength {
			t.Errorf("%q is on the list, but shorter than MinLength", word)
		}
	}
	if !IsCommon("12345678") { // as long as MinLength
		t.Error("IsCommon(12345678) = false, want true: the list contains passwords of the minimum length")
	}
	if got := len(commonPasswords()); got < 3000 {
		t.Errorf("the list has %d passwords, want at least 3,000 (ASVS 6.2.4)", got)
	}
}
