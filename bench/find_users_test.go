package bench

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/xenon-auth/xenon/shared/admin"
)

// BenchmarkFindUsers measures xenon users find with a text that many, few and no users have, and the look-up by which
// every command finds its user. It measures each for some seconds, whatever b.N is, and prints a table.
func BenchmarkFindUsers(b *testing.B) {
	few, many := newListedUsers(b, fewListedUsers), newListedUsers(b, *listedUsers)
	var out strings.Builder
	fmt.Fprintf(&out, "\nms\t10,000\t%d\n", *listedUsers)
	for _, q := range []struct {
		name string
		run  func(b *testing.B, u admin.Users)
	}{
		{"find, all users match", find("example.com")},
		{"find, 10 users match", find("zoe")},
		{"find, no user matches", find("no such user")},
		{"find, a whole email", find("person7@example.com")},
		{"show and changes, a whole email", match("person7@example.com")},
		{"show and changes, no such email", match("no.such.user@example.com")},
	} {
		time := compareTimes(b, func() { q.run(b, few.users()) }, func() { q.run(b, many.users()) })
		fmt.Fprintf(&out, "%s\t%s\t%s\n", q.name, inMS(time.few), inMS(time.many))
	}
	fmt.Println(out.String()) // the log of a benchmark is cut after ten lines
	b.ReportMetric(0, "ns/op")
}

// users returns the operations of xenon users on the database.
func (d listedDatabase) users() admin.Users { return admin.Users{DB: d.db, Now: time.Now} }

func find(text string) func(b *testing.B, u admin.Users) {
	return func(b *testing.B, u admin.Users) {
		b.Helper()
		if _, _, err := u.Find(b.Context(), text, 50); err != nil {
			b.Fatalf("find %s: %v", text, err)
		}
	}
}

func match(text string) func(b *testing.B, u admin.Users) {
	return func(b *testing.B, u admin.Users) {
		b.Helper()
		_, _ = u.Match(b.Context(), text) // an error if there is no such user
	}
}
