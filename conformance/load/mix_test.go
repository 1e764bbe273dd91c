package load

import "net/http"

// action is something people do, with how many of a thousand times they do just that.
type action struct {
	name  string
	share int
	do    func(*person) error
}

// mix is what people do: mostly a page that looks who is there. One action in 140 has a password (4 of a thousand are returns, a third of
// them with a typing error before, 1 another device, 1 a new account), which is more than people need who stay signed in for
// a week. As a hash takes as much of a processor as two or three hundred looks, it is still most of the work: Argon2id with 19 MiB, the
// product's own, unless a test says otherwise.
var mix = []action{
	{"look", 607, (*person).getSession},
	{"read the profile", 120, (*person).readProfile},
	{"write the profile", 80, (*person).writeProfile},
	{"get a token", 60, (*person).getToken},
	{"list sessions", 40, (*person).listSessions},
	{"take another name", 40, (*person).updateUser},
	{"read the keys", 24, (*person).readKeys},
	{"make the profile again", 13, (*person).createAgain},
	{"list accounts", 10, (*person).listAccounts},
	{"leave and return", 4, (*person).comeBack},
	{"use another device", 1, (*person).otherDevice},
	{"begin anew", 1, (*person).beginAnew},
}

// act does what chance says.
func (p *person) act() error {
	n := p.rng.IntN(1000)
	for _, a := range mix {
		if n -= a.share; n < 0 {
			return a.do(p)
		}
	}
	panic("the mix has less than a thousand")
}

// comeBack signs out and in again, by chance with a wrong password first.
func (p *person) comeBack() error {
	if p.rng.IntN(3) > 0 {
		return first(p.signOut, p.signIn, p.getToken)
	}
	return first(p.signOut, p.mistype, p.signIn, p.getToken)
}

// otherDevice signs in once more without signing out; who has four devices ends the sessions of the others instead.
func (p *person) otherDevice() error {
	if p.me.Sessions >= 4 {
		return p.revokeOthers()
	}
	clear(p.cookies)
	return first(p.signIn, p.getToken)
}

// beginAnew leaves an account behind and makes another.
func (p *person) beginAnew() error {
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
