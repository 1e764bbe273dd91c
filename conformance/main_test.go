package conformance

import (
	"os"
	"testing"

	"github.com/xenon-auth/xenon/internal/testkit/xenontest"
)

func TestMain(m *testing.M) {
	code := xenontest.RunTests(m)
	closeSharedProviderServer()
	os.Exit(code)
}
