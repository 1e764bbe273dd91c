package social

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/xenon-auth/xenon/shared/cipher"
	"github.com/xenon-auth/xenon/shared/random"
	"github.com/xenon-auth/xenon/shared/session"
	"github.com/xenon-auth/xenon/shared/store"
	"github.com/xenon-auth/xenon/shared/stringify"
)

// The alphabet and lengths of Better Auth's OAuth state, PKCE verifier and nonce.
const (
	stateAlphabet  = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_"
	stateLength    = 32
	verifierLength = 128
	nonceLength    = 32
)

// stateLifetime is how long a sign-in with a provider may take.
const stateLifetime = 600 * time.Second

// state is the data of a sign-in or link that has begun, with Better Auth's names, so that a TypeScript server with the
// same secret can finish it.
type state struct {
	CallbackURL   string     `json:"callbackURL"`
	CodeVerifier  string     `json:"codeVerifier"`
	ErrorURL      *string    `json:"errorURL,omitempty"`
	NewUserURL    *string    `json:"newUserURL,omitempty"`
	Link          *stateLink `json:"link,omitempty"`
	ExpiresAt     int64      `json:"expiresAt"` // ms
	RequestSignUp *bool      `json:"requestSignUp,omitempty"`
	IDTokenNonce  *string    `json:"idTokenNonce,omitempty"`
	OAuthState    string     `json:"oauthState"`

	additional map[string]any // additionalData of the request; it does not replace the members above
}

// The purposes for which Better Auth derives separate keys from its secrets.
const (
	linkKeyPurpose  = "oauth-link-session-token" // encrypts the session token in the state of a link
	stateKeyPurpose = "oauth-state-cookie"       // encrypts the state, with STATE_STRATEGY=cookie
)

// stateLink names the session that has requested a link.
type stateLink struct {
	UserID                string `json:"userId"`
	Email                 string `json:"email"`
	EncryptedSessionToken string `json:"encryptedSessionToken"`
}

// maxStateBytes is the maximum length of a state in bytes, and maxEncryptedStateBytes that of an encrypted one, which
// is a cookie: browsers drop cookies of more than 4,096 bytes.
const (
	maxStateBytes          = 16 << 10
	maxEncryptedStateBytes = 3800
)

// reservedStateMembers are the members of the state that additionalData cannot set, even if the state has no value for
// them. Names that differ only in upper and lower case are reserved too, because encoding/json does not distinguish
// them.
var reservedStateMembers = []string{
	"callbackURL", "codeVerifier", "errorURL", "newUserURL", "link", "expiresAt", "requestSignUp", "idTokenNonce",
	"oauthState", "serverContext",
}

// text returns the state as JSON.
func (st state) text() (string, error) {
	own, err := json.Marshal(st)
	if err != nil {
		return "", fmt.Errorf("write state: %w", err)
	}
	all := maps.Clone(st.additional)
	maps.DeleteFunc(all, func(name string, _ any) bool {
		isSame := func(reserved string) bool { return strings.EqualFold(name, reserved) }
		return slices.ContainsFunc(reservedStateMembers, isSame)
	})
	if len(all) == 0 {
		return string(own), nil
	}
	if err := json.Unmarshal(own, &all); err != nil {
		return "", fmt.Errorf("write state: %w", err)
	}
	text, err := stringify.Marshal(all)
	if err != nil {
		return "", fmt.Errorf("write state: %w", err)
	}
	return string(text), nil
}

// newState completes st: it sets the expiry and the random values, with a nonce only if the argument nonce is true.
func (s *Service) newState(st state, nonce bool) state {
	st.OAuthState = random.String(stateAlphabet, stateLength)
	st.CodeVerifier = random.String(stateAlphabet, verifierLength)
	if nonce {
		text := random.String(stateAlphabet, nonceLength)
		st.IDTokenNonce = &text
	}
	st.ExpiresAt = s.Now().Add(stateLifetime).UnixMilli()
	return st
}

// storeState stores st in Postgres and binds it to the browser, or stores it in the browser alone, as STATE_STRATEGY
// says.
func (s *Service) storeState(w http.ResponseWriter, r *http.Request, db *store.Store, st state) error {
	text, err := st.text()
	switch {
	case err != nil:
		return err
	case len(text) > maxStateBytes:
		return errStateTooLong
	}
	if s.Options.StateCookie {
		if err := db.FlushCharges(r.Context()); err != nil { // no other statement counts the request
			return err
		}
		keys, err := s.EncryptionKeys(r.Context())
		if err != nil {
			return fmt.Errorf("read secrets: %w", err)
		}
		encrypted := keys.For(stateKeyPurpose).Encrypt(text)
		if len(encrypted) > maxEncryptedStateBytes {
			return errStateTooLong
		}
		s.Sessions.SetSocialStateData(w, encrypted)
		return nil
	}
	now := s.nowInMilliseconds().Time
	if err := db.InsertSocialState(r.Context(), st.OAuthState, text, now.Add(stateLifetime), now); err != nil {
		return fmt.Errorf("store state: %w", err)
	}
	return s.Sessions.SetSocialState(r.Context(), w, st.OAuthState)
}

