package versus

import (
	"bufio"
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"slices"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/sync/errgroup"
)

// maxRunTime is the time after which a run ends with an error.
const maxRunTime = 2 * time.Minute

// httpCall is one HTTP request as bytes, the start of the expected body, and a text that the body must contain. status
// is the expected status, 200 if it is 0.
type httpCall struct {
	send, want, contains []byte
	status               int
}

func (c httpCall) isAnsweredBy(body []byte) bool {
	return bytes.HasPrefix(body, c.want) && bytes.Contains(body, c.contains)
}

func (c httpCall) wantedStatus() int { return cmp.Or(c.status, 200) }

func newCall(method, path, host, want, body string, headers ...string) httpCall {
	var b bytes.Buffer
	fmt.Fprintf(&b, "%s %s HTTP/1.1\r\nHost: %s\r\nUser-Agent: bench\r\n", method, path, host)
	for pair := range slices.Chunk(headers, 2) {
		fmt.Fprintf(&b, "%s: %s\r\n", pair[0], pair[1])
	}
	if body != "" {
		fmt.Fprintf(&b, "Content-Type: application/json\r\nContent-Length: %d\r\n", len(body))
	}
	b.WriteString("\r\n" + body)
	return httpCall{send: b.Bytes(), want: []byte(want)}
}

// loadResult is the result of the calls of one run.
type loadResult struct {
	took  []time.Duration // the time of each call
	whole time.Duration   // the time of the run
	full  int             // calls that the server rejected with 503
}

// sendLoad sends count calls over conns connections that stay open. Each connection sends its next call after the
// response to its previous call. sendLoad writes and parses HTTP itself, because net/http's client would use more
// processor time than some of the servers. A response other than the expected one is an error, except a 503, which
// sendLoad counts: a server may be at its limit.
func sendLoad(ctx context.Context, address string, conns, count int, next func(i int) httpCall) (loadResult, error) {
	open := make([]net.Conn, conns)
	for i := range open {
		conn, err := new(net.Dialer).DialContext(ctx, "tcp", address)
		if err != nil {
			return loadResult{}, err
		}
		defer conn.Close()
		if err := conn.SetDeadline(time.Now().Add(maxRunTime)); err != nil {
			return loadResult{}, err
		}
		open[i] = conn
	}
	took := make([]time.Duration, count)
	var taken, full atomic.Int64
	var group errgroup.Group
	begin := time.Now()
	for _, conn := range open {
		group.Go(func() error {
			in, body := bufio.NewReaderSize(conn, 16<<10), make([]byte, 0, 4<<10)
			for i := int(taken.Add(1)) - 1; i < count; i = int(taken.Add(1)) - 1 {
				c := next(i)
				start := time.Now()
				if _, err := conn.Write(c.send); err != nil {
					return err
				}
				status, text, err := readAnswer(in, body[:0])
				took[i] = time.Since(start)
				if err != nil {
					return fmt.Errorf("read a response: %w", err)
				}
				if status == 503 {
					full.Add(1)
				} else if status != c.wantedStatus() || !c.isAnsweredBy(text) {
					return fmt.Errorf("the response to %.60q is %d %.200q, want the expected one", c.send, status, text)
				}
			}
			return nil
		})
	}
	err := group.Wait()
	return loadResult{took, time.Since(begin), int(full.Load())}, err
}

var errInvalidAnswer = errors.New("the server's response is not valid HTTP/1.1")

// readAnswer reads one response and appends its body to body.
func readAnswer(in *bufio.Reader, body []byte) (status int, _ []byte, err error) {
	line, err := in.ReadSlice('\n')
	if err != nil {
		return 0, nil, err
	}
	if len(line) < 12 || !bytes.HasPrefix(line, []byte("HTTP/1.1 ")) {
		return 0, nil, errInvalidAnswer
	}
	if status, err = strconv.Atoi(string(line[9:12])); err != nil {
		return 0, nil, errInvalidAnswer
	}
	length, chunked := 0, false
	for {
		if line, err = in.ReadSlice('\n'); err != nil {
			return 0, nil, err
		}
		name, value, ok := bytes.Cut(bytes.TrimSpace(line), []byte(":"))
		switch {
		case !ok:
			if chunked {
				body, err = readChunks(in, body)
				return status, body, err
			}
			body, err = readBytes(in, body, length)
			return status, body, err
		case bytes.EqualFold(name, []byte("Content-Length")):
			if length, err = strconv.Atoi(string(bytes.TrimSpace(value))); err != nil {
				return 0, nil, errInvalidAnswer
			}
		case bytes.EqualFold(name, []byte("Transfer-Encoding")):
			chunked = true
		}
	}
}

func readChunks(in *bufio.Reader, body []byte) ([]byte, error) {
	for {
		line, err := in.ReadSlice('\n')
		if err != nil {
			return nil, err
		}
		n, err := strconv.ParseInt(string(bytes.TrimSpace(line)), 16, 32)
		if err != nil {
			return nil, errInvalidAnswer
		}
		if body, err = readBytes(in, body, int(n)); err != nil {
			return nil, err
		}
		if _, err = in.Discard(2); err != nil || n == 0 {
			return body, err
		}
	}
}

func readBytes(in *bufio.Reader, body []byte, n int) ([]byte, error) {
	from := len(body)
	body = slices.Grow(body, n)[:from+n]
	_, err := io.ReadFull(in, body[from:])
	return body, err
}

func TestResponseIsParsed(t *testing.T) {
	t.Parallel()
	text := "HTTP/1.1 200 OK\r\nContent-Length: 4\r\nX: y\r\n\r\nbody" +
		"HTTP/1.1 401 Unauthorized\r\ntransfer-encoding: chunked\r\n\r\n3\r\nabc\r\nA\r\n0123456789\r\n0\r\n\r\n" +
		"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"
	in := bufio.NewReader(bytes.NewBufferString(text))
	for _, want := range []struct {
		status int
		body   string
	}{{200, "body"}, {401, "abc0123456789"}, {200, ""}} {
		status, body, err := readAnswer(in, nil)
		if err != nil || status != want.status || string(body) != want.body {
			t.Errorf("the next of three responses: got the status %d, the body %q and the error %v, want %d and %q",
				status, body, err, want.status, want.body)
		}
	}
}

// TestLoadSendsExactlyCountCalls checks that sendLoad sends exactly count calls, and that a wrong response is an error.
func TestLoadSendsExactlyCountCalls(t *testing.T) {
	t.Parallel()
	address := serveNull(t)
	var calls sync.Map
	r, err := sendLoad(t.Context(), address, 4, 100, func(i int) httpCall {
		calls.Store(i, true)
		return newCall("GET", "/", "localhost", "{", "")
	})
	n := 0
	calls.Range(func(any, any) bool { n++; return true })
	if err != nil || n != 100 || slices.Contains(r.took, 0) {
		t.Errorf("a load of 100 calls: got %d calls and the error %v, want 100 with their times", n, err)
	}
	_, err = sendLoad(
		t.Context(),
		address,
		1,
		1,
		func(int) httpCall { return newCall("GET", "/", "localhost", "null", "") },
	)
	if err == nil {
		t.Error("a response that does not begin with the expected text: got no error, want one")
	}
}
