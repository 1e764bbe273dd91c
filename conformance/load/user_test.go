package load

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/http"
	"slices"
	"strings"
)

const (
	rightPassword = "correct horse" // the password of all users
	wrongPassword = "wrong mule"    // a wrong password
)

// expectedAccount is the expected content of the database for one account.
type expectedAccount struct {
	Email, ID, Name string
	Hours           int // time_per_week of the profile; -1 if there is no profile
	Sessions        int // the number of valid sessions
	Passwords       int
}

// loadUser is a simulated user. It records the expected state of its account, and compares each response with that
// state.
type loadUser struct {
	*client
	rng     *rand.Rand
	number  int
	current expectedAccount
	past    []expectedAccount // earlier accounts of this user
	token   string            // the token of the current session, or empty
	jwt     string
	names   int // the number of names that the user has had

	stopped bool // true after a fault
}

func newLoadUser(b *client, number int) *loadUser {
	return &loadUser{client: b, number: number, rng: rand.New(rand.NewPCG(51, uint64(number)))}
}

// newMismatchFault returns the fault of a response that does not have the expected data.
func newMismatchFault(what string, got, want any) error {
	return &requestFault{"another user's or an older " + what, fmt.Sprintf("got %v, want %v", got, want)}
}

type userReply struct{ ID, Email, Name string }

type sessionReply struct{ UserID, Token string }

// register creates a new account with a profile, and gets a JWT.
func (p *loadUser) register() error {
	return runUntilError(p.signUp, p.getToken, p.createProfile)
}

func (p *loadUser) signUp() error {
	p.names++
	email := fmt.Sprintf("p%d.%d@example.com", p.number, len(p.past))
	p.current = expectedAccount{Email: email, Name: p.newestName(), Hours: -1, Sessions: 1, Passwords: 1}
	var reply struct {
		Token string
		User  userReply
	}
	body := fmt.Sprintf(`{"name":%q,"email":%q,"password":%q}`, p.current.Name, p.current.Email, rightPassword)
	if err := p.send("POST", "/api/auth/sign-up/email", "", body, http.StatusOK, &reply); err != nil {
		return err
	}
	p.current.ID, p.token = reply.User.ID, reply.Token
	return p.checkUser(reply.User)
}

// newestName returns a name that contains the number of names, so that every name is different.
func (p *loadUser) newestName() string { return fmt.Sprintf("User %d, name %d", p.number, p.names) }

func (p *loadUser) checkUser(got userReply) error {
	if want := (userReply{p.current.ID, p.current.Email, p.current.Name}); got != want {
		return newMismatchFault("user", got, want)
	}
	return nil
}

func (p *loadUser) signIn() error {
	var reply struct {
		Token string
		User  userReply
	}
	body := fmt.Sprintf(`{"email":%q,"password":%q}`, p.current.Email, rightPassword)
	if err := p.send("POST", "/api/auth/sign-in/email", "", body, http.StatusOK, &reply); err != nil {
		return err
	}
	p.current.Sessions++
	p.token = reply.Token
	return p.checkUser(reply.User)
}

func (p *loadUser) signInWithWrongPassword() error {
	body := fmt.Sprintf(`{"email":%q,"password":%q}`, p.current.Email, wrongPassword)
	return p.send("POST", "/api/auth/sign-in/email", "", body, http.StatusUnauthorized, nil)
}

func (p *loadUser) signOut() error {
	if err := p.send("POST", "/api/auth/sign-out", "", `{}`, http.StatusOK, nil); err != nil {
		return err
	}
	p.current.Sessions--
	p.token = ""
	return runUntilError(p.getSession, p.checkProfileIsRejected)
}

// checkProfileIsRejected checks that the profile API rejects the JWT of an ended session.
func (p *loadUser) checkProfileIsRejected() error {
	return p.send("GET", "/api/profile", p.jwt, "", http.StatusUnauthorized, nil)
}

func (p *loadUser) getSession() error {
	var reply *struct {
		Session sessionReply
		User    userReply
	}
	if err := p.send("GET", "/api/auth/get-session", "", "", http.StatusOK, &reply); err != nil {
		return err
	}
	switch {
	case reply == nil && p.token == "":
		return nil
	case reply == nil || p.token == "":
		return newMismatchFault("session", reply, p.token)
	case reply.Session != sessionReply{p.current.ID, p.token}:
		return newMismatchFault("session", reply.Session.UserID, p.current.ID)
	}
	return p.checkUser(reply.User)
}

func (p *loadUser) listSessions() error {
	var reply []sessionReply
	if err := p.send("GET", "/api/auth/list-sessions", "", "", http.StatusOK, &reply); err != nil {
		return err
	}
	foreign := slices.ContainsFunc(reply, func(s sessionReply) bool { return s.UserID != p.current.ID })
	if len(reply) != p.current.Sessions || foreign || !slices.Contains(reply, sessionReply{p.current.ID, p.token}) {
		return newMismatchFault("list of sessions", len(reply), p.current.Sessions)
	}
	return nil
}

func (p *loadUser) revokeOtherSessions() error {
	err := p.send("POST", "/api/auth/revoke-other-sessions", "", `{}`, http.StatusOK, nil)
	if err == nil {
		p.current.Sessions = 1
	}
	return err
}

func (p *loadUser) updateUser() error {
	p.names++
	err := p.send("POST", "/api/auth/update-user", "", fmt.Sprintf(`{"name":%q}`, p.newestName()), http.StatusOK, nil)
	if err == nil {
		p.current.Name = p.newestName()
	}
	return err
}

// getToken gets the JWT for the profile API.
func (p *loadUser) getToken() error {
	var reply struct{ Token string }
	if err := p.send("GET", "/api/auth/token", "", "", http.StatusOK, &reply); err != nil {
		return err
	}
	var claims struct{ Sub string }
	parts := strings.Split(reply.Token, ".")
	text, err := base64.RawURLEncoding.DecodeString(parts[min(1, len(parts)-1)])
	if err == nil {
		err = json.Unmarshal(text, &claims)
	}
	if err != nil || claims.Sub != p.current.ID {
		return newMismatchFault("token", claims.Sub, p.current.ID)
	}
	p.jwt = reply.Token
	return nil
}

// requestProfile sends a request to the profile API, and checks that the response has the user's profile with these
// hours (time_per_week).
func (p *loadUser) requestProfile(method string, hours, status int) error {
	body := ""
	if method != "GET" {
		body = fmt.Sprintf(`{"time_per_week":%d,"learning_mode":"visual"}`, hours)
	}
	var got struct {
		UserID string `json:"user_id"`
		Hours  int    `json:"time_per_week"`
	}
	if err := p.send(method, "/api/profile", p.jwt, body, status, &got); err != nil || status == http.StatusConflict {
		return err
	}
	if got.UserID != p.current.ID || got.Hours != hours {
		return newMismatchFault("profile", got, hours)
	}
	p.current.Hours = hours
	return nil
}

func (p *loadUser) createProfile() error {
	return p.requestProfile("POST", p.rng.IntN(1e6), http.StatusCreated)
}

func (p *loadUser) createProfileAgain() error {
	return p.requestProfile("POST", p.current.Hours+1, http.StatusConflict)
}

func (p *loadUser) writeProfile() error {
	return p.requestProfile("PUT", p.rng.IntN(1e6), http.StatusOK)
}

func (p *loadUser) readProfile() error {
	return p.requestProfile("GET", p.current.Hours, http.StatusOK)
}

// runUntilError runs the steps until one fails.
func runUntilError(steps ...func() error) error {
	for _, step := range steps {
		if err := step(); err != nil {
			return err
		}
	}
	return nil
}
