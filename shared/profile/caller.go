package profile

import (
	"errors"
	"net/http"
	"regexp"
	"strings"

	"github.com/xenon-auth/xenon/shared/keys"
)

var uuid = regexp.MustCompile(`^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$`)

// caller is the user id in the request's bearer token, taken from nowhere else.
func (s *Service) caller(r *http.Request) (string, error) {
	const scheme = "bearer "
	h := r.Header.Get("Authorization")
	if len(h) <= len(scheme) || !strings.EqualFold(h[:len(scheme)], scheme) {
		return "", errNoToken
	}
	who, err := s.Verifier.Verify(r.Context(), strings.TrimSpace(h[len(scheme):]))
	switch {
	case errors.Is(err, keys.ErrInvalidToken):
		return "", errToken
	case err != nil:
		return "", err
	case !uuid.MatchString(who.UserID):
		return "", errToken // a token of ours always names a UUID
	}
	return who.UserID, nil
}
