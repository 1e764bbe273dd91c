package auth

import (
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/xenon-auth/xenon/shared/session"
	"github.com/xenon-auth/xenon/shared/store"
	"github.com/xenon-auth/xenon/shared/web"
)

// updateUser answers POST /api/auth/update-user: it changes the name, the image or both of the caller.
func (s *Service) updateUser(w http.ResponseWriter, r *http.Request, db *store.Store) error {
	if err := web.Decode(r, &struct{}{}, "record"); err != nil {
		return err
	}
	caller, err := s.RequireCaller(w, r, db)
	if err != nil {
		return err
	}
	change, err := s.decodeUserChange(r)
	if err != nil {
		return err
	}
	change.At = s.Now().Truncate(time.Millisecond)
	user, err := db.UpdateUser(r.Context(), caller.User.ID, change)
	switch {
	case errors.Is(err, store.ErrInvalid):
		return errUpdateUserFailed
	case errors.Is(err, store.ErrNotFound): // a concurrent request has deleted the user
		s.Sessions.ClearCookies(w, r)
		return ErrUnauthorized
	case err != nil:
		return changeError(r, "update user", err)
	}
	if err := s.Sessions.RenewCookies(w, r, session.Caller{Session: caller.Session, User: user}); err != nil {
		return err
	}
	return replyStatusTrue(w)
}

// decodeUserChange returns the change that the body describes. It rejects values of a wrong type. Better Auth does not:
// it stores 5 as "5", and fails for a name that is null.
func (s *Service) decodeUserChange(r *http.Request) (store.UserChange, error) {
	if body, _ := web.BodyObject(r); web.IsTruthy(body["email"]) {
		return store.UserChange{}, errEmailNotUpdatable
	}
	if err := RejectPluginFields(r, s.userFieldsNotAllowed()); err != nil {
		return store.UserChange{}, err
	}
	var in struct {
		Name  *string              `json:"name" check:"max=256"`
		Image web.Nullable[string] `json:"image" check:"max=32768"`
	}
	if err := web.Decode(r, &in, "record"); err != nil {
		return store.UserChange{}, err
	}
	if in.Name == nil && !in.Image.Present {
		return store.UserChange{}, errNoFieldsToUpdate
	}
	return store.UserChange{Name: in.Name, SetImage: in.Image.Present, Image: in.Image.Value}, nil
}

// changeError returns the error of a request whose change or deletion of a user, or of the user's password or sessions,
// has failed with err. If a constraint or trigger that the operator has added rejects it, the client gets
// errUpdateUserFailed, and the log record the reason.
func changeError(r *http.Request, action string, err error) error {
	reason := store.RejectionReason(err)
	if reason == "" {
		return fmt.Errorf("%s: %w", action, err)
	}
	web.NoteError(r.Context(), errors.New(reason))
	return errUpdateUserFailed
}
