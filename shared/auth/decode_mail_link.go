package auth

import (
	"net/http"

	"github.com/xenon-auth/xenon/shared/web"
)

// decodeMailLinkQuery decodes the query of a mailed link into dst, as web.DecodeQuery does. It returns an error if
// callbackURL is not trusted.
func (s *Service) decodeMailLinkQuery(r *http.Request, dst any) error {
	if err := web.DecodeQuery(r, dst); err != nil {
		return err
	}
	if target, _ := web.Query(r)["callbackURL"].(string); target != "" && !s.Origins.TrustsRedirect(target) {
		return ErrInvalidCallbackURL
	}
	return nil
}
