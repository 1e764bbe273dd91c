package auth

import (
	"net/http"
	"strings"

	"github.com/xenon-auth/xenon/shared/redirect"
	"github.com/xenon-auth/xenon/shared/store"
	"github.com/xenon-auth/xenon/shared/web"
)

// callbackParameters are the parameters of a social provider's redirect, in Better Auth's order.
type callbackParameters struct {
	Code             *string `json:"code"`
	Error            *string `json:"error"`
	DeviceID         *string `json:"device_id"`
	ErrorDescription *string `json:"error_description"`
	State            *string `json:"state"`
	User             *string `json:"user"`
	Iss              *string `json:"iss"`
}

// callback answers GET /api/auth/callback/{provider}. No provider is configured, so every state is invalid, and
// callback always redirects to the error page.
func (s *Service) callback(w http.ResponseWriter, r *http.Request, _ *store.Store) error {
	var in callbackParameters
	if err := web.DecodeQuery(r, &in); err != nil {
		return err
	}
	code := "state_mismatch"
	if orEmpty(in.State) == "" {
		code = "state_not_found"
	}
	web.NoteCode(r.Context(), code)
	return redirect.To(w, s.Options.Origin+"/api/auth/error?error="+code)
}

// postCallback answers POST /api/auth/callback/{provider}, where a provider sends a form: it redirects to the GET route
// with the fields of the form in the query.
func (s *Service) postCallback(w http.ResponseWriter, r *http.Request, _ *store.Store) error {
	var body, query callbackParameters
	if web.HasBody(r) {
		if err := web.Decode(r, &body); err != nil {
			return err
		}
	}
	if err := web.DecodeQuery(r, &query); err != nil {
		return err
	}
	var pairs []string
	for _, p := range []struct {
		name        string
		query, body *string
	}{
		{"code", query.Code, body.Code},
		{"error", query.Error, body.Error},
		{"device_id", query.DeviceID, body.DeviceID},
		{"error_description", query.ErrorDescription, body.ErrorDescription},
		{"state", query.State, body.State},
		{"user", query.User, body.User},
		{"iss", query.Iss, body.Iss},
	} {
		value := p.query
		if value == nil {
			value = p.body
		}
		if value != nil {
			pairs = append(pairs, p.name+"="+redirect.FormEncode(*value))
		}
	}
	return redirect.To(w, s.Options.Origin+"/api/auth/callback/"+r.PathValue("provider")+"?"+strings.Join(pairs, "&"))
}
