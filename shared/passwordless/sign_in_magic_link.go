package passwordless

import (
	"cmp"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/xenon-auth/xenon/shared/auth"
	"github.com/xenon-auth/xenon/shared/mail"
	"github.com/xenon-auth/xenon/shared/placeholder"
	"github.com/xenon-auth/xenon/shared/random"
	"github.com/xenon-auth/xenon/shared/redirect"
	"github.com/xenon-auth/xenon/shared/store"
	"github.com/xenon-auth/xenon/shared/stringify"
	"github.com/xenon-auth/xenon/shared/web"
)

// Better Auth's defaults: a token of 182 random bits, valid for five minutes.
const (
	magicLinkAlphabet = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
	magicLinkLength   = 32
	magicLinkLifetime = 5 * time.Minute
)

type magicLinkRequest struct {
	Email              string         `json:"email" check:"email"`
	Name               *string        `json:"name" check:"max=256"`
	CallbackURL        *string        `json:"callbackURL"`
	NewUserCallbackURL *string        `json:"newUserCallbackURL"`
	ErrorCallbackURL   *string        `json:"errorCallbackURL"`
	Metadata           map[string]any `json:"metadata"` // for a function of Better Auth that sends mails; not used
}

// magicLinkRecord is what the table verification has for a mailed link, as Better Auth stores it.
type magicLinkRecord struct {
	Type  string  `json:"type"`
	Email string  `json:"email"` // as the client sent it
	Name  *string `json:"name,omitempty"`
}

// signInMagicLink answers POST /api/auth/sign-in/magic-link: it mails a link that signs in. Response and work are the
// same whether a user has the email or not: the link signs up a new user.
func (s *Service) signInMagicLink(w http.ResponseWriter, r *http.Request, db *store.Store) error {
	var in magicLinkRequest
	if err := web.Decode(r, &in); err != nil {
		return err
	}
	if err := s.Origins.CheckOriginOfLogin(r); err != nil {
		return err
	}
	value, err := stringify.Marshal(magicLinkRecord{"magic-link", in.Email, in.Name})
	if err != nil {
		return fmt.Errorf("encode the data of a link: %w", err)
	}
	token := random.String(magicLinkAlphabet, magicLinkLength)
	now := s.Now().Truncate(time.Millisecond)
	expires := store.Time{Time: now.Add(magicLinkLifetime)}
	if err := db.InsertMagicLink(r.Context(), token, string(value), expires, store.Time{Time: now}); err != nil {
		return fmt.Errorf("store link: %w", err)
	}
	m := mail.Message{Kind: mail.MagicLink, To: strings.ToLower(in.Email), Token: token, URL: s.magicLinkURL(token, in)}
	if placeholder.Is(m.To) { // no mailbox
		m.Kind = mail.Nothing
	}
	s.SendMailWithinLimits(r, db, m)
	return web.WriteJSON(w, http.StatusOK, struct {
		Status bool `json:"status"`
	}{true})
}

// magicLinkURL returns the URL that is mailed.
func (s *Service) magicLinkURL(token string, in magicLinkRequest) string {
	url := s.Options.Origin + auth.BasePath + "/magic-link/verify?token=" + token
	callbackURL := cmp.Or(web.OrEmpty(in.CallbackURL), s.Options.Page("/"))
	for _, p := range []struct{ name, value string }{
		{"callbackURL", callbackURL},
		{"newUserCallbackURL", web.OrEmpty(in.NewUserCallbackURL)},
		{"errorCallbackURL", web.OrEmpty(in.ErrorCallbackURL)},
	} {
		if p.value != "" {
			url += "&" + p.name + "=" + redirect.FormEncode(p.value)
		}
	}
	return url
}
