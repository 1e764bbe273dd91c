package main

import (
	"crypto/sha256"
	_ "embed" // mail_page.html
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/xenon-auth/xenon/shared/config"
	"github.com/xenon-auth/xenon/shared/mail/content"
)

//go:embed mail_page.html
var mailPageText []byte

// mailPage serves /mail in xenon dev: the mails of the outbox file as their recipients would see them. The mails have
// links that work like a password, so only the page itself can read them.
type mailPage struct {
	file   string
	cfg    config.Mailer
	origin *url.URL
}

// withMailPage returns a handler that serves the page, and passes on other requests.
func withMailPage(api config.API, cfg config.Mailer, next http.Handler) http.Handler {
	origin, err := url.Parse(api.Origin)
	if err != nil || api.Mail != config.MailOutbox {
		return next
	}
	p := &mailPage{file: api.MailFile, cfg: cfg, origin: origin}
	own := http.NewServeMux()
	own.HandleFunc("GET /mail", p.servePage)
	own.HandleFunc("GET /mail/messages", p.serveList)
	own.HandleFunc("GET /mail/message", p.serveMail)
	own.HandleFunc("GET /mail/html", p.serveHTML)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if _, pattern := own.Handler(r); pattern == "" || r.Method != http.MethodGet {
			next.ServeHTTP(w, r)
			return
		}
		h := w.Header()
		h.Set("Cache-Control", "no-store")
		h.Set("Referrer-Policy", "no-referrer")
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Cross-Origin-Resource-Policy", "same-origin")
		h.Set("Cross-Origin-Opener-Policy", "same-origin")
		if !p.mayRead(r) {
			http.Error(w, "Open "+p.origin.String()+"/mail in a browser on this computer.", http.StatusForbidden)
			return
		}
		own.ServeHTTP(w, r)
	})
}

// mayRead reports whether a request is from the page itself, or opens it. A page of another origin may not read mails,
// nor show them in a frame. A host name that is not ours may be one that another page has made resolve to this computer
// (DNS rebinding), so only known names are answered.
func (p *mailPage) mayRead(r *http.Request) bool {
	host := r.Host
	if name, _, err := net.SplitHostPort(host); err == nil {
		host = name
	}
	if host = strings.Trim(host, "[]"); !strings.EqualFold(host, p.origin.Hostname()) && !config.IsLoopbackHost(host) {
		return false
	}
	if origin := r.Header.Get("Origin"); origin != "" && origin != "http://"+r.Host && origin != "https://"+r.Host {
		return false
	}
	switch r.Header.Get("Sec-Fetch-Site") {
	case "", "same-origin", "none":
		return true
	}
	return r.URL.Path == "/mail" && r.Header.Get("Sec-Fetch-Mode") == "navigate" &&
		r.Header.Get("Sec-Fetch-Dest") == "document"
}

func (p *mailPage) servePage(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.Header().Set("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'; "+
		"script-src 'unsafe-inline'; connect-src 'self'; frame-src 'self'; base-uri 'none'; form-action 'none'; "+
		"frame-ancestors 'none'")
	_, _ = w.Write(mailPageText)
}

// listedMail is a mail in the list of the page.
type listedMail struct {
	ID      int64     `json:"id"`
	Kind    string    `json:"kind"`
	To      string    `json:"to"`
	At      time.Time `json:"at"`
	Subject string    `json:"subject"` // "" if the mail cannot be rendered
}

// serveList answers with the list, and with what is wrong with the templates.
func (p *mailPage) serveList(w http.ResponseWriter, _ *http.Request) {
	mails, err := listOutbox(p.file)
	if err != nil {
		answerJSON(w, http.StatusInternalServerError, map[string]any{"problem": err.Error()})
		return
	}
	templates, err := p.templates()
	list := []listedMail{}
	for _, m := range mails {
		listed := listedMail{ID: m.ID, Kind: string(m.Kind), To: m.To, At: m.At}
		if err == nil {
			c, _ := templates.Render(m.Message) // serveMail shows the error
			listed.Subject = c.Subject
		}
		list = append(list, listed)
	}
	problem := ""
	if err != nil {
		problem = err.Error()
	}
	answerJSON(w, http.StatusOK, map[string]any{"mails": list, "problem": problem, "file": p.file})
}

