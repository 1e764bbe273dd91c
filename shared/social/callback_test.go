package social_test

import (
	"strings"
	"testing"

	"github.com/xenon-auth/xenon/internal/testkit/dbtest"
	"github.com/xenon-auth/xenon/internal/testkit/providertest"
)

// selectUserSQL is the SQL statement that returns the row of the only user as text.
const selectUserSQL = `SELECT concat_ws('|', name, email, "emailVerified", image) FROM "user"`

func TestSignInWithAProviderCreatesAUser(t *testing.T) {
	t.Parallel()
	for _, provider := range []string{"google", "github", "apple", "keycloak"} {
		t.Run(provider, func(t *testing.T) {
			t.Parallel()
			s := newServer(t)
			b := s.browser()
			a := b.signIn(provider, `,"callbackURL":"/home","newUserCallbackURL":"/welcome"`, verifiedVisit())
			if a.status != 302 || a.location() != "/welcome" {
				t.Errorf("first sign-in: got %d to %s, want 302 to /welcome", a.status, a.location())
			}
			id := b.userID()
			want := "Ada Lovelace|ada@example.com|t"
			if got := dbtest.Value[string](t, s.url, selectUserSQL); !strings.HasPrefix(got, want) {
				t.Errorf("stored the user %s, want %s", got, want)
			}
			account := dbtest.Value[string](t, s.url, `SELECT concat_ws('|', "providerId", "accountId", "userId") FROM account`)
			if account != provider+"|108|"+id || id == "" {
				t.Errorf("got account %s of user %s, want the provider's account of the user", account, id)
			}
			if n := dbtest.Value[int](t, s.url, `SELECT count(*) FROM verification`); n != 0 {
				t.Errorf("%d states are stored after the callback, want 0", n)
			}
			again := s.browser()
			if a := again.signIn(
				provider,
				`,"callbackURL":"/home","newUserCallbackURL":"/welcome"`,
				verifiedVisit(),
			); a.location() != "/home" {
				t.Errorf("the second sign-in goes to %s, want /home", a.location())
			}
			if got := again.userID(); got != id {
				t.Errorf("the second sign-in is user %s, want %s", got, id)
			}
		})
	}
}

// A callback needs at most four round trips to the database: the charge of the rate limit, the state, the account, and
// the statement that stores everything.
func TestSignInWithAProviderNeedsFewRoundTrips(t *testing.T) {
	t.Parallel()
	s := newServer(t, "RATE_LIMIT", "on")
	b := s.browser()
	b.signIn("google", "", verifiedVisit()) // opens the connection
	for range 2 {
		at := s.wire.RoundTrips()
		location := b.beginSignIn("google", "")
		began := s.wire.RoundTrips() - at
		login := s.visitProvider(location, verifiedVisit())
		at = s.wire.RoundTrips()
		if a := b.finishCallback(login); a.location() != origin {
			t.Fatalf("callback: got %d to %s, want 302 to %s", a.status, a.location(), origin)
		}
		if came := s.wire.RoundTrips() - at; began > 2 || came > 4 {
			t.Errorf("got %d round trips for the start and %d for the callback, want at most 2 and 4", began, came)
		}
	}
}

// Each failure of a callback redirects to the error page of the sign-in, with its code.
func TestCallbackReportsErrors(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	s.browser().signUp("taken@example.com", false)
	visitProvider := func(change func(*providertest.Visit)) providertest.Visit {
		v := verifiedVisit()
		v.Subject = "109"
		change(&v)
		return v
	}
	for name, c := range map[string]struct {
		provider string
		visit    providertest.Visit
		want     string
	}{
		"refused": {"google", visitProvider(func(v *providertest.Visit) { v.Refuse = "access_denied" }), "access_denied"},
		"no code": {
			"google", visitProvider(func(v *providertest.Visit) { v.Callback = map[string]string{"code": ""} }), "no_code",
		},
		"another code": {
			"google", visitProvider(func(v *providertest.Visit) { v.Callback = map[string]string{"code": "stolen"} }),
			"invalid_code",
		},
		"token endpoint fails": {
			"google", visitProvider(func(v *providertest.Visit) {
				v.Faults = map[string]providertest.Fault{"token": providertest.FaultStatus500}
			}), "invalid_code",
		},
		"profile fails": {
			"github", visitProvider(func(v *providertest.Visit) {
				v.Faults = map[string]providertest.Fault{"profile": providertest.FaultHTML}
			}), "unable_to_get_user_info",
		},
		"id token of another client": {
			"google", visitProvider(func(v *providertest.Visit) { v.IDToken.Claims = map[string]any{"aud": "another"} }),
			"unable_to_get_user_info",
		},
		"unsigned id token": {
			"google", visitProvider(func(v *providertest.Visit) { v.IDToken.Algorithm = "none" }), "unable_to_get_user_info",
		},
		"id token signed with the public key": {
			"google", visitProvider(func(v *providertest.Visit) { v.IDToken.Algorithm = "HS256" }), "unable_to_get_user_info",
		},
		"another issuer": {
			"keycloak", visitProvider(func(v *providertest.Visit) { v.Issuer = "https://evil.example" }), "issuer_mismatch",
		},
		"another nonce": {
			"keycloak", visitProvider(func(v *providertest.Visit) { v.IDToken.Claims = map[string]any{"nonce": "another"} }),
			"unable_to_get_user_info",
		},
		"no email": {"google", visitProvider(func(v *providertest.Visit) { v.Email = "" }), "email_not_found"},
		"email of an unverified user": {
			"google", visitProvider(func(v *providertest.Visit) { v.Email = "TAKEN@example.com" }), "account_not_linked",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := s.browser()
			a := b.signIn(c.provider, `,"callbackURL":"/home","errorCallbackURL":"/failed?from=x#top"`, c.visit)
			if code, target := redirectErrorAndTarget(t, a.location()); code != c.want || target != "/failed#top" {
				t.Errorf("callback: got %d to %s, want a redirect to /failed#top with the error %s",
					a.status, a.location(), c.want)
			}
			if id := b.userID(); id != "" {
				t.Errorf("the rejected callback signed in as %s, want no session", id)
			}
		})
	}
}