// redeemState returns the state that a callback names, and deletes it, unless another browser began the sign-in. If the
// error is a refusal and the state could be read, the returned state has the URL of the error page.
func (s *Service) redeemState(w http.ResponseWriter, r *http.Request, db *store.Store, id string) (state, error) {
	var st state
	var err error
	switch {
	case id == "":
		if err := db.FlushCharges(r.Context()); err != nil { // no other statement counts the request
			return st, err
		}
		return st, stateNotFound
	case s.Options.StateCookie:
		st, err = s.redeemStateCookie(w, r, db, id)
	default:
		st, err = s.redeemStateRow(w, r, db, id)
	}
	if err == nil && st.ExpiresAt < s.Now().UnixMilli() {
		err = stateMismatch
	}
	return st, err
}

// redeemStateRow returns the state in Postgres. If the request is from the browser to which the state is bound, it
// deletes the state; otherwise it deletes nothing and returns stateMismatch.
func (s *Service) redeemStateRow(w http.ResponseWriter, r *http.Request, db *store.Store, id string) (state, error) {
	bound, err := s.Sessions.HasSocialState(r, id)
	if err != nil {
		return state{}, err
	}
	read := db.SocialState
	if bound {
		read = db.RedeemSocialState
	}
	text, err := read(r.Context(), id)
	if errors.Is(err, store.ErrNotFound) || errors.Is(err, store.ErrInvalid) {
		return state{}, stateMismatch
	}
	if err != nil {
		return state{}, fmt.Errorf("read state: %w", err)
	}
	st, err := parseState(text)
	if err == nil && st.OAuthState != "" && st.OAuthState != id || err == nil && !bound {
		return st, stateMismatch
	}
	if bound {
		s.Sessions.ClearSocialState(w)
	}
	return st, err
}

// redeemStateCookie returns the state with an id in the cookies of the browser. If it finds the state, it clears the
// cookie.
func (s *Service) redeemStateCookie(
	w http.ResponseWriter, r *http.Request, db *store.Store, id string,
) (state, error) {
	st, err := s.findStateCookie(r, id)
	if failure := db.FlushCharges(r.Context()); failure != nil { // counts the request before any request to the provider
		return st, failure
	}
	if err == nil {
		s.Sessions.ClearSocialStateData(w)
	}
	return st, err
}

// findStateCookie returns the state with an id in the cookies of the browser. If there is none, it returns the state of
// the first cookie with the error stateMismatch. If this state cannot be read, it returns the reason as the error.
func (s *Service) findStateCookie(r *http.Request, id string) (state, error) {
	keys, err := s.EncryptionKeys(r.Context())
	if err != nil {
		return state{}, fmt.Errorf("read secrets: %w", err)
	}
	keys = keys.For(stateKeyPurpose)
	var first state
	problem := error(stateMismatch)
	for i, encrypted := range s.Sessions.SocialStateData(r) {
		st, err := decryptState(keys, encrypted)
		if err == nil && st.OAuthState == id {
			return st, nil
		}
		if i == 0 && err != nil {
			problem = err
		}
		if i == 0 {
			first = st
		}
	}
	return first, problem
}

func decryptState(keys cipher.Keys, encrypted string) (state, error) {
	if encrypted == "" {
		return state{}, stateMismatch // as in Better Auth
	}
	text, err := keys.Decrypt(encrypted)
	if err != nil {
		return state{}, stateInvalid
	}
	st, err := parseState(text)
	if err != nil {
		return state{}, stateInvalid
	}
	return st, nil
}

// parseState reads a stored state. A Better Auth server may have stored members whose names differ from those of a
// state in upper and lower case only; parseState ignores them.
func parseState(text string) (state, error) {
	var all map[string]json.RawMessage
	if err := json.Unmarshal([]byte(text), &all); err != nil {
		return state{}, internalError // Better Auth answers internal_server_error
	}
	maps.DeleteFunc(all, func(name string, _ json.RawMessage) bool { return !slices.Contains(reservedStateMembers, name) })
	var st state
	own, err := json.Marshal(all)
	if err == nil {
		err = json.Unmarshal(own, &st)
	}
	if err != nil {
		return state{}, internalError
	}
	return st, nil
}

// newStateLink returns the part of a state that names the session which requests a link.
func newStateLink(keys cipher.Keys, c *session.Caller) *stateLink {
	return &stateLink{
		UserID: c.User.ID, Email: c.User.Email,
		EncryptedSessionToken: keys.For(linkKeyPurpose).Encrypt(c.Session.Token),
	}
}
