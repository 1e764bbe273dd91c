package oauth

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"net/url"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/xenon-auth/xenon/shared/config"
)

func TestProvidersAreThoseOfTheSettings(t *testing.T) {
	t.Parallel()
	p := newFakeProviders(t).newProviders(
		config.Provider{ID: "github", Name: "GitHub"}, config.Provider{ID: "google", Name: "Google"},
		config.Provider{ID: "acme", Name: "Acme", OIDC: true, Issuer: issuer})
	if diff := cmp.Diff([]Info{{"github", "GitHub"}, {"google", "Google"}, {"acme", "Acme"}}, p.All()); diff != "" {
		t.Errorf("All (-want +got):\n%s", diff)
	}
	for _, id := range []string{"apple", "GitHub", "credential", "", " github"} {
		if found, err := p.Find(t.Context(), id); !errors.Is(err, ErrUnknownProvider) || found != nil {
			t.Errorf("Find(%q): got %v and the error %v, want ErrUnknownProvider", id, found, err)
		}
	}
}

// The JSON of the list is [] without providers, not null.
func TestListWithoutProvidersIsEmpty(t *testing.T) {
	t.Parallel()
	if got := newFakeProviders(t).newProviders().All(); got == nil || len(got) != 0 {
		t.Errorf("All without providers: got %#v, want an empty list", got)
	}
}

func TestClientUsesTheProxyAndNoConnectionTwice(t *testing.T) {
	t.Parallel()
	transport, ok := newTransport().(*http.Transport)
	if !ok || transport.Proxy == nil || !transport.DisableKeepAlives {
		t.Errorf("newTransport = %+v, want a proxy function and no keep-alive", transport)
	}
	if c := newClient(transport); c.Timeout != providerCallTimeout {
		t.Errorf("the timeout of the client is %s, want %s", c.Timeout, providerCallTimeout)
	}
}

// A proxy, such as that of a company, gets a CONNECT request for the host of the provider.
func TestRequestsGoThroughAProxy(t *testing.T) {
	t.Parallel()
	var asked string
	proxy := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked = r.Method + " " + r.Host
		http.Error(w, "", http.StatusForbidden)
	}))
	t.Cleanup(proxy.Close)
	at, err := url.Parse(proxy.URL)
	if err != nil {
		t.Fatal(err)
	}
	p := newFakeProviders(t).newProviders(config.Provider{ID: "github"})
	transport := newTransport().(*http.Transport)
	transport.Proxy = http.ProxyURL(at)
	p.http = newClient(transport)
	found, err := p.Find(t.Context(), "github")
	if err != nil {
		t.Fatal(err)
	}
	_, err = found.Exchange(t.Context(), goodCode, goodVerifier)
	if !errors.Is(err, ErrInvalidCode) || asked != "CONNECT github.com:443" {
		t.Errorf("the proxy got %q, Exchange returned %v; want CONNECT github.com:443 and ErrInvalidCode", asked, err)
	}
	checkNoSecret(t, err)
}
