package admin

import (
	"slices"
	"strings"

	"github.com/xenon-auth/xenon/shared/session"
	"github.com/xenon-auth/xenon/shared/store"
	"github.com/xenon-auth/xenon/shared/web"
)

// The roles that Better Auth's plugin has by default.
const (
	adminRole   = "admin"
	defaultRole = "user"
)

// rightsOfRoles has the actions on each resource that a role allows. Other roles allow nothing.
var rightsOfRoles = map[string]map[string][]string{
	adminRole: {
		"user": {
			"create", "list", "set-role", "ban", "impersonate", "delete", "set-password", "set-email", "set-phone", "get",
			"update",
		},
		"session": {"list", "revoke", "delete"},
	},
}

// rolesOf returns the roles of a user. Like Better Auth it neither trims their names nor ignores case.
func rolesOf(u store.User) []string {
	role := web.OrEmpty(u.Role.Value)
	if role == "" {
		role = defaultRole
	}
	return strings.Split(role, ",")
}

// isAllowed reports whether a user has all the rights: the actions, by resource. A single role must have all of them. A
// user in ADMIN_USER_IDS has every right.
func (s *Service) isAllowed(u store.User, rights map[string][]string) bool {
	return s.isListed(u.ID) || slices.ContainsFunc(rolesOf(u), func(role string) bool { return allows(role, rights) })
}

// isListed reports whether the user is in ADMIN_USER_IDS.
func (s *Service) isListed(userID string) bool {
	return slices.Contains(s.Options.AdminUserIDs, userID)
}

// allows reports whether a role has all the rights. Like Better Auth it returns false if no action is named.
func allows(role string, rights map[string][]string) bool {
	named := false
	for resource, actions := range rights {
		for _, action := range actions {
			if named = true; !slices.Contains(rightsOfRoles[role][resource], action) {
				return false
			}
		}
		if len(actions) == 0 {
			return false
		}
	}
	return named
}

// checkOwnRole returns errRemoveMyRole if a new role of the user with the id would take the right to change roles from
// the caller: a site without an administrator can get one only by SQL or a setting.
func (s *Service) checkOwnRole(caller *session.Caller, userID, role string) error {
	changed := caller.User
	changed.Role = store.NewPluginField(&role)
	if isCaller(caller, userID) && !s.isAllowed(changed, map[string][]string{"user": {"set-role"}}) {
		return errRemoveMyRole
	}
	return nil
}

// bareUUID removes what Postgres ignores in a UUID.
var bareUUID = strings.NewReplacer("-", "", "{", "", "}", "")

// isCaller reports whether an id of a user is that of the caller, in any of the forms that Postgres accepts.
func isCaller(caller *session.Caller, userID string) bool {
	return strings.EqualFold(bareUUID.Replace(userID), bareUUID.Replace(caller.User.ID))
}

// isAdmin reports whether a user is an administrator, whom other administrators cannot impersonate.
func (s *Service) isAdmin(u store.User) bool {
	return IsAdministrator(u, s.Options.AdminUserIDs)
}
