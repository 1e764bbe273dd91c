package versus

import (
	"fmt"
	"strings"
)

// spreadUser returns the number of one of the users with whom the tables were filled. Their rows are spread over the
// tables.
func (p *pluginServer) spreadUser() int {
	p.sent++
	return p.sent*7919%p.users + 1
}

// idOfUser returns the id of user i of newDatabaseWithUsers.
func (p *pluginServer) idOfUser(i int) (id string) {
	p.tb.Helper()
	if err := p.db.QueryRow(p.tb.Context(), `SELECT md5($1::int::text)::uuid::text`, i).Scan(&id); err != nil {
		p.tb.Fatal(err)
	}
	return id
}

// asAdmin returns a call of an administrator. In the body and in a query, %s is replaced by id.
func (p *pluginServer) asAdmin(name, body, id string) httpCall {
	return p.call("admin/"+strings.ReplaceAll(name, "%s", id), strings.ReplaceAll(body, "%s", id), p.adminUser.cookie)
}

// withTotal is the end of the names of requests for which Postgres counts all users who match, which takes longer with
// more users.
const withTotal = ", with the total"

// adminReads returns the requests of the plugin admin that change nothing.
func (p *pluginServer) adminReads() []pluginRequest {
	read := func(request, name, body string, id func(i int) string) pluginRequest {
		return pluginRequest{"admin/" + request, func() httpCall { return p.asAdmin(name, body, id(p.spreadUser())) }}
	}
	name := func(i int) string { return fmt.Sprintf("Person%%20%d", i) }
	email := func(i int) string { return fmt.Sprintf("person%d@example.com", i) }
	const list = "list-users?limit=20&"
	return []pluginRequest{
		read("get-user", "get-user?id=%s", "", p.idOfUser),
		read("list-users, one id", list+"filterField=id&filterValue=%s", "", p.idOfUser),
		read("list-users, one email", list+"filterField=email&filterValue=%s", "", email),
		read("list-users, one name", list+"filterField=name&filterValue=%s", "", name),
		read("list-users, the start of an email", list+"searchField=email&searchOperator=starts_with&searchValue=%s", "",
			email),
		read("list-users, administrators", list+"filterField=role&filterOperator=contains&filterValue=admin", "", email),
		read("list-users, sorted by email"+withTotal, list+"sortBy=email", "", email),
		read("list-users, a text in emails"+withTotal, list+"searchField=email&searchValue=%s", "", email),
		read("list-user-sessions", "list-user-sessions", `{"userId":"%s"}`, p.idOfUser),
		read("has-permission", "has-permission", `{"permissions":{"user":["list"]}}`, email),
	}
}

// adminChanges returns the requests of the plugin admin that change a user. Each call changes a new one.
func (p *pluginServer) adminChanges() []pluginRequest {
	change := func(name, body string) pluginRequest {
		return pluginRequest{"admin/" + name, func() httpCall { return p.asAdmin(name, body, p.newUser().id) }}
	}
	return []pluginRequest{
		{"admin/create-user", func() httpCall {
			p.made++
			body := fmt.Sprintf(`{"email":"created%d@example.com","name":"New","password":%q}`, p.made, userPassword)
			return p.asAdmin("create-user", body, "")
		}},
		change("update-user", `{"userId":"%s","data":{"name":"Grace"}}`),
		change("set-role", `{"userId":"%s","role":"user"}`),
		change("ban-user", `{"userId":"%s"}`),
		{"admin/unban-user", func() httpCall {
			u := p.newUser()
			p.exec(`UPDATE "user" SET banned = true WHERE id = $1`, u.id)
			return p.asAdmin("unban-user", `{"userId":"%s"}`, u.id)
		}},
		{"admin/revoke-user-session", func() httpCall {
			return p.asAdmin("revoke-user-session", `{"sessionToken":"%s"}`, p.newUser().token)
		}},
		change("revoke-user-sessions", `{"userId":"%s"}`),
		change("set-user-password", `{"userId":"%s","newPassword":"another password"}`),
		change("impersonate-user", `{"userId":"%s"}`),
		{"admin/stop-impersonating", func() httpCall {
			cookies, _ := p.do("admin/impersonate-user", fmt.Sprintf(`{"userId":%q}`, p.newUser().id), p.adminUser.cookie)
			return p.call("admin/stop-impersonating", `{}`, cookies)
		}},
		change("remove-user", `{"userId":"%s"}`),
	}
}