// A sign-in with a known account succeeds, whatever email the provider returns.
func TestKnownAccountNeedsNoEmail(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	b := s.browser()
	b.signIn("google", "", verifiedVisit())
	id := b.userID()
	for name, change := range map[string]func(*providertest.Visit){
		"no email":         func(v *providertest.Visit) { v.Email, v.Verified = "", false },
		"unverified email": func(v *providertest.Visit) { v.Verified = false },
		"another email":    func(v *providertest.Visit) { v.Email, v.Name = "other@example.com", "Other" },
	} {
		v := verifiedVisit()
		change(&v)
		again := s.browser()
		if a := again.signIn("google", `,"callbackURL":"/home"`, v); a.location() != "/home" || again.userID() != id {
			t.Errorf("%s: got %s as user %s, want /home as the user of the account", name, a.location(), again.userID())
		}
	}
	if got := dbtest.Value[string](
		t,
		s.url,
		selectUserSQL,
	); got != "Ada Lovelace|ada@example.com|t|https://example.com/ada.png" {
		t.Errorf("got the user %s, want an unchanged user", got)
	}
}

// An import gives users without an email a placeholder. The first sign-in at a provider that has verified an email
// replaces the placeholder by it, unless another user has this email.
func TestPlaceholderEmailIsReplacedAtTheFirstSignIn(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	b := s.browser()
	b.signIn("google", "", verifiedVisit())
	id := b.userID()
	setEmail := func(readEmail string) {
		dbtest.Exec(t, s.url, `UPDATE "user" SET email = $1, "emailVerified" = false WHERE id = $2`, readEmail, id)
	}
	readEmail := func() string {
		return dbtest.Value[string](t, s.url, `SELECT concat(email, ' ', "emailVerified") FROM "user" WHERE id = $1`, id)
	}
	const placeholder = "11111111-1111-4111-8111-111111111111@no-email.supabase-migration.invalid"
	setEmail(placeholder)
	unverified := verifiedVisit()
	unverified.Verified = false
	b.signIn("google", "", unverified)
	if got := readEmail(); got != placeholder+" f" {
		t.Errorf("provider with an unverified email: got %s, want the placeholder email", got)
	}
	b.signIn("google", "", verifiedVisit())
	if got := readEmail(); got != "ada@example.com t" {
		t.Errorf("provider with a verified email: got %s, want that email, verified", got)
	}
	setEmail(placeholder)
	s.browser().signUp("ada@example.com", true)
	if a := b.signIn(
		"google",
		`,"callbackURL":"/home"`,
		verifiedVisit(),
	); a.location() != "/home" ||
		readEmail() != placeholder+" f" {
		t.Errorf("provider with the email of another user: got %s with %s, want /home and the placeholder email",
			a.location(), readEmail())
	}
}

// Many sign-ins of one new person at the same time create one user, and all succeed.
func TestConcurrentFirstSignInsCreateOneUser(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	const n = 8
	logins := make([]*providertest.Login, n)
	browsers := make([]*browser, n)
	for i := range n {
		browsers[i] = s.browser()
		logins[i] = s.visitProvider(browsers[i].beginSignIn("google", `,"callbackURL":"/home"`), verifiedVisit())
	}
	results := make(chan string, n)
	for i := range n {
		go func() { results <- browsers[i].finishCallback(logins[i]).location() }()
	}
	for range n {
		if got := <-results; got != "/home" {
			t.Errorf("concurrent first sign-in: got a redirect to %s, want /home", got)
		}
	}
	got := dbtest.Value[string](t, s.url, `SELECT concat((SELECT count(*) FROM "user"), ' ',
		(SELECT count(*) FROM account), ' ', (SELECT count(*) FROM session))`)
	if got != "1 1 8" {
		t.Errorf("eight concurrent first sign-ins: got %s users, accounts and sessions, want 1 1 8", got)
	}
}

func TestBannedUserGetsTheErrorInTheRedirect(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	b := s.browser()
	b.signIn("google", "", verifiedVisit())
	dbtest.Exec(t, s.url, `UPDATE "user" SET banned = true`)
	again := s.browser()
	a := again.signIn("google", `,"errorCallbackURL":"/failed"`, verifiedVisit())
	if code, _ := redirectErrorAndTarget(t, a.location()); code != "BANNED_USER" || again.userID() != "" {
		t.Errorf("sign-in of a banned user: got a redirect to %s, want the error BANNED_USER and no session", a.location())
	}
}
