package profile

import (
	"errors"
	"net/http"
	"regexp"
	"strings"
	"sync"

	"github.com/xenon-auth/xenon/jwtverify"
	"github.com/xenon-auth/xenon/shared/store"
)

var uuidPattern = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$`)
})

// callerOfToken returns the user and the session of the request's bearer token. It verifies the token and ignores
// cookies. The statement that reads or writes the profile checks whether user and session still exist.
func (s *Service) callerOfToken(r *http.Request) (store.TokenHolder, error) {
	const scheme = "bearer "
	h := r.Header.Get("Authorization")
	if len(h) <= len(scheme) || !strings.EqualFold(h[:len(scheme)], scheme) {
		return store.TokenHolder{}, errNoToken
	}
	who, err := s.Verifier.Verify(r.Context(), strings.TrimSpace(h[len(scheme):]))
	switch {
	case errors.Is(err, jwtverify.ErrInvalidToken):
		return store.TokenHolder{}, errInvalidToken
	case err != nil:
		return store.TokenHolder{}, err
	case !uuidPattern().MatchString(who.UserID), who.SessionID != "" && !uuidPattern().MatchString(who.SessionID):
		return store.TokenHolder{}, errInvalidToken // the ids in a JWT of Xenon are UUIDs
	}
	return store.TokenHolder{UserID: who.UserID, SessionID: who.SessionID, At: s.Now()}, nil
}
