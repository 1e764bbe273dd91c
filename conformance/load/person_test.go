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
	horse = "correct horse" // the password of all people
	mule  = "wrong mule"    // a wrong password
)

// account is the expected content of the database for one user.
type account struct {
	Email, ID, Name string
	Hours           int // time_per_week of the profile, -1 without one
	Sessions        int // the number of valid sessions
	Passwords       int
}

// person is a user who records the expected state of their account, and compares each response with it.
type person struct {
	*browser
	rng    *rand.Rand
	number int
	me     account
	past   []account // the person's earlier accounts
	token  string    // of the session
	jwt    string
	names  int // how many names the person has had

	stopped bool // after a fault
}

func newPerson(b *browser, number int) *person {
	return &person{browser: b, number: number, rng: rand.New(rand.NewPCG(51, uint64(number)))}
}

func wrong(what string, got, want any) error {
	return &fault{"another person's or an older " + what, fmt.Sprintf("got %v, want %v", got, want)}
}

type user struct{ ID, Email, Name string }

type session struct{ UserID, Token string }

// enter creates a new account with a profile.
func (p *person) enter() error {
	return first(p.signUp, p.getToken, p.createProfile)
}

func (p *person) signUp() error {
	p.names++
	email := fmt.Sprintf("p%d.%d@example.com", p.number, len(p.past))
	p.me = account{Email: email, Name: p.newName(), Hours: -1, Sessions: 1, Passwords: 1}
	var reply struct {
		Token string
		User  user
	}
	body := fmt.Sprintf(`{"name":%q,"email":%q,"password":%q}`, p.me.Name, p.me.Email, horse)
	if err := p.ask("POST", "/api/auth/sign-up/email", "", body, http.StatusOK, &reply); err != nil {
		return err
	}
	p.me.ID, p.token = reply.User.ID, reply.Token
	return p.checkUser(reply.User)
}

func (p *person) newName() string { return fmt.Sprintf("Person %d, called %d", p.number, p.names) }

func (p *person) checkUser(got user) error {
	if want := (user{p.me.ID, p.me.Email, p.me.Name}); got != want {
		return wrong("user", got, want)
	}
	return nil
}

func (p *person) signIn() error {
	var reply struct {
		Token string
		User  user
	}
	body := fmt.Sprintf(`{"email":%q,"password":%q}`, p.me.Email, horse)
	if err := p.ask("POST", "/api/auth/sign-in/email", "", body, http.StatusOK, &reply); err != nil {
		return err
	}
	p.me.Sessions++
	p.token = reply.Token
	return p.checkUser(reply.User)
}

func (p *person) signInWithWrongPassword() error {
	body := fmt.Sprintf(`{"email":%q,"password":%q}`, p.me.Email, mule)
	return p.ask("POST", "/api/auth/sign-in/email", "", body, http.StatusUnauthorized, nil)
}

func (p *person) signOut() error {
	if err := p.ask("POST", "/api/auth/sign-out", "", `{}`, http.StatusOK, nil); err != nil {
		return err
	}
	p.me.Sessions--
	p.token = ""
	return first(p.getSession, p.checkProfileRejected)
}

// checkProfileRejected checks that the profile API rejects the JWT of an ended session.
func (p *person) checkProfileRejected() error {
	return p.ask("GET", "/api/profile", p.jwt, "", http.StatusUnauthorized, nil)
}

func (p *person) getSession() error {
	var reply *struct {
		Session session
		User    user
	}
	if err := p.ask("GET", "/api/auth/get-session", "", "", http.StatusOK, &reply); err != nil {
		return err
	}
	switch {
	case reply == nil && p.token == "":
		return nil
	case reply == nil || p.token == "":
		return wrong("session", reply, p.token)
	case reply.Session != session{p.me.ID, p.token}:
		return wrong("session", reply.Session.UserID, p.me.ID)
	}
	return p.checkUser(reply.User)
}

func (p *person) listSessions() error {
	var reply []session
	if err := p.ask("GET", "/api/auth/list-sessions", "", "", http.StatusOK, &reply); err != nil {
		return err
	}
	foreign := slices.ContainsFunc(reply, func(s session) bool { return s.UserID != p.me.ID })
	if len(reply) != p.me.Sessions || foreign || !slices.Contains(reply, session{p.me.ID, p.token}) {
		return wrong("list of sessions", len(reply), p.me.Sessions)
	}
	return nil
}

func (p *person) revokeOthers() error {
	err := p.ask("POST", "/api/auth/revoke-other-sessions", "", `{}`, http.StatusOK, nil)
	if err == nil {
		p.me.Sessions = 1
	}
	return err
}

func (p *person) updateUser() error {
	p.names++
	err := p.ask("POST", "/api/auth/update-user", "", fmt.Sprintf(`{"name":%q}`, p.newName()), http.StatusOK, nil)
	if err == nil {
		p.me.Name = p.newName()
	}
	return err
}

// getToken gets the JWT for the profile API.
func (p *person) getToken() error {
	var reply struct{ Token string }
	if err := p.ask("GET", "/api/auth/token", "", "", http.StatusOK, &reply); err != nil {
		return err
	}
	var claims struct{ Sub string }
	parts := strings.Split(reply.Token, ".")
	text, err := base64.RawURLEncoding.DecodeString(parts[min(1, len(parts)-1)])
	if err == nil {
		err = json.Unmarshal(text, &claims)
	}
	if err != nil || claims.Sub != p.me.ID {
		return wrong("token", claims.Sub, p.me.ID)
	}
	p.jwt = reply.Token
	return nil
}

// profile sends a request to the profile API, and checks that the response has these hours.
func (p *person) profile(method string, hours, status int) error {
	body := ""
	if method != "GET" {
		body = fmt.Sprintf(`{"time_per_week":%d,"learning_mode":"visual"}`, hours)
	}
	var got struct {
		UserID string `json:"user_id"`
		Hours  int    `json:"time_per_week"`
	}
	if err := p.ask(method, "/api/profile", p.jwt, body, status, &got); err != nil || status == http.StatusConflict {
		return err
	}
	if got.UserID != p.me.ID || got.Hours != hours {
		return wrong("profile", got, hours)
	}
	p.me.Hours = hours
	return nil
}

func (p *person) createProfile() error { return p.profile("POST", p.rng.IntN(1e6), http.StatusCreated) }

func (p *person) createAgain() error  { return p.profile("POST", p.me.Hours+1, http.StatusConflict) }
func (p *person) writeProfile() error { return p.profile("PUT", p.rng.IntN(1e6), http.StatusOK) }
func (p *person) readProfile() error  { return p.profile("GET", p.me.Hours, http.StatusOK) }

// first runs the steps until one fails.
func first(steps ...func() error) error {
	for _, step := range steps {
		if err := step(); err != nil {
			return err
		}
	}
	return nil
}
