package auth

import (
	"net/http"

	"github.com/xenon-auth/xenon/shared/web"
)

// readLink reads the query of a link in a mail into dst, as web.DecodeQuery does, and refuses a callbackURL that is not
// trusted: the browser would be sent there.
func (s *Service) readLink(r *http.Request, dst any) error {
	if err := web.DecodeQuery(r, dst); err != nil {
		return err
	}
	if target, _ := web.Query(r)["callbackURL"].(string); target != "" && !s.Origins.TrustsRedirect(target) {
		return errInvalidCallbackURL
	}
	return nil
}

// optional is what an optional text holds, "" if it is absent: the library makes no difference.
func optional(text *string) string {
	if text == nil {
		return ""
	}
	return *text
}
