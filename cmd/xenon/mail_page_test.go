package main

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/xenon-auth/xenon/shared/config"
	"github.com/xenon-auth/xenon/shared/mail"
	"github.com/xenon-auth/xenon/shared/mail/content"
)

// mailPageServer is the page /mail with an outbox file and a folder of templates.
type mailPageServer struct {
	t       *testing.T
	api     config.API
	folder  string
	handler http.Handler
}

func newMailPage(t *testing.T) *mailPageServer {
	t.Helper()
	s := &mailPageServer{t: t, folder: t.TempDir()}
	s.api = config.API{
		Origin: "http://localhost:3000", Mail: config.MailOutbox, MailFile: filepath.Join(t.TempDir(), "mail.jsonl"),
	}
	next := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusTeapot) })
	s.handler = withMailPage(s.api, config.Mailer{Templates: config.MailTemplates{Folder: s.folder}}, next)
	return s
}

func (s *mailPageServer) send(messages ...mail.Message) {
	s.t.Helper()
	for _, m := range messages {
		if err := mail.New(s.api).Send(s.t.Context(), m); err != nil {
			s.t.Fatal(err)
		}
	}
}

func (s *mailPageServer) get(path string, headers ...string) *httptest.ResponseRecorder {
	s.t.Helper()
	r := httptest.NewRequest(http.MethodGet, "http://localhost:3000"+path, nil)
	for i := 0; i < len(headers); i += 2 {
		if headers[i] == "Host" {
			r.Host = headers[i+1]
		}
		r.Header.Set(headers[i], headers[i+1])
	}
	w := httptest.NewRecorder()
	s.handler.ServeHTTP(w, r)
	return w
}

// list returns the answer of the list.
func (s *mailPageServer) list() (answer struct {
	Mails   []listedMail
	Problem string
},
) {
	s.t.Helper()
	w := s.get("/mail/messages")
	if err := json.Unmarshal(w.Body.Bytes(), &answer); err != nil || w.Code != http.StatusOK {
		s.t.Fatalf("list of mails: got %d %s, %v, want 200 and JSON", w.Code, w.Body, err)
	}
	return answer
}

func TestMailPageListsTheNewestMailFirst(t *testing.T) {
	t.Parallel()
	s := newMailPage(t)
	if got := s.list(); len(got.Mails) != 0 || got.Mails == nil || got.Problem != "" {
		t.Errorf("list without an outbox file: got %+v, want an empty list", got)
	}
	all := content.TestMails()
	s.send(all...)
	if err := appendText(s.api.MailFile, "not a mail\n{\"kind\":\"magic-li"); err != nil {
		t.Fatal(err)
	}
	got := s.list().Mails
	if len(got) != len(all) {
		t.Fatalf("list: got %d mails, want %d", len(got), len(all))
	}
	for i, m := range got {
		want := all[len(all)-1-i]
		if m.Kind != string(want.Kind) || m.To != want.To || !m.At.Equal(want.At) || m.Subject == "" {
			t.Errorf("mail %d of the list: got %+v, want %+v and a subject", i, m, want)
		}
		id := strconv.FormatInt(m.ID, 10)
		var shown struct{ Subject, Text string }
		if err := json.Unmarshal(s.get("/mail/message?id="+id).Body.Bytes(), &shown); err != nil ||
			shown.Subject != m.Subject || !strings.Contains(shown.Text, "learn.example.com") {
			t.Errorf("mail %d: got %+v, %v, want the subject %s and the text", i, shown, err, m.Subject)
		}
	}
}

// The ids of mails stay the same while the file grows, also when only its end is read.
func TestMailPageReadsTheEndOfALargeOutbox(t *testing.T) {
	t.Parallel()
	s := newMailPage(t)
	m := content.TestMails()[0]
	s.send(m)
	if err := appendText(s.api.MailFile, strings.Repeat("x", maxReadBytes)+"\n"); err != nil {
		t.Fatal(err)
	}
	m.To = "bob@example.com"
	s.send(m)
	got := s.list().Mails
	if len(got) != 1 || got[0].To != m.To {
		t.Fatalf("list of a large outbox: got %+v, want the newest mail only", got)
	}
	if w := s.get("/mail/message?id=" + strconv.FormatInt(got[0].ID, 10)); w.Code != http.StatusOK {
		t.Errorf("newest mail: got %d %s, want 200", w.Code, w.Body)
	}
	if w := s.get("/mail/message?id=0"); w.Code != http.StatusOK {
		t.Errorf("oldest mail, which is not in the list: got %d %s, want 200", w.Code, w.Body)
	}
	for _, id := range []string{"", "-1", "1", "99999999", "x"} {
		if w := s.get("/mail/message?id=" + id); w.Code != http.StatusNotFound {
			t.Errorf("mail with the id %q: got %d, want 404", id, w.Code)
		}
	}
}

