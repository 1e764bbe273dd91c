package social

import (
	"maps"
	"slices"
	"strings"

	"github.com/xenon-auth/xenon/shared/web"
)

// accountIDFromRequest returns the accountId of the request, which is the id of a row of account, or "" if the request
// has useAccountCookie: true. That selects the account in Better Auth's account cookie, which Xenon never sets. The
// argument object is the decoded query or body, and where is "query" or "body". A userId is allowed and has no effect,
// because the session names the user. Every other member is an error.
func accountIDFromRequest(where string, object map[string]any) (id string, err error) {
	id, byID := object["accountId"].(string)
	byCookie := object["useAccountCookie"] == true
	_, isString := object["userId"].(string)
	if _, present := object["userId"]; present && !isString || byID == byCookie {
		return "", web.ValidationError("[" + where + "] Invalid input")
	}
	selector := "accountId"
	if byCookie {
		selector = "useAccountCookie"
	}
	var unknown []string
	for _, name := range slices.Sorted(maps.Keys(object)) {
		if name != selector && name != "userId" {
			unknown = append(unknown, `"`+name+`"`)
		}
	}
	switch len(unknown) {
	case 0:
		return id, nil
	case 1:
		return "", web.ValidationError("[" + where + "] Unrecognized key: " + unknown[0])
	}
	return "", web.ValidationError("[" + where + "] Unrecognized keys: " + strings.Join(unknown, ", "))
}
