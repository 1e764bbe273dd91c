package auth_test

import (
	"testing"
)

// Every mailed link that redirects rejects an untrusted redirect target, even if the token is invalid too.
func TestR31_MailedLinksRefuseUntrustedTargets(t *testing.T) {
	t.Parallel()
	s, _ := newMailServer(t)
	for _, path := range []string{resetPath + "/t?", verifyEmailPath + "?token=t&", deleteCallbackPath + "?token=t&"} {
		for _, c := range []struct {
			query  string
			status int
			code   string
		}{
			{"callbackURL=https%3A%2F%2Fevil.example", 403, "INVALID_CALLBACK_URL"},
			{"callbackURL=%2F%2Fevil.example", 403, "INVALID_CALLBACK_URL"},
			{"callbackURL=%2F%5Cevil.example", 403, "INVALID_CALLBACK_URL"},
			{"callbackURL=%2F%252fevil.example", 403, "INVALID_CALLBACK_URL"},
			{"callbackURL=http%3A%2F%2Flocalhost%3A3000%40evil.example", 403, "INVALID_CALLBACK_URL"},
			{"callbackURL=http%3A%2F%2Flocalhost%3A3000.%2F", 403, "INVALID_CALLBACK_URL"},
			{"callbackURL=http%3A%2F%2Flocalhost%3A30000", 403, "INVALID_CALLBACK_URL"},
			{"callbackURL=javascript%3Aalert(1)", 403, "INVALID_CALLBACK_URL"},
			{"callbackURL=%2Fa%0D%0ASet-Cookie%3A%20x", 403, "INVALID_CALLBACK_URL"},
			{"callbackURL=x", 403, "INVALID_CALLBACK_URL"},
			{"callbackURL=null", 403, "INVALID_CALLBACK_URL"},
			{"callbackURL=%2Fa&callbackURL=%2Fb", 400, "VALIDATION_ERROR"},
		} {
			a := s.do("GET", path+c.query, "")
			a.checkStatusAndCode(t, path+c.query, c.status, c.code)
			if a.header.Get("Location") != "" {
				t.Errorf("%s: got a redirect to %s, want none",
					path+c.query, a.header.Get("Location"))
			}
		}
	}
	s.do("GET", resetPath+"/t", "").checkStatusAndCode(t, "no callbackURL", 400, "VALIDATION_ERROR")
	s.do("GET", verifyEmailPath, "").checkStatusAndCode(t, "no token", 400, "VALIDATION_ERROR")
	s.do("GET", deleteCallbackPath+"?token=a&token=b", "").checkStatusAndCode(t, "two tokens", 400, "VALIDATION_ERROR")
}
