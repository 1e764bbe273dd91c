package admin

import (
	"net/http"

	"github.com/xenon-auth/xenon/shared/store"
	"github.com/xenon-auth/xenon/shared/web"
)

// hasPermission answers POST /api/auth/admin/has-permission: whether the caller has all the rights in the member
// permissions. Like Better Auth it ignores the members role and userId.
func (s *Service) hasPermission(w http.ResponseWriter, r *http.Request, db *store.Store) error {
	permissions, err := decodePermissions(r)
	if err != nil {
		return err
	}
	caller, err := s.requireCaller(w, r, db)
	if err != nil {
		return err
	}
	return web.WriteJSON(w, http.StatusOK, struct {
		Error   *string `json:"error"`
		Success bool    `json:"success"`
	}{nil, s.isAllowed(caller.User, permissions)})
}

// decodePermissions returns the member permissions: the actions, by resource. Exactly one of permissions and the
// outdated member permission must be there, but Better Auth then rejects the second.
func decodePermissions(r *http.Request) (map[string][]string, error) {
	var in struct {
		UserID *string `json:"userId"`
		Role   *string `json:"role"`
	}
	if body, ok := web.BodyObject(r); ok {
		delete(body, "userId") // any value is accepted
	}
	var problems []string
	if err := web.Decode(r, &in); err != nil {
		problems = append(problems, err.(*web.Error).Message) //nolint:errorlint,forcetypeassert // Decode returns no other
	}
	permissions, hasPermissions := readPermissions(r, "permissions")
	_, hasPermission := readPermissions(r, "permission")
	switch {
	case hasPermissions && hasPermission:
		problems = append(problems, "[body] Invalid input: more than one option matched")
	case !hasPermissions && !hasPermission:
		problems = append(problems, "[body] Invalid input")
	case hasPermission && len(problems) == 0:
		return nil, errNoPermissions
	}
	return permissions, web.ValidationError(problems...)
}

// readPermissions returns a member of the body, and whether it is an object of lists of texts.
func readPermissions(r *http.Request, name string) (map[string][]string, bool) {
	body, _ := web.BodyObject(r)
	member, ok := body[name].(map[string]any)
	if !ok {
		return nil, false
	}
	permissions := map[string][]string{}
	for resource, list := range member {
		items, ok := list.([]any)
		if !ok {
			return nil, false
		}
		permissions[resource] = []string{}
		for _, item := range items {
			action, ok := item.(string)
			if !ok {
				return nil, false
			}
			permissions[resource] = append(permissions[resource], action)
		}
	}
	return permissions, true
}
