package admin

import (
	"context"
	"errors"
	"time"

	"github.com/xenon-auth/xenon/shared/store"
)

// Users has the operations of an administrator on users. They check no rights. For an id of a user that does not exist,
// which can be any text, they return store.ErrNotFound unless they say otherwise.
type Users struct {
	DB  *store.Store
	Now func() time.Time
}

// List returns a page of users and the number of all users who fulfil the conditions.
func (u Users) List(ctx context.Context, list store.UserList) (page []store.User, total int64, err error) {
	return u.DB.ListUsers(ctx, list)
}

// Get returns a user.
func (u Users) Get(ctx context.Context, id string) (store.User, error) { return u.DB.UserByID(ctx, id) }

// Create stores a new user. It returns store.ErrDuplicate if the email is taken.
func (u Users) Create(ctx context.Context, n store.AdminUser) (store.User, error) {
	return u.DB.CreateUser(ctx, n, now(u.Now))
}

// Change changes a user. A ban also ends the sessions of the user. It returns store.ErrDuplicate if another user has
// the new email.
func (u Users) Change(ctx context.Context, id string, c store.AdminChange) (store.User, error) {
	user, err := u.DB.ChangeUser(ctx, id, c, now(u.Now))
	if errors.Is(err, store.ErrInvalid) && !isUUID(id) {
		err = store.ErrNotFound
	}
	return user, err
}

// SetRole gives a user a role, or several separated by commas.
func (u Users) SetRole(ctx context.Context, id, role string) (store.User, error) {
	return u.Change(ctx, id, store.AdminChange{Role: store.ChangeTo(role)})
}

// Ban bans a user and ends all their sessions. A ban has no end if ends is the zero time.
func (u Users) Ban(ctx context.Context, id, reason string, ends time.Time) (store.User, error) {
	return u.Change(ctx, id, ban(reason, ends))
}

// ban returns the change of Ban.
func ban(reason string, ends time.Time) store.AdminChange {
	c := store.AdminChange{
		Banned: store.ChangeTo(true), BanReason: store.ChangeTo(reason), BanExpires: store.ChangeToNull[time.Time](),
	}
	if !ends.IsZero() {
		c.BanExpires = store.ChangeTo(ends)
	}
	return c
}

// Unban ends the ban of a user.
func (u Users) Unban(ctx context.Context, id string) (store.User, error) {
	return u.Change(ctx, id, store.AdminChange{
		Banned: store.ChangeTo(false), BanReason: store.ChangeToNull[string](),
		BanExpires: store.ChangeToNull[time.Time](),
	})
}

// Sessions returns the sessions of a user, oldest first, also those that have expired and are not deleted yet. The list
// is empty if there is no such user.
func (u Users) Sessions(ctx context.Context, id string) ([]store.Session, error) {
	if !isUUID(id) {
		return []store.Session{}, nil
	}
	return u.DB.SessionsOfUser(ctx, id, time.Time{})
}

// RevokeSession ends the session with a token. It returns the id of its user, "" if there is no such session.
func (u Users) RevokeSession(ctx context.Context, token string) (userID string, err error) {
	userID, err = u.DB.EndSessions(ctx, []string{token})
	if errors.Is(err, store.ErrNotFound) || errors.Is(err, store.ErrInvalid) {
		return "", nil // no session has a token that Postgres cannot store
	}
	return userID, err
}

// RevokeSessions ends all sessions of a user, and revokes the unused ones at Supabase. It returns nil if there is no
// such user.
func (u Users) RevokeSessions(ctx context.Context, id string) error {
	if !isUUID(id) {
		return nil
	}
	return u.DB.DeleteSessionsOfUser(ctx, id, now(u.Now))
}

// Remove deletes a user with everything that belongs to them.
func (u Users) Remove(ctx context.Context, id string) error {
	if _, err := u.Get(ctx, id); err != nil {
		return err
	}
	return u.DB.DeleteUser(ctx, id)
}

// SetPassword stores the hash of a new password. The sessions of the user stay.
func (u Users) SetPassword(ctx context.Context, id, hash string) error {
	if !isUUID(id) {
		return store.ErrNotFound
	}
	return u.DB.SetPassword(ctx, id, hash, now(u.Now))
}

// isUUID reports whether text has the form of the ids of users. Postgres also accepts other forms, as Better Auth does.
func isUUID(text string) bool {
	if len(text) != len("00000000-0000-0000-0000-000000000000") {
		return false
	}
	for i, c := range []byte(text) {
		isDash := i == 8 || i == 13 || i == 18 || i == 23
		isHex := c >= '0' && c <= '9' || c >= 'a' && c <= 'f' || c >= 'A' && c <= 'F'
		if isDash && c != '-' || !isDash && !isHex {
			return false
		}
	}
	return true
}
