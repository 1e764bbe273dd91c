package totptest_test

import (
	"testing"
	"time"

	"github.com/xenon-auth/xenon/internal/testkit/totptest"
)

// The codes are those of RFC 6238, appendix B, cut to six digits.
func TestCodesAreThoseOfTheRFC(t *testing.T) {
	t.Parallel()
	app, err := totptest.Scan("otpauth://totp/a:b?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ")
	if err != nil {
		t.Fatal(err)
	}
	for at, want := range map[int64]string{
		59: "287082", 1111111109: "081804", 1234567890: "005924", 20000000000: "353130",
	} {
		if got := app.Code(time.Unix(at, 0)); got != want {
			t.Errorf("the code at %d: got %s, want %s", at, got, want)
		}
	}
	for _, uri := range []string{
		"", "otpauth://totp/a?secret=", "otpauth://totp/a?secret=1", "https://totp/a?secret=MFRA",
	} {
		if _, err := totptest.Scan(uri); err == nil {
			t.Errorf("Scan(%q): got no error, want one", uri)
		}
	}
}
