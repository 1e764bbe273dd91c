package load

import "net/http"

// action is a kind of request, with its share of a thousand.
type action struct {
	name  string
	share int
	do    func(*person) error
}

// mix is the mix of requests, mostly get-session. One action in 140 has a password. Of a thousand actions, 4 sign out
// and in again (a third of these after a wrong password), 1 signs in on another device, and 1 creates a new account.
// Users who stay signed in for a week need fewer. A hash takes as much processor time as two or three hundred
// get-sessions, so hashes are most of the work. They are Argon2id with 19 MiB, Xenon's default, unless a test sets
// another hasher.
var mix = []action{
	{"get the session", 607, (*person).getSession},
	{"read the profile", 120, (*person).readProfile},
	{"write the profile", 80, (*person).writeProfile},
	{"get a token", 60, (*person).getToken},
	{"list sessions", 40, (*person).listSessions},
	{"change the name", 40, (*person).updateUser},
	{"read the keys", 24, (*person).readKeys},
	{"create the profile again", 13, (*person).createAgain},
	{"list accounts", 10, (*person).listAccounts},
	{"sign out and in", 4, (*person).signOutAndIn},
	{"use another device", 1, (*person).otherDevice},
	{"create a new account", 1, (*person).createAnotherAccount},
}

// act does a random action of the mix.
func (p *person) act() error {
	n := p.rng.IntN(1000)
	for _, a := range mix {
		if n -= a.share; n < 0 {
			return a.do(p)
		}
	}
	panic("the mix has less than a thousand")
}

// signOutAndIn signs out and in again, in one of three cases with a wrong password first.
func (p *person) signOutAndIn() error {
	if p.rng.IntN(3) > 0 {
		return first(p.signOut, p.signIn, p.getToken)
	}
	return first(p.signOut, p.signInWithWrongPassword, p.signIn, p.getToken)
}

// otherDevice signs in again without a sign-out. With four sessions it revokes the others instead.
func (p *person) otherDevice() error {
	if p.me.Sessions >= 4 {
		return p.revokeOthers()
	}
	clear(p.cookies)
	return first(p.signIn, p.getToken)
}

// createAnotherAccount signs out and creates another account.
func (p *person) createAnotherAccount() error {
	if err := p.signOut(); err != nil {
		return err
	}
	p.past = append(p.past, p.me)
	return p.enter()
}

func (p *person) readKeys() error {
	var reply struct{ Keys []struct{ Kid string } }
	err := p.ask("GET", "/api/auth/jwks", "", "", http.StatusOK, &reply)
	if err == nil && len(reply.Keys) == 0 {
		return wrong("key set", 0, "keys")
	}
	return err
}

func (p *person) listAccounts() error {
	var reply []struct{ UserID, ProviderID string }
	err := p.ask("GET", "/api/auth/list-accounts", "", "", http.StatusOK, &reply)
	if err == nil && (len(reply) != 1 || reply[0].UserID != p.me.ID || reply[0].ProviderID != "credential") {
		return wrong("list of accounts", reply, p.me.ID)
	}
	return err
}
