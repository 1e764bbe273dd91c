package providertest

import (
	"encoding/json"
	"errors"
	"html/template"
	"net/http"
	"strings"
)

// handler serves the endpoints of all providers.
func (s *Server) handler() http.Handler {
	mux := http.NewServeMux()
	for _, p := range allProviders() {
		mux.HandleFunc("GET "+p.authorize, s.authorizePage)
		mux.HandleFunc("POST "+p.exchange, s.tokenEndpoint(p))
		if p.profile != "" {
			mux.HandleFunc("GET "+p.profile, s.userEndpoint(p, "profile", p.profileAnswer))
		}
		if p.jwks != "" {
			mux.HandleFunc("GET "+p.jwks, s.documentEndpoint(p, "jwks", func() any { return s.publishedKeySet(p) }))
		}
		if p.discovery != "" {
			mux.HandleFunc("GET "+p.discovery, s.documentEndpoint(p, "discovery", func() any { return p.discoveryDocument() }))
		}
	}
	github, microsoft, facebook := findProvider("github"), findProvider("microsoft"), findProvider("facebook")
	mux.HandleFunc("GET api.github.com/user/emails", s.userEndpoint(github, "emails",
		func(_ *http.Request, who Person) any { return githubEmails(who) }))
	mux.HandleFunc("GET graph.microsoft.com/v1.0/me/photos/48x48/$value", s.userEndpoint(microsoft, "photo",
		func(_ *http.Request, who Person) any { return pictureContent(who.Photo) }))
	mux.HandleFunc("GET graph.facebook.com/debug_token", s.debugToken(facebook))
	return mux
}

// SignIn sets the user who is signed in at the providers when a real browser opens an authorization URL.
func (s *Server) SignIn(v Visit) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.browser = v
}

var formPostPage = template.Must(template.New("").Parse(`<!doctype html><title>Continue</title>
<form method="post" action="{{.Callback}}">{{range $name, $values := .Form}}{{range $values}}
<input type="hidden" name="{{$name}}" value="{{.}}">{{end}}{{end}}
<button>Continue</button></form><script>document.forms[0].submit()</script>`))

// authorizePage redirects the browser to the callback immediately, as the user whom SignIn has set.
func (s *Server) authorizePage(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	visit := s.browser
	s.mu.Unlock()
	l, err := s.Authorize("https://"+r.Host+r.URL.RequestURI(), visit)
	switch {
	case err != nil:
		http.Error(w, err.Error(), http.StatusBadRequest)
	case l.Form != nil:
		_ = formPostPage.Execute(w, l) // fails if the client has disconnected
	default:
		http.Redirect(w, r, l.Callback, http.StatusFound)
	}
}

// documentEndpoint serves a document that needs no access token: a key set or a discovery document.
func (s *Server) documentEndpoint(p provider, endpoint string, content func() any) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		s.recordRequest(p, endpoint, r, nil, nil)
		if !s.fault(p, endpoint, nil).send(w, r, s.Delay) {
			writeJSON(w, http.StatusOK, content())
		}
	}
}

// pictureContent is the body of an answer that is a picture instead of JSON. If it is empty, the answer is 404.
type pictureContent string

// userEndpoint serves what content returns for the user to whom the access token belongs.
func (s *Server) userEndpoint(
	p provider, endpoint string, content func(*http.Request, Person) any,
) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		endpoint := endpoint
		if p.id == "twitter" && r.URL.Query().Get("user.fields") == "confirmed_email" {
			endpoint = "confirmed_email"
		}
		token, isBearer := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
		l := s.findLogin(token)
		err := p.checkUserRequest(r, isBearer && l != nil && l.Provider == p.id)
		s.recordRequest(p, endpoint, r, l, err)
		if err != nil {
			writeJSON(w, http.StatusUnauthorized, map[string]any{"message": err.Error()})
			return
		}
		if s.fault(p, endpoint, l).send(w, r, s.Delay) {
			return
		}
		answer := content(r, l.Visit.Person)
		picture, isPhoto := answer.(pictureContent)
		switch {
		case !isPhoto:
			writeJSON(w, http.StatusOK, answer)
		case picture == "":
			writeJSON(w, http.StatusNotFound, map[string]any{"error": map[string]any{"code": "ImageNotFound"}})
		default:
			w.Header().Set("Content-Type", "image/jpeg")
			_, _ = w.Write([]byte(picture)) // fails if the client has disconnected
		}
	}
}

// checkUserRequest returns an error if isTokenValid is false, or if r lacks a header that the provider requires.
func (p provider) checkUserRequest(r *http.Request, isTokenValid bool) error {
	switch {
	case !isTokenValid:
		return errors.New("a wrong access token")
	case p.id == "github" && r.UserAgent() == "":
		return errors.New("the request has no User-Agent, which GitHub requires")
	case p.id == "notion" && r.Header.Get("Notion-Version") == "":
		return errors.New("the request has no Notion-Version, which Notion requires")
	}
	return nil
}

// profileAnswer returns the profile. Facebook returns only the requested fields of it, and Twitter returns another
// answer if the request asks for confirmed_email.
func (p provider) profileAnswer(r *http.Request, who Person) any {
	profile := p.profileOf(who)
	switch p.id {
	case "twitter":
		if r.URL.Query().Get("user.fields") == "confirmed_email" {
			return twitterEmail(who)
		}
	case "facebook":
		requested := "," + r.URL.Query().Get("fields") + ","
		for name := range profile {
			if !strings.Contains(requested, ","+name+",") {
				delete(profile, name)
			}
		}
	}
	return profile
}

// debugToken answers with the client (app_id) to which an access token of Facebook belongs. The request needs the
// client's secret.
func (s *Server) debugToken(p provider) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		l := s.findLogin(r.URL.Query().Get("input_token"))
		var err error
		if r.URL.Query().Get("access_token") != ClientID(p.id)+"|"+ClientSecret(p.id) {
			err = errors.New("a wrong access token of the app")
		}
		s.recordRequest(p, "debug", r, l, err)
		if err != nil {
			writeJSON(w, http.StatusBadRequest, map[string]any{"error": map[string]any{"message": err.Error()}})
			return
		}
		if s.fault(p, "debug", l).send(w, r, s.Delay) {
			return
		}
		data := map[string]any{"is_valid": false}
		if l != nil && l.Provider == p.id {
			data = map[string]any{"is_valid": true, "app_id": ClientID(p.id), "user_id": l.Visit.Subject, "type": "USER"}
			data = withChanges(data, l.Visit.Debug)
		}
		writeJSON(w, http.StatusOK, map[string]any{"data": data})
	}
}

// discoveryDocument returns the OpenID Connect metadata of an issuer.
func (p provider) discoveryDocument() map[string]any {
	return map[string]any{
		"issuer": p.issuer, "authorization_endpoint": "https://" + p.authorize, "token_endpoint": "https://" + p.exchange,
		"userinfo_endpoint": "https://" + p.profile, "jwks_uri": "https://" + p.jwks,
		"response_types_supported": []string{"code"}, "subject_types_supported": []string{"public"},
		"id_token_signing_alg_values_supported": []string{p.algorithm},
		"scopes_supported":                      []string{"openid", "profile", "email"},
		"token_endpoint_auth_methods_supported": []string{"client_secret_post"},
		"code_challenge_methods_supported":      []string{"S256"},
	}
}

func writeJSON(w http.ResponseWriter, status int, body any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(body) // fails if the client has disconnected
}
