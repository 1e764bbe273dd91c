package admin

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/xenon-auth/xenon/shared/store"
)

// maxCandidates is the number of users that an AmbiguousError lists.
const maxCandidates = 10

// AmbiguousError says that a text is not the id or the email of exactly one user.
type AmbiguousError struct {
	Text       string
	Candidates []store.User // the users whose email or name contains the text, at most maxCandidates
	More       bool         // there are more of them
}

func (e *AmbiguousError) Error() string {
	users := "one user"
	switch n := len(e.Candidates); {
	case e.More:
		users = fmt.Sprintf("more than %d users", maxCandidates)
	case n > 1:
		users = fmt.Sprintf("%d users", n)
	}
	return fmt.Sprintf("%q is not an id or the whole email of a user; it matches a part of the email or name of %s",
		e.Text, users)
}

// Match returns the user with an id or an email. Upper and lower case of an email are equal, unless another server has
// stored emails that differ only in case. It returns an *AmbiguousError if text is a part of the email or name of
// users, and store.ErrNotFound if it is not.
func (u Users) Match(ctx context.Context, text string) (store.User, error) {
	if isUUID(text) {
		return u.Get(ctx, text)
	}
	found, err := u.DB.PageOfUsers(ctx, store.UserList{
		Conditions: []store.UserCondition{
			{Column: "email", Operator: "in", Values: []string{text, strings.ToLower(text)}},
		},
		Limit: 2,
	})
	switch {
	case errors.Is(err, store.ErrInvalid): // no email has such a text
		return store.User{}, store.ErrNotFound
	case err != nil:
		return store.User{}, err
	case len(found) == 1:
		return found[0], nil
	case len(found) > 1:
		return store.User{}, &AmbiguousError{Text: text, Candidates: found}
	}
	candidates, more, err := u.Find(ctx, text, maxCandidates)
	if err == nil && len(candidates) == 0 {
		err = store.ErrNotFound
	}
	if err != nil {
		return store.User{}, err
	}
	return store.User{}, &AmbiguousError{text, candidates, more}
}

// Find returns the user with an id, or the users whose email or name contains a text, oldest first and at most limit.
// more reports whether there are more of them.
func (u Users) Find(ctx context.Context, text string, limit int) (found []store.User, more bool, err error) {
	if isUUID(text) {
		user, err := u.Get(ctx, text)
		if errors.Is(err, store.ErrNotFound) {
			return []store.User{}, false, nil
		}
		return []store.User{user}, false, err
	}
	found, err = u.DB.FindUsers(ctx, text, limit+1)
	if len(found) > limit {
		found, more = found[:limit], true
	}
	return found, more, err
}

// IsAdministrator reports whether a user is an administrator: by the role, or because the id is in listed, the value of
// ADMIN_USER_IDS.
func IsAdministrator(user store.User, listed []string) bool {
	return slices.Contains(listed, user.ID) || slices.Contains(rolesOf(user), adminRole)
}

// ErrLastAdministrator means that a change would leave a deployment without an administrator.
var ErrLastAdministrator = errors.New("the user is the last administrator")

// CheckNotLastAdministrator returns ErrLastAdministrator if the user is an administrator and no other user is one, or
// only users who are banned. BanUnlessLast and RemoveUnlessLast check this together with the change.
func (u Users) CheckNotLastAdministrator(ctx context.Context, user store.User, listed []string) error {
	if !IsAdministrator(user, listed) {
		return nil
	}
	hasOther, err := u.DB.HasOtherAdministrator(ctx, user.ID, listed, now(u.Now))
	if err == nil && !hasOther {
		err = ErrLastAdministrator
	}
	return err
}

// BanUnlessLast is Ban, but returns ErrLastAdministrator instead of banning the last administrator. listed is the value
// of ADMIN_USER_IDS. Of simultaneous calls for the last administrators, one returns ErrLastAdministrator.
func (u Users) BanUnlessLast(
	ctx context.Context, id, reason string, ends time.Time, listed []string,
) (store.User, error) {
	if !isUUID(id) {
		return store.User{}, store.ErrNotFound
	}
	user, err := u.DB.ChangeUserUnlessLastAdministrator(ctx, id, ban(reason, ends), listed, now(u.Now))
	return user, u.explainUnchanged(ctx, id, err)
}

// RemoveUnlessLast is Remove with the rule of BanUnlessLast.
func (u Users) RemoveUnlessLast(ctx context.Context, id string, listed []string) error {
	if !isUUID(id) {
		return store.ErrNotFound
	}
	return u.explainUnchanged(ctx, id, u.DB.DeleteUserUnlessLastAdministrator(ctx, id, listed, now(u.Now)))
}

// explainUnchanged returns ErrLastAdministrator for store.ErrNotFound if there is such a user, and other errors
// unchanged.
func (u Users) explainUnchanged(ctx context.Context, id string, err error) error {
	if !errors.Is(err, store.ErrNotFound) {
		return err
	}
	if _, err := u.Get(ctx, id); err != nil {
		return err
	}
	return ErrLastAdministrator
}
