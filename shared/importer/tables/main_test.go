package tables_test

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"testing"
	"time"

	"github.com/xenon-auth/xenon/shared/importer/follow"
	"github.com/xenon-auth/xenon/shared/importer/run"
	"github.com/xenon-auth/xenon/shared/importer/tables"
)

// childVariable is the environment variable that makes this test binary move tables instead of running tests. The kill
// test uses such a process. The value is a child as JSON.
const childVariable = "XENON_TABLES_TEST_CHILD"

// child holds the arguments of a child process that moves tables.
type child struct {
	From, To, Schema string
	Options          tables.Options
	PgDumps          []string
	Follows          bool // follows users and tables until they are idle, instead
}

func TestMain(m *testing.M) {
	if text, ok := os.LookupEnv(childVariable); ok {
		if err := runChild(text); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		return
	}
	os.Exit(m.Run())
}

func runChild(text string) error {
	var c child
	if err := json.Unmarshal([]byte(text), &c); err != nil {
		return err
	}
	env := &run.Env{
		From: c.From, To: c.To, Schema: c.Schema, Holder: fmt.Sprintf("process %d", os.Getpid()), Now: time.Now,
	}
	fmt.Println("ready")
	var err error
	if c.Follows {
		_, err = follow.Run(context.Background(), env, followOptions(nil))
	} else {
		_, err = tables.Run(context.Background(), env, "supabase", c.Options, c.PgDumps, 2)
	}
	if err == nil {
		fmt.Println("complete")
	}
	return err
}
