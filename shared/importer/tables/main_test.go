package tables_test

import (
	"context"
	"fmt"
	"os"
	"testing"
	"time"

	"github.com/xenon-auth/xenon/internal/testkit/childtest"
	"github.com/xenon-auth/xenon/shared/importer/follow"
	"github.com/xenon-auth/xenon/shared/importer/run"
	"github.com/xenon-auth/xenon/shared/importer/tables"
)

// child holds the arguments of a child process that moves tables.
type child struct {
	From, To, Schema string
	Options          tables.Options
	PgDumps          []string
	Follows          bool // follows users and tables until they are idle, instead
}

func TestMain(m *testing.M) { childtest.Main(m, runChild) }

func runChild(c child) error {
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