// templates reads the templates of the settings. It reads the folder each time, so that a change can be seen at once.
func (p *mailPage) templates() (*content.Templates, error) {
	var own map[string]string
	if p.cfg.Templates.Folder != "" {
		var err error
		if own, err = content.ReadFolder(p.cfg.Templates.Folder); err != nil {
			return nil, err
		}
	}
	return content.New(p.cfg.Look, p.cfg.Site, own)
}

// render renders the mail with the id of the request. It answers with an error if it cannot.
func (p *mailPage) render(w http.ResponseWriter, r *http.Request) (c content.Content, ok bool) {
	id, err := strconv.ParseInt(r.FormValue("id"), 10, 64)
	if err != nil || id < 0 {
		answerJSON(w, http.StatusNotFound, map[string]string{"problem": errNoSuchMail.Error()})
		return c, false
	}
	m, err := readOutboxMail(p.file, id)
	if err != nil {
		answerJSON(w, http.StatusNotFound, map[string]string{"problem": err.Error()})
		return c, false
	}
	templates, err := p.templates()
	if err == nil {
		c, err = templates.Render(m)
	}
	if err != nil {
		answerJSON(w, http.StatusUnprocessableEntity, map[string]string{"problem": err.Error()})
		return c, false
	}
	return c, true
}

// serveMail answers with the subject and the text of a mail, and with a version that changes with its HTML.
func (p *mailPage) serveMail(w http.ResponseWriter, r *http.Request) {
	if c, ok := p.render(w, r); ok {
		version := fmt.Sprintf("%x", sha256.Sum256([]byte(c.HTML)))
		answerJSON(w, http.StatusOK, map[string]string{"subject": c.Subject, "text": c.Text, "version": version})
	}
}

// serveHTML answers with the HTML of a mail, for a frame of the page. No script of a template runs, and the document
// has no access to the page. Links open in the window of the page.
func (p *mailPage) serveHTML(w http.ResponseWriter, r *http.Request) {
	c, ok := p.render(w, r)
	if !ok {
		return
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.Header().Set("Content-Security-Policy", "sandbox allow-top-navigation-by-user-activation; default-src 'none'; "+
		"style-src 'unsafe-inline'; img-src http: https: data:; base-uri 'none'; form-action 'none'; frame-ancestors 'self'")
	shown := withScheme(withTopLinks(c.HTML), r.FormValue("scheme"))
	_, _ = io.WriteString(w, shown) //nolint:gosec // the policy of the document runs no script
}

var headTag = regexp.MustCompile(`(?i)<head[^>]*>`)

// withTopLinks makes the links of a document open in the top window.
func withTopLinks(html string) string {
	const base = `<base target="_top"/>`
	if place := headTag.FindStringIndex(html); place != nil {
		return html[:place[1]] + base + html[place[1]:]
	}
	return base + html
}

var (
	preferred    = regexp.MustCompile(`\(\s*prefers-color-scheme\s*:\s*(light|dark)\s*\)`)
	bothSchemes  = regexp.MustCompile(`(color-schemes?"? ?(?::|content=")\s*)(?:light dark|dark light)`)
	alwaysNever  = map[bool]string{true: "(min-width: 0)", false: "(max-width: 0)"}
	knownSchemes = map[string]bool{"light": true, "dark": true}
)

// withScheme makes a document look as in a program with light or dark colours, whatever the browser prefers.
func withScheme(html, scheme string) string {
	if !knownSchemes[scheme] {
		return html
	}
	html = preferred.ReplaceAllStringFunc(html, func(query string) string {
		return alwaysNever[strings.Contains(query, scheme)]
	})
	return bothSchemes.ReplaceAllString(html, "${1}"+scheme)
}

func answerJSON(w http.ResponseWriter, status int, v any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(v) // the error says only that the client has gone
}

// checkLocalTemplates returns what is wrong with the templates, for the log of xenon dev.
func checkLocalTemplates(cfg config.Mailer) error {
	if _, err := (&mailPage{cfg: cfg}).templates(); err != nil {
		return fmt.Errorf("MAIL_TEMPLATES: %w", err)
	}
	return nil
}
