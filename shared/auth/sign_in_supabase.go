package auth

import (
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/xenon-auth/xenon/shared/limit"
	"github.com/xenon-auth/xenon/shared/placeholder"
	"github.com/xenon-auth/xenon/shared/session"
	"github.com/xenon-auth/xenon/shared/store"
	"github.com/xenon-auth/xenon/shared/web"
)

// The results of sign-in/supabase in the audit log (docs/supabase-sessions.md lists them). The first four are
// successes, the others are the reasons of a refusal.
const (
	SupabaseBridged      = "bridged"           // the session of Supabase was used for a new session
	supabaseRepeated     = "repeated"          // it was used moments ago, and the client gets the same new session
	supabaseSignedIn     = "already-signed-in" // nothing was used, because the client has a session
	supabaseSecondFactor = "second-factor"     // nothing was used yet: the second factor is missing

	supabaseMalformed  = "malformed"          // no text of the form of a token
	supabaseUnknown    = "unknown"            // a token that the import has not copied, or an invalid one
	supabaseMismatch   = "different-sessions" // the two tokens are of different sessions
	supabaseRevoked    = "revoked"
	supabaseOver       = "over"     // the session would have ended at Supabase
	supabaseUsed       = "used"     // it was used, and the new session has ended
	supabaseReplayed   = "replayed" // it was used, and now the new session was ended
	supabaseWeakRepeat = "repeated-without-second-factor"
	supabaseBanned     = "banned"
	supabaseUnverified = "email-not-verified"
)

// supabaseGrace is how long after its use a session of Supabase still answers with the session that it was used for.
// Two tabs of a browser can send the same token at the same time, and an answer can be lost.
const supabaseGrace = time.Minute

// supabaseSignIn is a request to sign in with a session of Supabase.
type supabaseSignIn struct {
	tokens supabaseTokens
	source store.SupabaseSession // the zero value if the tokens prove none
	aal2   bool                  // the tokens prove the second factor at Supabase
}

// signInSupabase answers POST /api/auth/sign-in/supabase, which Better Auth does not have: it starts a session for a
// client that has a session at Supabase, which the import has copied. Each of those sessions starts one session here.
// The response is that of sign-in/email. If a used session is sent again after supabaseGrace, one of the two clients
// may be a thief, so the session that it has started ends.
func (s *Service) signInSupabase(w http.ResponseWriter, r *http.Request, db *store.Store) error {
	tokens, err := s.decodeSupabaseTokens(r)
	if err != nil {
		return err
	}
	if done, err := s.answerSignedIn(w, r, db, tokens); done || err != nil {
		return err
	}
	in, reason, err := s.findSupabaseSession(r, db, tokens)
	if err != nil {
		return err
	}
	if reason == "" && in.source.UsedAt == nil {
		err = s.useSupabaseSession(w, r, db, in)
		if !errors.Is(err, store.ErrChanged) {
			return s.refuseBanned(w, r, in, err)
		}
		// Another request has used or revoked the session, or banned or deleted the user, since this one has read it.
		if in, reason, err = s.findSupabaseSession(r, db, tokens); err != nil {
			return err
		}
	}
	if reason == "" {
		return s.repeatSupabaseSignIn(w, r, db, in)
	}
	return s.refuseSupabase(w, r, in, reason)
}

// answerSignedIn answers a client that already has a session, without using a session of Supabase. It reports whether
// it has answered.
func (s *Service) answerSignedIn(
	w http.ResponseWriter, r *http.Request, db *store.Store, tokens supabaseTokens,
) (done bool, err error) {
	own, err := s.Sessions.Tokens(r)
	if err != nil || len(own) == 0 {
		return false, err
	}
	row, user, err := db.SessionWithUser(r.Context(), own, s.Now())
	switch {
	case errors.Is(err, store.ErrNotFound):
		return false, nil
	case err != nil:
		return false, fmt.Errorf("find session: %w", err)
	case row.ExpiresAt.Before(s.Now()):
		return false, nil
	}
	web.NoteUser(r.Context(), user.ID)
	s.noteSupabase(r, supabaseSignIn{tokens: tokens}, supabaseSignedIn)
	s.Sessions.ClearSupabaseCookies(w, tokens.cookies)
	return true, web.WriteJSON(w, http.StatusOK, signInReply{Token: row.Token, User: user})
}

// useSupabaseSession starts a session, or asks for the second factor if the user has one here and the tokens do not
// prove it. It returns store.ErrChanged if the session of Supabase cannot be used any longer.
func (s *Service) useSupabaseSession(
	w http.ResponseWriter, r *http.Request, db *store.Store, in supabaseSignIn,
) error {
	user, row := in.source.User, s.Sessions.NewUnsavedSession(r, true)
	row.UserID = user.ID
	start := func() error {
		if err := db.SignInWithSupabase(r.Context(), in.source.ID, &row); err != nil {
			return fmt.Errorf("start session: %w", err)
		}
		return s.Sessions.SetCookies(w, r, session.Caller{Session: row, User: user}, true)
	}
	if in.aal2 {
		if err := start(); err != nil {
			return err
		}
		return s.replySupabase(w, r, in, SupabaseBridged, row)
	}
	// A session of Supabase stands for the password: it asks for the second factor whatever TWO_FACTOR_FOR is.
	proved := ProvedUser{User: user, ByPassword: true, Remember: true, SupabaseSession: in.source.ID}
	challenge, err := s.SignInOrChallenge(w, r, db, proved, start)
	switch {
	case err != nil:
		return err
	case challenge != nil:
		s.noteSupabase(r, in, supabaseSecondFactor)
		return web.WriteJSON(w, http.StatusOK, challenge)
	}
	return s.replySupabase(w, r, in, SupabaseBridged, row)
}