func appendText(file, text string) error {
	f, err := os.OpenFile(file, os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	defer f.Close()
	_, err = f.WriteString(text)
	return err
}

// No script of a mail can run, the mail has no access to the page, and its links open in the window of the page.
func TestMailPageShowsHTMLInASandbox(t *testing.T) {
	t.Parallel()
	s := newMailPage(t)
	s.send(content.TestMails()...)
	for _, m := range s.list().Mails {
		w := s.get("/mail/html?scheme=dark&id=" + strconv.FormatInt(m.ID, 10))
		csp := w.Header().Get("Content-Security-Policy")
		if w.Code != http.StatusOK || !strings.HasPrefix(csp,
			"sandbox allow-top-navigation-by-user-activation; default-src 'none'; ") || strings.Contains(csp, "script") {
			t.Errorf("HTML of %s: got %d and the policy %q, want 200 and a sandbox without scripts", m.Kind, w.Code, csp)
		}
		if !strings.Contains(w.Body.String(), `<head><base target="_top"/>`) {
			t.Errorf("HTML of %s: its links do not open in the top window:\n%s", m.Kind, w.Body)
		}
	}
	page := s.get("/mail")
	csp := page.Header().Get("Content-Security-Policy")
	if !strings.HasPrefix(csp, "default-src 'none'; ") || !strings.Contains(csp, "frame-ancestors 'none'") {
		t.Errorf("policy of the page: got %q, want default-src 'none' and no frames around it", csp)
	}
	if got := page.Body.String(); !strings.Contains(got, `sandbox="allow-top-navigation-by-user-activation"`) ||
		strings.Contains(got, "innerHTML") {
		t.Error("the page: want a frame with a sandbox, and no innerHTML")
	}
}

func TestMailPageShowsBothColorSchemes(t *testing.T) {
	t.Parallel()
	s := newMailPage(t)
	s.send(content.TestMails()[0])
	for scheme, want := range map[string][]string{
		"light": {"@media (max-width: 0)", ":root { color-scheme: light; }", `name="color-scheme" content="light"`},
		"dark":  {"@media (min-width: 0)", ":root { color-scheme: dark; }", `name="color-scheme" content="dark"`},
		"":      {"@media (prefers-color-scheme: dark)", ":root { color-scheme: light dark; }"},
	} {
		got := s.get("/mail/html?id=0&scheme=" + scheme).Body.String()
		for _, text := range want {
			if !strings.Contains(got, text) {
				t.Errorf("HTML with the scheme %q lacks %q:\n%s", scheme, text, got)
			}
		}
	}
}

// A change of a template can be seen without a restart, and a wrong one is named with its line.
func TestMailPageNamesFileAndLineOfAWrongTemplate(t *testing.T) {
	t.Parallel()
	s := newMailPage(t)
	s.send(content.TestMails()[0])
	write := func(text string) {
		t.Helper()
		if err := os.WriteFile(filepath.Join(s.folder, "layout.txt"), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write("Own words {{.URL}}{{.Code}}")
	if got := s.get("/mail/message?id=0").Body.String(); !strings.Contains(got, "Own words http") {
		t.Errorf("mail with an own layout: got %s, want its words", got)
	}
	write("{{.URL}}\n{{.Nothing}}")
	const want = "layout.txt:2:2: there is no field .Nothing"
	if got := s.list(); !strings.Contains(got.Problem, want) || len(got.Mails) != 1 {
		t.Errorf("list with a wrong template: got %+v, want the mail and %q", got, want)
	}
	w := s.get("/mail/message?id=0")
	if w.Code != http.StatusUnprocessableEntity || !strings.Contains(w.Body.String(), want) {
		t.Errorf("mail with a wrong template: got %d %s, want 422 and %q", w.Code, w.Body, want)
	}
}

// The mails have links that work like a password. Only the page itself reads them: no page of another origin, and no
// page whose host name resolves to this computer.
func TestMailPageIsClosedToOtherPages(t *testing.T) {
	t.Parallel()
	s := newMailPage(t)
	s.send(content.TestMails()[0])
	for name, c := range map[string]struct {
		headers []string
		page    int // status of the page
		mails   int // status of everything else
	}{
		"the address bar":         {[]string{"Sec-Fetch-Site", "none", "Sec-Fetch-Mode", "navigate"}, 200, 200},
		"the page itself":         {[]string{"Sec-Fetch-Site", "same-origin", "Sec-Fetch-Mode", "cors"}, 200, 200},
		"curl":                    {nil, 200, 200},
		"127.0.0.1":               {[]string{"Host", "127.0.0.1:3000"}, 200, 200},
		"::1":                     {[]string{"Host", "[::1]:3000"}, 200, 200},
		"another name":            {[]string{"Host", "evil.example:3000"}, 403, 403},
		"a name that looks local": {[]string{"Host", "localhost.evil.example"}, 403, 403},
		"no name":                 {[]string{"Host", ""}, 403, 403},
		"another origin":          {[]string{"Origin", "https://evil.example"}, 403, 403},
		"a sandboxed page":        {[]string{"Origin", "null"}, 403, 403},
		"another port":            {[]string{"Origin", "http://localhost:3001", "Sec-Fetch-Site", "same-site"}, 403, 403},
		"a script of another page": {
			[]string{"Sec-Fetch-Site", "cross-site", "Sec-Fetch-Mode", "no-cors", "Sec-Fetch-Dest", "script"}, 403, 403,
		},
		"a frame of another page": {
			[]string{"Sec-Fetch-Site", "cross-site", "Sec-Fetch-Mode", "navigate", "Sec-Fetch-Dest", "iframe"}, 403, 403,
		},
		"a link on another page": {
			[]string{"Sec-Fetch-Site", "cross-site", "Sec-Fetch-Mode", "navigate", "Sec-Fetch-Dest", "document"}, 200, 403,
		},
	} {
		for path, want := range map[string]int{
			"/mail": c.page, "/mail/messages": c.mails, "/mail/message?id=0": c.mails, "/mail/html?id=0": c.mails,
		} {
			w := s.get(path, c.headers...)
			if w.Code != want || w.Header().Get("Access-Control-Allow-Origin") != "" {
				t.Errorf("GET %s from %s: got %d and Access-Control-Allow-Origin %q, want %d and none",
					path, name, w.Code, w.Header().Get("Access-Control-Allow-Origin"), want)
			}
			if want == http.StatusForbidden && strings.Contains(w.Body.String(), "t0k3n") {
				t.Errorf("GET %s from %s: the answer has a mail: %s", path, name, w.Body)
			}
			if w.Header().Get("Cache-Control") != "no-store" {
				t.Errorf("GET %s: got Cache-Control %q, want no-store", path, w.Header().Get("Cache-Control"))
			}
		}
	}
}

// The page exists only with an outbox. Other requests and paths reach the API and the site.
func TestMailPageIsOnlyForTheOutbox(t *testing.T) {
	t.Parallel()
	s := newMailPage(t)
	for _, path := range []string{"/", "/mail/", "/mailbox", "/mail/other", "/api/auth/ok"} {
		if w := s.get(path); w.Code != http.StatusTeapot {
			t.Errorf("GET %s: got %d, want the answer of the API or the site", path, w.Code)
		}
	}
	next := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusTeapot) })
	for _, where := range []config.Mail{config.MailQueue, config.MailSMTP, config.MailNone} {
		s.api.Mail = where
		s.handler = withMailPage(s.api, config.Mailer{}, next)
		if w := s.get("/mail"); w.Code != http.StatusTeapot {
			t.Errorf("GET /mail with MAIL=%s: got %d, want the answer of the site", where, w.Code)
		}
	}
}
