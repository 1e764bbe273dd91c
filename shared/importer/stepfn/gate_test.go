package stepfn_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/xenon-auth/xenon/internal/testkit/importtest"
	"github.com/xenon-auth/xenon/internal/testkit/supabasetest"
	"github.com/xenon-auth/xenon/shared/importer/stepfn"
)

func TestGateNamesTheCauseIfNoRowDiffers(t *testing.T) {
	t.Parallel()
	from := supabasetest.New(t)
	supabasetest.Fill(t, from, 31, 25)
	m := importtest.NewImport(t, from)
	m.Shared = true
	runSteps := func(actions ...string) {
		t.Helper()
		for _, action := range actions {
			if err := stepOfAction(action).do(t.Context(), m); err != nil {
				t.Fatalf("the action %s: got %v, want no error", action, err)
			}
		}
	}
	checkCause := func(want string) {
		t.Helper()
		err := stepOfAction("gate").do(t.Context(), m)
		if !errors.Is(err, stepfn.ErrNeedsAttention) || !strings.Contains(err.Error(), want) {
			t.Errorf("the action gate: got %v, want ErrNeedsAttention with %q", err, want)
		}
	}
	runSteps("begin", "copy", "close")
	checkCause(": not every batch was copied and verified since the last pass began; ")
	runSteps("verify", "gate")
	importtest.Exec(t, from, `insert into auth.users (id) values (gen_random_uuid())`)
	checkCause(": 1 check of the row counts fails; ")
}