// repeatSupabaseSignIn answers a client that sends the tokens of a used session. Within supabaseGrace it answers with
// the same new session, unless the tokens prove less than this session did.
func (s *Service) repeatSupabaseSignIn(
	w http.ResponseWriter, r *http.Request, db *store.Store, in supabaseSignIn,
) error {
	source := in.source
	switch {
	case source.UsedAt == nil: // the first look and the second one saw it unused, and it could not be used between them
		return s.refuseSupabase(w, r, in, supabaseUnknown)
	case source.NewSessionToken == "":
		return s.refuseSupabase(w, r, in, supabaseUsed)
	case s.Now().Sub(*source.UsedAt) > supabaseGrace:
		if err := db.DeleteSessionOfUser(r.Context(), source.User.ID, source.NewSessionToken); err != nil {
			return fmt.Errorf("end session: %w", err)
		}
		return s.refuseSupabase(w, r, in, supabaseReplayed)
	case !in.aal2 && s.NeedsSecondFactor(source.User, true):
		return s.refuseSupabase(w, r, in, supabaseWeakRepeat)
	}
	row, user, err := db.SessionWithUser(r.Context(), []string{source.NewSessionToken}, s.Now())
	switch {
	case errors.Is(err, store.ErrNotFound):
		return s.refuseSupabase(w, r, in, supabaseUsed)
	case err != nil:
		return fmt.Errorf("find session: %w", err)
	}
	if err := s.Sessions.SetCookies(w, r, session.Caller{Session: row, User: user}, true); err != nil {
		return err
	}
	return s.replySupabase(w, r, in, supabaseRepeated, row)
}

// replySupabase answers with the session that in has started.
func (s *Service) replySupabase(
	w http.ResponseWriter, r *http.Request, in supabaseSignIn, result string, row store.Session,
) error {
	s.noteSupabase(r, in, result)
	s.Sessions.ClearSupabaseCookies(w, in.tokens.cookies)
	return web.WriteJSON(w, http.StatusOK, signInReply{Token: row.Token, User: in.source.User})
}

// refuseSupabase returns the error of a refusal. A client that cannot remove the cookies of Supabase itself, because
// they are HttpOnly, would send them again with every page, so the response clears them.
func (s *Service) refuseSupabase(w http.ResponseWriter, r *http.Request, in supabaseSignIn, reason string) error {
	s.noteSupabase(r, in, reason)
	s.Sessions.ClearSupabaseCookies(w, in.tokens.cookies)
	switch reason {
	case supabaseBanned:
		return ErrBanned
	case supabaseUnverified:
		return ErrEmailNotVerified
	}
	return errInvalidSupabaseSession
}

// refuseBanned returns err, or the error for a banned user if err is store.ErrBanned.
func (s *Service) refuseBanned(w http.ResponseWriter, r *http.Request, in supabaseSignIn, err error) error {
	if errors.Is(err, store.ErrBanned) {
		return s.refuseSupabase(w, r, in, supabaseBanned)
	}
	return err
}

// noteSupabase puts the result into the log record of the request.
func (s *Service) noteSupabase(r *http.Request, in supabaseSignIn, result string) {
	web.NoteSupabaseSession(r.Context(), web.SupabaseSession{Result: result, ID: in.source.ID, Form: in.tokens.form()})
}

// whileBridgeIsOpen makes h answer like a path that does not exist when sessions of Supabase can no longer be used, or
// if no import has copied any.
func (s *Service) whileBridgeIsOpen(h limit.Handler) limit.Handler {
	return func(w http.ResponseWriter, r *http.Request, db *store.Store) error {
		until := s.Options.SupabaseBridge.Until
		if !until.IsZero() && !s.Now().Before(until) {
			return web.AnswerNotFound(w, r)
		}
		imported, err := s.supabaseImport(r.Context(), db)
		if err != nil {
			return err
		}
		if imported == nil || until.IsZero() && !s.Now().Before(imported.defaultUntil()) {
			return web.AnswerNotFound(w, r)
		}
		return h(w, r, db)
	}
}

// isUnverifiedSupabaseUser reports whether the user must verify the email before a sign-in. A user with a placeholder
// email, whom Supabase knows by phone or SSO or who is anonymous, cannot.
func (s *Service) isUnverifiedSupabaseUser(user store.User) bool {
	return s.Options.RequireEmailVerification && !user.EmailVerified && !placeholder.Is(user.Email)
}
