package conformance

import (
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// errorResponse has the status, code and message of an error response.
type errorResponse struct {
	Status        int
	Code, Message string
}

// recordedErrors returns the error responses of all recordings: Better Auth's, and Xenon's for listed divergences.
func recordedErrors(t *testing.T) map[errorResponse]bool {
	t.Helper()
	all := map[errorResponse]bool{}
	for _, s := range readAllScenarios(t) {
		for _, e := range readRecording(t, s).Exchanges {
			for _, a := range []*answer{e.Answer, e.Xenon} {
				if a == nil || a.Status < 400 {
					continue
				}
				var f errorResponse
				_ = json.Unmarshal(a.Body, &f) // an error without a body has neither code nor message
				f.Status = a.Status
				all[f] = true
			}
		}
	}
	return all
}

// errorCodes are the error codes of Better Auth that the scenarios must cause (docs/wire.md).
var errorCodes = strings.Fields(`
	ACCOUNT_NOT_FOUND BAD_REQUEST BANNED_USER CHANGE_EMAIL_DISABLED CREDENTIAL_ACCOUNT_NOT_FOUND
	CROSS_SITE_NAVIGATION_LOGIN_BLOCKED EMAIL_ALREADY_VERIFIED EMAIL_CAN_NOT_BE_UPDATED EMAIL_MISMATCH
	EMAIL_NOT_VERIFIED FAILED_TO_CREATE_USER
	FAILED_TO_GET_USER_INFO FAILED_TO_UNLINK_LAST_ACCOUNT INVALID_CALLBACK_URL INVALID_EMAIL INVALID_EMAIL_OR_PASSWORD
	INVALID_ERROR_CALLBACK_URL INVALID_NEW_USER_CALLBACK_URL INVALID_ORIGIN INVALID_PASSWORD INVALID_REDIRECT_URL
	INVALID_TOKEN INVALID_USER METHOD_NOT_ALLOWED_DEFER_SESSION_REQUIRED MISSING_OR_NULL_ORIGIN NOT_FOUND
	PASSWORD_TOO_LONG
	PASSWORD_TOO_SHORT PROVIDER_NOT_CONFIGURED PROVIDER_NOT_FOUND PROVIDER_NOT_SUPPORTED RESET_PASSWORD_DISABLED
	SESSION_EXPIRED SESSION_NOT_FRESH TOKEN_EXPIRED UNAUTHORIZED UNSUPPORTED_MEDIA_TYPE
	USER_ALREADY_EXISTS_USE_ANOTHER_EMAIL USER_NOT_FOUND VALIDATION_ERROR VERIFICATION_EMAIL_NOT_ENABLED`)

func TestR04_ScenariosCoverEveryErrorOfBetterAuth(t *testing.T) {
	t.Parallel()
	seen := map[string]bool{}
	for f := range recordedErrors(t) {
		seen[f.Code] = true
		if f.Code == "" {
			seen[f.Message] = true
		}
	}
	withoutCode := []string{
		"No fields to update", "Email is the same", "Verification email isn't enabled",
		"Invalid callbackURL: expected a string", "Too many requests. Please try again later.",
	}
	for _, want := range append(withoutCode, errorCodes...) {
		if !seen[want] {
			t.Errorf("no recorded response has Better Auth's error %s; add a scenario that causes it", want)
		}
	}
}

// newErrorCallPattern matches a call of NewError in Go source: its status, code and message.
var newErrorCallPattern = regexp.MustCompile(`NewError\(http\.Status(\w+),\s*"([A-Z_]*)",\s*"((?:[^"\\]|\\.)*)"\)`)

// errorCodesWithoutScenario are the error codes in Xenon's source that no scenario causes, with the reason.
var errorCodesWithoutScenario = map[string]string{
	"SERVICE_UNAVAILABLE":      "needs an unreachable database (D11)",
	"FAILED_TO_GET_SESSION":    "needs a session that ends during its extension",
	"INVALID_SUPABASE_SESSION": "only /sign-in/supabase has it, which needs sessions of an import (D160)",
	"PASSWORD_COMPROMISED":     "a common or breached password: the reference server has no haveIBeenPwned plugin (D68)",
}

// Each error in the source of shared/auth and shared/web has the status, code and message of a recorded response: of
// Better Auth, or of Xenon in a listed divergence. The codes in errorCodesWithoutScenario are exceptions.
func TestR04_ErrorsInTheCodeEqualBetterAuths(t *testing.T) {
	t.Parallel()
	statuses := map[string]int{}
	for status := range 600 {
		statuses[strings.NewReplacer(" ", "", "-", "", "'", "").Replace(http.StatusText(status))] = status
	}
	recorded := recordedErrors(t)
	found := 0
	for _, dir := range []string{"../shared/auth", "../shared/web"} {
		files, err := filepath.Glob(dir + "/*.go")
		if err != nil {
			t.Fatal(err)
		}
		for _, file := range files {
			text, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			if strings.HasSuffix(file, "_test.go") {
				continue
			}
			for _, m := range newErrorCallPattern.FindAllStringSubmatch(string(text), -1) {
				found++
				f := errorResponse{statuses[m[1]], m[2], m[3]}
				if !recorded[f] && errorCodesWithoutScenario[f.Code] == "" {
					t.Errorf("%s has the error %s, want one with the status, code and message of a recorded response",
						file, fmt.Sprint(f))
				}
			}
		}
	}
	if found < 30 {
		t.Errorf("errors in shared/auth and shared/web: found %d, want at least 30", found)
	}
}
