package attack

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"strings"
	"time"
)

// rawRequest is an HTTP request that sendRaw writes to the connection as it is, without checks or corrections.
type rawRequest struct {
	method, target string
	headers        []string // complete header lines
	body           string
	length         string // the Content-Length, which may be wrong; "-": no such header; "": the length of body
	closesWrite    bool   // the connection is closed for writing after the body
}

func (r rawRequest) wireFormat() []byte {
	var out bytes.Buffer
	fmt.Fprintf(&out, "%s %s HTTP/1.1\r\nHost: own.example\r\nConnection: close\r\n", r.method, r.target)
	for _, line := range r.headers {
		out.WriteString(line + "\r\n")
	}
	switch {
	case r.length == "-":
	case r.length != "":
		out.WriteString("Content-Length: " + r.length + "\r\n")
	case r.body != "":
		fmt.Fprintf(&out, "Content-Length: %d\r\n", len(r.body))
	}
	out.WriteString("\r\n" + r.body)
	return out.Bytes()
}

// withHeader replaces the lines of a header.
func (r rawRequest) withHeader(name string, lines ...string) rawRequest {
	kept := []string{}
	for _, line := range r.headers {
		if !strings.HasPrefix(strings.ToLower(line), strings.ToLower(name)+":") {
			kept = append(kept, line)
		}
	}
	r.headers = append(kept, lines...)
	return r
}

// answer is a response. The status is 0 if the server closed the connection without a response.
type answer struct {
	status int
	header http.Header
	body   string
}

// sendRaw sends a request and reads the response.
func (s *testServer) sendRaw(r rawRequest) (a answer, err error) {
	conn, err := net.Dial("tcp", strings.TrimPrefix(s.url, "http://"))
	if err != nil {
		return a, err
	}
	defer conn.Close()
	if err := conn.SetDeadline(time.Now().Add(30 * time.Second)); err != nil {
		return a, err
	}
	_, _ = conn.Write(r.wireFormat()) // fails if the server rejects the request before it has read all of it
	if r.closesWrite {
		_ = conn.(*net.TCPConn).CloseWrite()
	}
	from := bufio.NewReader(conn)
	response, err := http.ReadResponse(from, &http.Request{Method: r.method})
	if err == nil && response.StatusCode == http.StatusContinue {
		response, err = http.ReadResponse(from, &http.Request{Method: r.method})
	}
	if errors.Is(err, os.ErrDeadlineExceeded) {
		return a, err
	}
	if err != nil {
		return a, nil // the server closed the connection
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	return answer{response.StatusCode, response.Header, string(body)}, err
}
