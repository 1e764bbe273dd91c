package oauth

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"time"
)

const (
	providerCallTimeout = 5 * time.Second // for one request and its answer
	maxAnswerBytes      = 1 << 20         // bytes
	userAgentHeader     = "xenon"         // GitHub rejects requests without one
)

// newTransport returns a transport that uses each connection for one request. Lambda freezes the process between
// requests, and the provider may close an idle connection in this time. A POST on such a connection can fail, because
// net/http does not send it again.
func newTransport() http.RoundTripper {
	transport, ok := http.DefaultTransport.(*http.Transport)
	if !ok {
		transport = &http.Transport{Proxy: http.ProxyFromEnvironment}
	}
	transport = transport.Clone()
	transport.DisableKeepAlives = true
	return transport
}

// newClient returns a client that limits the time and the length of answers and follows no redirects.
func newClient(transport http.RoundTripper) *http.Client {
	return &http.Client{
		Transport:     limitedTransport{transport},
		Timeout:       providerCallTimeout,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

// limitedTransport adds the common headers to requests and limits the length of answers.
type limitedTransport struct{ http.RoundTripper }

func (l limitedTransport) RoundTrip(r *http.Request) (*http.Response, error) {
	r = r.Clone(r.Context())
	r.Header.Set("User-Agent", userAgentHeader)
	if r.Header.Get("Accept") == "" {
		r.Header.Set("Accept", "application/json")
	}
	response, err := l.RoundTripper.RoundTrip(r)
	if err == nil {
		response.Body = http.MaxBytesReader(nil, response.Body, maxAnswerBytes)
	}
	return response, err
}

// get returns the body of a 2xx answer. The argument access is an access token or "". Errors have the text of the
// argument what instead of the URL, because the URL may contain a secret.
func (p *Providers) get(
	ctx context.Context, what, target, access string, header map[string]string,
) ([]byte, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, target, http.NoBody)
	if err != nil {
		return nil, fmt.Errorf("get %s: the URL is invalid", what)
	}
	for name, value := range header {
		request.Header.Set(name, value)
	}
	if access != "" {
		request.Header.Set("Authorization", "Bearer "+access)
	}
	response, err := p.http.Do(request)
	if err != nil {
		return nil, fmt.Errorf("get %s: %w", what, withoutURL(err))
	}
	defer response.Body.Close()
	if !isSuccessStatus(response.StatusCode) {
		return nil, fmt.Errorf("get %s: %w", what, statusError{response.StatusCode, response.Status})
	}
	body, err := io.ReadAll(response.Body)
	var tooLong *http.MaxBytesError
	switch {
	case errors.As(err, &tooLong):
		return nil, fmt.Errorf("get %s: the answer is longer than %d bytes", what, maxAnswerBytes)
	case err != nil:
		return nil, fmt.Errorf("get %s: %w", what, withoutURL(err))
	}
	return body, nil
}

// getObject returns the JSON object of a 2xx answer.
func (p *Providers) getObject(
	ctx context.Context, what, target, access string, header map[string]string,
) (object, error) {
	body, err := p.get(ctx, what, target, access, header)
	if err != nil {
		return nil, err
	}
	o, err := parseObject(body)
	if err != nil {
		return nil, fmt.Errorf("get %s: %w", what, err)
	}
	return o, nil
}

// statusError is the status of an answer that is not 2xx.
type statusError struct {
	code int
	text string
}

func (e statusError) Error() string { return "the answer is " + e.text }

// isPermanentRefusal reports whether the same request would be refused again: the status is a 4xx, and not that of a
// rate limit.
func (e statusError) isPermanentRefusal() bool {
	return e.code >= 400 && e.code <= 499 && e.code != http.StatusTooManyRequests
}

func isSuccessStatus(status int) bool { return status >= 200 && status <= 299 }

// withoutURL returns the cause of an error of http.Client, whose text has the URL.
func withoutURL(err error) error {
	var withURL *url.Error
	if errors.As(err, &withURL) {
		return withURL.Err
	}
	return err
}
