package load

import "net/http"

// action is a kind of request, and how many of a thousand requests are of that kind.
type action struct {
	name  string
	share int
	do    func(*loadUser) error
}

// actionMix has the kinds of actions of the load, mostly get-session. Of a thousand actions, 4 sign out and in again (a
// third of these after a wrong password), 1 signs in on another device, and 1 creates a new account. So there is about
// one request with a password in 140 actions. Users who stay signed in for a week send fewer. A hash takes as much
// processor time as two or three hundred get-sessions, so hashes are most of the work. They are Argon2id with 19 MiB,
// Xenon's default, unless a test sets another hasher.
var actionMix = []action{
	{"get the session", 607, (*loadUser).getSession},
	{"read the profile", 120, (*loadUser).readProfile},
	{"write the profile", 80, (*loadUser).writeProfile},
	{"get a token", 60, (*loadUser).getToken},
	{"list sessions", 40, (*loadUser).listSessions},
	{"change the name", 40, (*loadUser).updateUser},
	{"read the keys", 24, (*loadUser).getJWKS},
	{"create the profile again", 13, (*loadUser).createProfileAgain},
	{"list accounts", 10, (*loadUser).listAccounts},
	{"sign out and in", 4, (*loadUser).signOutAndIn},
	{"use another device", 1, (*loadUser).signInOnOtherDevice},
	{"create a new account", 1, (*loadUser).createAnotherAccount},
}

// doRandomAction does a random action of the mix.
func (p *loadUser) doRandomAction() error {
	n := p.rng.IntN(1000)
	for _, a := range actionMix {
		if n -= a.share; n < 0 {
			return a.do(p)
		}
	}
	panic("the shares of the actions in mix add up to less than 1000")
}

// signOutAndIn signs out and in again, every third time with a wrong password first.
func (p *loadUser) signOutAndIn() error {
	if p.rng.IntN(3) > 0 {
		return runUntilError(p.signOut, p.signIn, p.getToken)
	}
	return runUntilError(p.signOut, p.signInWithWrongPassword, p.signIn, p.getToken)
}

// signInOnOtherDevice signs in again without a sign-out. If the account has four sessions, it revokes the other three
// instead.
func (p *loadUser) signInOnOtherDevice() error {
	if p.current.Sessions >= 4 {
		return p.revokeOtherSessions()
	}
	clear(p.cookies)
	return runUntilError(p.signIn, p.getToken)
}

// createAnotherAccount signs out and creates another account.
func (p *loadUser) createAnotherAccount() error {
	if err := p.signOut(); err != nil {
		return err
	}
	p.past = append(p.past, p.current)
	return p.register()
}

// getJWKS gets the JWKS and checks that it has a key.
func (p *loadUser) getJWKS() error {
	var reply struct{ Keys []struct{ Kid string } }
	err := p.send("GET", "/api/auth/jwks", "", "", http.StatusOK, &reply)
	if err == nil && len(reply.Keys) == 0 {
		return newMismatchFault("key set", 0, "keys")
	}
	return err
}

func (p *loadUser) listAccounts() error {
	var reply []struct{ UserID, ProviderID string }
	err := p.send("GET", "/api/auth/list-accounts", "", "", http.StatusOK, &reply)
	if err == nil && (len(reply) != 1 || reply[0].UserID != p.current.ID || reply[0].ProviderID != "credential") {
		return newMismatchFault("list of accounts", reply, p.current.ID)
	}
	return err
}
