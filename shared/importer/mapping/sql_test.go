package mapping

import "testing"

func TestContainsReturnsAConditionForListsAndRanges(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		scope Scope
		want  string
	}{
		"a list":         {Scope{Low: "l", High: "h", IDs: []string{"a", "b"}}, "id = ANY ('{a,b}'::uuid[])"},
		"an empty list":  {Scope{IDs: []string{}}, "id = ANY ('{}'::uuid[])"},
		"a range":        {Scope{Low: "l", High: "h"}, "id >= 'l' AND id < 'h'"},
		"no upper bound": {Scope{Low: "l"}, "id >= 'l'"},
	} {
		if got := c.scope.Contains("id"); got != c.want {
			t.Errorf("%s: Contains(\"id\") = %s, want %s", name, got, c.want)
		}
	}
}

// A lateral join is faster for a part of the users, a plain join for all users.
func TestJoinUserIsAPlainJoinForAllUsersOnly(t *testing.T) {
	t.Parallel()
	const plain = "LEFT JOIN auth.users u ON u.id = x"
	for name, c := range map[string]struct {
		scope Scope
		plain bool // the join is plain, not lateral
	}{
		"all users":        {AllUsers, true},
		"a list":           {Scope{Low: MinUUID, IDs: []string{}}, false},
		"no lower bound":   {Scope{Low: MinUUID, High: "h"}, false},
		"no upper bound":   {Scope{Low: "l"}, false},
		"a range of users": {Scope{Low: "l", High: "h"}, false},
	} {
		if got := joinUser(c.scope, "x"); (got == plain) != c.plain {
			t.Errorf("%s: joinUser returned %s, want a plain join: %t", name, got, c.plain)
		}
	}
}

func TestIncludeNamesTheRejectedRowsOfOneKindAndReason(t *testing.T) {
	t.Parallel()
	r := Rejections{}
	r.Add(Rejection{Kind: User, Reason: TargetError, Key: "a"})
	r.Add(Rejection{Kind: User, Reason: TargetError, Key: "b"})
	if got, want := r.Include(User, TargetError, "u.id"), "u.id = ANY ('{a,b}'::uuid[])"; got != want {
		t.Errorf("two rejected users: Include = %s, want %s", got, want)
	}
	for _, got := range []string{r.Include(Identity, TargetError, "u.id"), r.Include(User, EmailConflict, "u.id")} {
		if got != "false" {
			t.Errorf("another kind or reason: Include = %s, want false", got)
		}
	}
}
