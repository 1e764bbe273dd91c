package password

import (
	"bufio"
	"context"
	"crypto/sha1" //nolint:gosec // G505: the service uses SHA-1
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"
)

// Limits of a look-up. An answer of Have I Been Pwned has about 40 KB.
const (
	breachLookupTimeout  = 300 * time.Millisecond
	maxBreachAnswerBytes = 256 << 10
)

// Breaches looks up passwords in the list of Have I Been Pwned, as Better Auth's haveIBeenPwned plugin does: it sends
// the first five characters of the SHA-1 hash and compares the rest with the answer.
type Breaches struct {
	URL string // of the service, without "/range/"
}

// NewBreaches returns a Breaches that uses the public service.
func NewBreaches() *Breaches { return &Breaches{URL: "https://api.pwnedpasswords.com"} }

// Contains reports whether password is in the list. It returns an error, after 300 ms at most, if the service does not
// answer with 200. The error does not contain any part of the hash.
func (b *Breaches) Contains(ctx context.Context, password string) (bool, error) {
	sum := sha1.Sum([]byte(password)) //nolint:gosec // G401: as above
	digest := strings.ToUpper(hex.EncodeToString(sum[:]))
	ctx, stop := context.WithTimeout(ctx, breachLookupTimeout)
	defer stop()
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, b.URL+"/range/"+digest[:5], http.NoBody)
	if err != nil {
		return false, errors.New("look up breached password: the URL of the service is wrong")
	}
	r.Header.Set("Add-Padding", "true")
	r.Header.Set("User-Agent", "Xenon")
	response, err := clientWithoutRedirects.Do(r)
	if err != nil {
		var withURL *url.Error // it contains the URL, and so a part of the hash
		if errors.As(err, &withURL) {
			err = withURL.Err
		}
		return false, fmt.Errorf("look up breached password: %w", err)
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		return false, fmt.Errorf("look up breached password: the service answered %d", response.StatusCode)
	}
	return containsHashSuffix(io.LimitReader(response.Body, maxBreachAnswerBytes), digest[5:])
}

var clientWithoutRedirects = &http.Client{
	CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
}

// containsHashSuffix looks for "suffix:count" with a count above zero. The service pads its answers with lines whose
// count is zero.
func containsHashSuffix(body io.Reader, suffix string) (bool, error) {
	lines := bufio.NewScanner(body)
	for lines.Scan() {
		found, count, _ := strings.Cut(lines.Text(), ":")
		if strings.EqualFold(found, suffix) {
			return strings.Trim(count, "0123456789") == "" && strings.TrimLeft(count, "0") != "", nil
		}
	}
	if err := lines.Err(); err != nil {
		return false, fmt.Errorf("look up breached password: %w", err)
	}
	return false, nil
}
