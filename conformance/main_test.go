package conformance

import (
	"os"
	"testing"
)

func TestMain(m *testing.M) {
	code := m.Run()
	closeSharedProviderServer()
	os.Exit(code)
}
