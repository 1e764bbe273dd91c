package auth

import (
	"testing"

	"github.com/xenon-auth/xenon/shared/config"
	"github.com/xenon-auth/xenon/shared/session"
	"github.com/xenon-auth/xenon/shared/store"
)

// Every get-session computes the claims. Without JWT_CLAIMS=supabase that allocates nothing.
func TestClaimsOfBetterAuthAllocateNothing(t *testing.T) {
	s := &Service{Options: config.API{JWTIssuer: "http://localhost:3000", JWTAudience: "http://localhost:3000"}}
	c := &session.Caller{User: store.User{ID: "an id", Name: "Ada", Email: "ada@example.com"}}
	user := c.User.AppendJSON(nil)
	if got := testing.AllocsPerRun(100, func() { s.claimsOfCaller(t.Context(), c, user) }); got > 0 {
		t.Errorf("claims of a caller: got %v allocations, want none", got)
	}
}
