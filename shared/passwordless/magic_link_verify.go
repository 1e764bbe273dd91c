package passwordless

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"

	"github.com/xenon-auth/xenon/shared/auth"
	"github.com/xenon-auth/xenon/shared/redirect"
	"github.com/xenon-auth/xenon/shared/store"
	"github.com/xenon-auth/xenon/shared/web"
)

// magicLinkQuery is the query of a mailed link.
type magicLinkQuery struct {
	Token              string  `json:"token"`
	CallbackURL        *string `json:"callbackURL"`
	ErrorCallbackURL   *string `json:"errorCallbackURL"`
	NewUserCallbackURL *string `json:"newUserCallbackURL"`
}

// magicLinkReply is the body of the response to a link without a callbackURL.
type magicLinkReply struct {
	Token   string        `json:"token"`
	User    store.User    `json:"user"`
	Session store.Session `json:"session"`
}

// magicLinkVerify answers GET /api/auth/magic-link/verify, the mailed link that signs in. It redirects to the
// callbackURL, with an error in the query if the link is not valid. As in Better Auth, the error for a banned user is
// never a redirect. If MAGIC_LINK_CONFIRM is on, it only redirects to the page of the site that asks for a click.
func (s *Service) magicLinkVerify(w http.ResponseWriter, r *http.Request, db *store.Store) error {
	var in magicLinkQuery
	if err := web.DecodeQuery(r, &in); err != nil {
		return err
	}
	for _, target := range []*string{in.CallbackURL, in.NewUserCallbackURL, in.ErrorCallbackURL} {
		if target := web.OrEmpty(target); target != "" && !s.Origins.TrustsRedirect(target) {
			return auth.ErrInvalidCallbackURL
		}
	}
	if s.Options.MagicLinkConfirm {
		if err := db.FlushCharges(r.Context()); err != nil { // no other statement counts the request
			return err
		}
		return redirect.To(w, s.confirmationPage(in))
	}
	result, err := s.redeemMagicLink(w, r, db, in.Token)
	var refused *web.Error
	switch {
	case errors.Is(err, auth.ErrBanned):
		return err
	case errors.As(err, &refused):
		web.NoteCode(r.Context(), refused.Code)
		target := cmp.Or(web.OrEmpty(in.ErrorCallbackURL), web.OrEmpty(in.CallbackURL))
		return redirect.To(w, redirect.SetParameter(s.Options.Origin, s.onSiteOrHome(target), "error", refused.Code))
	case err != nil:
		return err
	case web.OrEmpty(in.CallbackURL) == "":
		return result.reply(w)
	}
	target := *in.CallbackURL
	if result.created {
		target = cmp.Or(web.OrEmpty(in.NewUserCallbackURL), target)
	}
	if result.challenge != nil {
		return redirect.To(w, s.TwoFactorURL(*result.challenge, target))
	}
	return redirect.To(w, redirect.Absolute(s.Options.Origin, s.onSiteOrHome(target)))
}

// onSiteOrHome returns a redirect target on the site, or the start page if target is "".
func (s *Service) onSiteOrHome(target string) string {
	if target == "" {
		return s.Options.Page("/")
	}
	return s.Options.OnSite(target)
}

// confirmationPage returns the URL of the page of the site that asks for a click, with the query of the link.
func (s *Service) confirmationPage(in magicLinkQuery) string {
	query := "token=" + redirect.FormEncode(in.Token)
	for _, p := range []struct {
		name  string
		value *string
	}{
		{"callbackURL", in.CallbackURL},
		{"newUserCallbackURL", in.NewUserCallbackURL},
		{"errorCallbackURL", in.ErrorCallbackURL},
	} {
		if value := web.OrEmpty(p.value); value != "" {
			query += "&" + p.name + "=" + redirect.FormEncode(value)
		}
	}
	return s.Options.SiteURL + "/magic-link/?" + query
}

// confirmMagicLink answers POST /api/auth/magic-link/verify, which the confirmation page sends if MAGIC_LINK_CONFIRM is
// on. Better Auth has no such route. It answers with JSON only, and like a sign-in it needs a trusted origin.
func (s *Service) confirmMagicLink(w http.ResponseWriter, r *http.Request, db *store.Store) error {
	var in struct {
		Token string `json:"token"`
	}
	if err := web.Decode(r, &in); err != nil {
		return err
	}
	if err := s.Origins.CheckOriginOfLogin(r); err != nil {
		return err
	}
	result, err := s.redeemMagicLink(w, r, db, in.Token)
	if err != nil {
		return err
	}
	return result.reply(w)
}

// redeemedLink is the result of a sign-in with a link.
type redeemedLink struct {
	body      magicLinkReply
	created   bool                     // the user is new
	challenge *auth.TwoFactorChallenge // nil if the user is signed in
}

// reply answers with JSON.
func (l redeemedLink) reply(w http.ResponseWriter) error {
	if l.challenge != nil {
		return web.WriteJSON(w, http.StatusOK, l.challenge)
	}
	return web.WriteJSON(w, http.StatusOK, l.body)
}

// redeemMagicLink signs in the owner of the email of a link and sets the cookies.
func (s *Service) redeemMagicLink(
	w http.ResponseWriter, r *http.Request, db *store.Store, token string,
) (result redeemedLink, err error) {
	value, err := db.MagicLink(r.Context(), token)
	if err != nil && !errors.Is(err, store.ErrNotFound) {
		return result, fmt.Errorf("find link: %w", err)
	}
	record, ok := parseMagicLinkRecord(value)
	if !ok {
		return result, errInvalidLink
	}
	in := store.EmailSignIn{Email: strings.ToLower(record.Email), Name: web.OrEmpty(record.Name)}
	got, challenge, err := s.signIn(w, r, db, &in, func(in store.EmailSignIn) (store.EmailSignInResult, error) {
		return db.SignInWithMagicLink(r.Context(), token, value, in)
	})
	switch {
	case errors.Is(err, store.ErrNotFound): // used or expired
		return result, errInvalidLink
	case err != nil:
		return result, err
	case got.User.ID == "":
		return result, errSignUpDisabled
	}
	return redeemedLink{magicLinkReply{in.Session.Token, got.User, *in.Session}, got.Created, challenge}, nil
}

// parseMagicLinkRecord returns the data of a link. As in Better Auth, it is valid only if it has no other members.
func parseMagicLinkRecord(value string) (record magicLinkRecord, ok bool) {
	var members map[string]any
	if json.Unmarshal([]byte(value), &members) != nil {
		return record, false
	}
	for name, member := range members {
		text, isText := member.(string)
		switch {
		case !isText:
			return record, false
		case name == "type":
			record.Type = text
		case name == "email":
			record.Email = text
		case name == "name":
			record.Name = &text
		default:
			return record, false
		}
	}
	return record, record.Type == "magic-link" && web.IsEmail(record.Email)
}
