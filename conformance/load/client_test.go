package load

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"time"

	"github.com/xenon-auth/xenon/shared/config"
)

// requestTimeout is the time after which a request without a response fails.
const requestTimeout = time.Minute

// requestFault is the error of a request that got a wrong response or none. kind is the same for similar faults.
type requestFault struct{ kind, detail string }

func (f *requestFault) Error() string { return f.kind + ": " + f.detail }

// client is the HTTP client of one user: a connection that stays open, the cookies, and the response times.
type client struct {
	conn    io.ReadWriteCloser
	in      *bufio.Reader
	out     bytes.Buffer
	cookies map[string]string
	took    *requestTimes
	group   *userGroup
}

func dialClient(c *userGroup) (*client, error) {
	conn, err := net.Dial("tcp", c.address)
	if err != nil {
		return nil, err
	}
	return newClient(c, conn), nil
}

func newClient(c *userGroup, conn io.ReadWriteCloser) *client {
	return &client{conn: conn, in: bufio.NewReader(conn), cookies: map[string]string{}, took: &requestTimes{}, group: c}
}

// send sends a request as a page of the site does, and checks the status. It decodes the response into reply, unless
// reply is nil. It does not use net/http's client, which would need more processor time than the server.
func (b *client) send(method, path, jwt, body string, status int, reply any) error {
	b.group.gate.RLock()
	defer b.group.gate.RUnlock()
	b.writeRequest(method, path, jwt, body)
	begin := time.Now()
	got, text, err := b.exchange()
	if err != nil {
		return &requestFault{method + " " + path + ": no answer", err.Error()}
	}
	b.took.add(method+" "+path, time.Since(begin))
	if got != status {
		return &requestFault{fmt.Sprintf("%s %s: %d", method, path, got), fmt.Sprintf("want %d, got %.200s", status, text)}
	}
	if reply == nil {
		return nil
	}
	if err := json.Unmarshal(text, reply); err != nil {
		return &requestFault{method + " " + path + ": not the expected JSON", fmt.Sprintf("%v: %.200s", err, text)}
	}
	return nil
}

// writeRequest writes a request to b.out.
func (b *client) writeRequest(method, path, jwt, body string) {
	b.out.Reset()
	fmt.Fprintf(&b.out, "%s %s HTTP/1.1\r\nHost: localhost\r\nUser-Agent: load\r\nOrigin: %s\r\n",
		method, path, config.DefaultOrigin)
	if len(b.cookies) > 0 {
		var pairs []string
		for name, value := range b.cookies {
			pairs = append(pairs, name+"="+value)
		}
		fmt.Fprintf(&b.out, "Cookie: %s\r\n", strings.Join(pairs, "; "))
	}
	if jwt != "" {
		fmt.Fprintf(&b.out, "Authorization: Bearer %s\r\n", jwt)
	}
	if body != "" {
		fmt.Fprintf(&b.out, "Content-Type: application/json\r\nContent-Length: %d\r\n", len(body))
	}
	b.out.WriteString("\r\n" + body)
}

// exchange sends the request in b.out, and returns the status and body of the response.
func (b *client) exchange() (int, []byte, error) {
	if timed, ok := b.conn.(net.Conn); ok {
		if err := timed.SetDeadline(time.Now().Add(requestTimeout)); err != nil {
			return 0, nil, err
		}
	}
	if _, err := b.conn.Write(b.out.Bytes()); err != nil {
		return 0, nil, err
	}
	response, err := http.ReadResponse(b.in, nil)
	if err != nil {
		return 0, nil, err
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	if err == nil && response.Close {
		err = errors.New("the server closed the connection after the response, want it kept open")
	}
	b.storeCookies(response.Cookies())
	return response.StatusCode, text, err
}

// storeCookies stores the cookies of a response, as a browser does.
func (b *client) storeCookies(cookies []*http.Cookie) {
	for _, c := range cookies {
		if c.MaxAge < 0 { // net/http's representation of Max-Age=0
			delete(b.cookies, c.Name)
		} else {
			b.cookies[c.Name] = c.Value
		}
	}
}
