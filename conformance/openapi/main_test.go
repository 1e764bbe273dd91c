package openapi

import (
	"os"
	"testing"

	"github.com/xenon-auth/xenon/internal/testkit/xenontest"
)

func TestMain(m *testing.M) { os.Exit(xenontest.RunTests(m)) }
