package conformance

import (
	"bytes"
	"encoding/json"
	"maps"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/xenon-auth/xenon/internal/testkit/providertest"
)

// sharedProviders has the server that emulates the providers of social sign-in, for all tests of this process.
var sharedProviders struct {
	sync.Mutex
	server *providertest.Server
}

func sharedProviderServer(t *testing.T) *providertest.Server {
	t.Helper()
	sharedProviders.Lock()
	defer sharedProviders.Unlock()
	if sharedProviders.server == nil {
		server, err := providertest.Start()
		if err != nil {
			t.Fatal(err)
		}
		sharedProviders.server = server
	}
	return sharedProviders.server
}

func closeSharedProviderServer() {
	if sharedProviders.server != nil {
		sharedProviders.server.Close()
	}
}

// allProviderSettings returns the settings of a server that is a client of every provider.
func allProviderSettings() map[string]string {
	settings := map[string]string{}
	var issuers []map[string]string
	for _, id := range providertest.IDs() {
		switch id {
		case "keycloak", "auth0", "okta":
			issuers = append(issuers, map[string]string{
				"providerId": id, "issuer": providertest.Issuer(id),
				"clientId": providertest.ClientID(id), "clientSecret": providertest.ClientSecret(id),
			})
		default:
			maps.Copy(settings, providertest.ClientSettings(id))
		}
	}
	settings["OIDC_PROVIDERS"] = string(encodeJSON(issuers))
	return settings
}

// visit is a step in which a user signs in at a provider. If Save is NAME, later steps can use these
// placeholders:
//
//   - {{NAME}}: the URL of the callback
//   - {{NAME.form}}: the form that Apple posts to the callback
//   - {{NAME.code}}, {{NAME.state}}: the code and the state in the callback
//   - {{NAME.access}}, {{NAME.refresh}}, {{NAME.idToken}}: the tokens that an app gets without a browser
type visit struct {
	At   string          `json:"at,omitempty"`  // an authorization URL
	App  string          `json:"app,omitempty"` // or a provider, at which the user signs in with an app
	Who  json.RawMessage `json:"who"`           // a providertest.Visit
	Save string          `json:"save"`
}

// visitProvider signs a user in at a provider, as the user does in a browser.
func (p *player) visitProvider(v visit) error {
	var who providertest.Visit
	d := json.NewDecoder(strings.NewReader(p.fillPlaceholders(string(v.Who))))
	d.UseNumber() // ids can be larger than a float64
	d.DisallowUnknownFields()
	if err := d.Decode(&who); err != nil {
		return err
	}
	if v.App != "" {
		return p.visitWithApp(v, who)
	}
	p.names.startNumbersOfNewFlow()
	l, err := p.providers.Authorize(p.fillPlaceholders(v.At), who)
	if err != nil {
		return err
	}
	p.logins = append(p.logins, &playerLogin{Login: l})
	p.saved[v.Save], p.saved[v.Save+".form"] = l.Callback, l.Form.Encode()
	p.saved[v.Save+".code"], p.saved[v.Save+".state"] = l.Code, l.State
	return nil
}

// visitWithApp signs a user in at a provider as an app without a browser does, and saves the tokens that it gets.
func (p *player) visitWithApp(v visit, who providertest.Visit) error {
	p.names.startNumbersOfNewFlow()
	l := p.providers.AuthorizeWithoutBrowser(v.App, who)
	p.logins = append(p.logins, &playerLogin{Login: l})
	p.saved[v.Save+".access"], p.saved[v.Save+".refresh"] = l.AccessToken, l.RefreshToken
	if providertest.Issuer(v.App) == "" {
		return nil
	}
	token, err := l.MakeIDToken()
	p.saved[v.Save+".idToken"] = token
	return err
}

// playerLogin is a login at a provider in the scenario of this player.
type playerLogin struct {
	*providertest.Login
	seen int // the number of requests that providerRequests has returned for earlier steps
}

// providerRequests returns the requests that the server has sent to providers during the step. They are in comparable
// form, and sorted as JSON texts, because a server may send two at the same time. Requests for keys are not compared,
// because the servers cache keys for different times.
func (p *player) providerRequests() (all []json.RawMessage) {
	for _, l := range p.logins {
		requests := l.Requests()
		for _, r := range requests[l.seen:] {
			all = append(all, encodeJSON(p.names.replaceInValue(describeProviderRequest(r))))
		}
		l.seen = len(requests)
	}
	slices.SortStableFunc(all, func(a, b json.RawMessage) int { return bytes.Compare(a, b) })
	return all
}

// describeProviderRequest returns the parts of a request to a provider that are compared.
func describeProviderRequest(r providertest.Request) map[string]any {
	u, err := url.Parse(r.URL)
	if err != nil {
		panic(err) // cannot happen: it was the URL of a request
	}
	u.RawQuery = u.Query().Encode()
	described := map[string]any{"do": r.Method + " " + u.String()}
	form := map[string]any{}
	for name, values := range r.Form {
		if r.Method == "POST" {
			form[name] = strings.Join(values, " and ")
		}
	}
	if len(form) > 0 {
		described["form"] = form
	}
	for _, name := range []string{"Authorization", "Notion-Version"} {
		if value := r.Header.Get(name); value != "" {
			described[strings.ToLower(name)] = value
		}
	}
	if r.Refused != "" {
		described["refused"] = r.Refused
	}
	if r.Followed {
		described["followed"] = true
	}
	return described
}

// startNumbersOfNewFlow starts the numbers of new names at the next hundred, so that a difference in one OAuth flow
// does not change the names in the next one.
func (n *nameTable) startNumbersOfNewFlow() {
	n.flows++
	for _, kind := range []string{
		"code_challenge", "encrypted", "id", "jwt", "kid", "nonce", "state", "token", "verifier",
	} {
		n.counts[kind] = 100 * n.flows
	}
}

// nameURLParameters gives names to the generated parameters of the authorization URLs in a text, because later requests
// contain these values outside of such a URL.
func (n *nameTable) nameURLParameters(text string) {
	for _, found := range authorizationPattern.FindAllString(strings.ReplaceAll(text, `\u0026`, "&"), -1) {
		u, err := url.Parse(found)
		if err != nil {
			continue
		}
		for name, format := range map[string]string{
			"state": "state%027d", "nonce": "nonce%027d", "code_challenge": "challenge%034d",
		} {
			if value := u.Query().Get(name); value != "" {
				n.known[value] = n.nameFor(name, value, format)
			}
		}
	}
}

// sortParameters sorts the parameters of an authorization URL, because their order has no meaning.
func sortParameters(text string) string {
	u, err := url.Parse(text)
	if err != nil {
		return text
	}
	u.RawQuery = u.Query().Encode()
	return u.String()
}
