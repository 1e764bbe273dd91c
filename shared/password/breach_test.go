package password

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"
)

// The SHA-1 hash of "password" is 5BAA6 1E4C9B93F3F0682250B6CF8331B7EE68FD8.
const breachedSuffix = "1E4C9B93F3F0682250B6CF8331B7EE68FD8"

func TestBreachesAreLookedUpByPrefix(t *testing.T) {
	t.Parallel()
	beyondLimit := strings.Repeat("0018A45C4D1DEF81644B54AB7F969B88D65:10\r\n", 10_000)
	for body, want := range map[string]bool{
		"0018A45C4D1DEF81644B54AB7F969B88D65:10\r\n" + breachedSuffix + ":52256179\r\n": true,
		strings.ToLower(breachedSuffix) + ":1":                                          true,
		breachedSuffix + ":0":                                                           false, // a padding line
		breachedSuffix + ":-1":                                                          false,
		breachedSuffix + ":many":                                                        false,
		breachedSuffix:                                                                  false,
		"0018A45C4D1DEF81644B54AB7F969B88D65:10":                                        false,
		"":                                                                              false,
		beyondLimit + breachedSuffix + ":1":                                             false,
	} {
		var asked *http.Request
		service := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			asked = r
			_, _ = w.Write([]byte(body))
		}))
		got, err := (&Breaches{URL: service.URL}).Contains(t.Context(), "password")
		service.Close()
		if err != nil || got != want {
			t.Errorf("Contains, if the service answers %.60q: got %v, %v, want %v", body, got, err, want)
		}
		if asked.URL.Path != "/range/5BAA6" || asked.Header.Get("Add-Padding") != "true" {
			t.Errorf("got a request for %s with headers %v, want the prefix of the hash and Add-Padding",
				asked.URL, asked.Header)
		}
	}
}

// Errors do not contain any part of the hash, and are returned within the timeout.
func TestFailedBreachLookupsTimeOutAndRevealNothing(t *testing.T) {
	t.Parallel()
	done := make(chan struct{})
	service := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.Header.Get("User-Agent") + r.URL.Path {
		case "Xenon/slow/range/5BAA6":
			<-done
		case "Xenon/moved/range/5BAA6":
			http.Redirect(w, r, "/elsewhere", http.StatusFound)
		default:
			w.WriteHeader(http.StatusServiceUnavailable)
		}
	}))
	defer service.Close()
	defer close(done)
	for _, url := range []string{
		service.URL + "/slow", service.URL + "/moved", service.URL + "/broken", "http://127.0.0.1:1", "::",
	} {
		start := time.Now()
		found, err := (&Breaches{URL: url}).Contains(t.Context(), "password")
		if found || err == nil || strings.Contains(err.Error(), "5BAA6") {
			t.Errorf("Contains with the service %s: got %v, %v, want false and an error without the hash", url, found, err)
		}
		if d := time.Since(start); d > 10*breachLookupTimeout {
			t.Errorf("%s: the look-up took %v, want at most %v", url, d, 10*breachLookupTimeout)
		}
	}
}
