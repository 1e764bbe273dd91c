package bench

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"sync"
	"testing"
	"time"

	"github.com/xenon-auth/xenon/shared/importer/follow"
)

const (
	// changesPerSecond is the number of users who change in a second while BenchmarkFollow writes.
	changesPerSecond = 50
	// writingTime is how long users change before each measurement.
	writingTime = 20 * time.Second
)

// BenchmarkFollow measures how long writes at the source stop at the cut-over, after 50 users a second have changed for
// 20 seconds or more: with a pass and a verification of all users, and with xenon migrate run --freeze-check after
// --follow.
// Source and target are databases of one server. It measures each once, whatever b.N is.
func BenchmarkFollow(b *testing.B) {
	s := newImportBenchmark(b, *importUsers)
	s.runIntoNewTarget(b, "follow", func(b *testing.B, to string) time.Duration {
		s.runXenonMigrate(b, s.from, to, "run")
		s.runXenonMigrate(b, s.from, to, "verify")
		stop := s.changeUsers(b)
		time.Sleep(writingTime)
		changed := stop()
		pass, _ := s.runXenonMigrate(b, s.from, to, "run")
		verification, _ := s.runXenonMigrate(b, s.from, to, "verify")

		polls, followed, end := s.followWhileUsersChange(b, to)
		var result follow.Freeze
		s.runForJSON(b, &result, to, "run", "--freeze-check", "--json")
		freeze := time.Since(end)
		if !result.IsFrozen {
			b.Fatalf("the freeze check: got %q, want a frozen source", result.WhyNot())
		}
		var longest, lag float64
		for _, p := range polls[1:] { // the first poll looks for deletions and for all that changed before
			longest, lag = max(longest, p.Seconds), max(lag, p.LagSeconds)
		}
		fmt.Printf("\n%d users; %d and %d changes in %.0f s; %d polls of at most %.2f s, lag at most %.1f s\n"+
			"writes stop for %.1f s (a pass %.1f s, a verification %.1f s); with --freeze-check for %.1f s (%.1f s in it): "+
			"1/%.0f\n", s.users, changed, followed, writingTime.Seconds(), len(polls), longest, lag,
			(pass + verification).Seconds(), pass.Seconds(), verification.Seconds(), freeze.Seconds(), result.Seconds,
			(pass+verification).Seconds()/freeze.Seconds())
		b.ReportMetric((pass + verification).Seconds(), "pass-s")
		b.ReportMetric(freeze.Seconds(), "freeze-check-s")
		b.ReportMetric(longest, "poll-s")
		b.ReportMetric((pass+verification).Seconds()/freeze.Seconds(), "pass/freeze-check")
		return freeze
	})
	b.ReportMetric(0, "ns/op")
}

// changeUsers changes random users until stop is called: names, and times of sign-ins. stop returns their number.
func (s *importBenchmark) changeUsers(b *testing.B) (stop func() int) {
	b.Helper()
	conn := s.connect(b, s.from)
	ctx, cancel := context.WithCancel(b.Context())
	changed := 0
	var done sync.WaitGroup
	done.Go(func() {
		const perTick = 5
		ticks := time.NewTicker(perTick * time.Second / changesPerSecond)
		defer ticks.Stop()
		for n := 0; ; n++ {
			select {
			case <-ctx.Done():
				return
			case <-ticks.C:
			}
			_, err := conn.Exec(context.WithoutCancel(ctx), `UPDATE auth.users
SET last_sign_in_at = now(), updated_at = now(),
  raw_user_meta_data = CASE WHEN $2 % 2 = 0 THEN raw_user_meta_data || jsonb_build_object('name', 'Changed ' || $2)
    ELSE raw_user_meta_data END
WHERE id IN (
  SELECT (SELECT u.id FROM auth.users u WHERE u.id >= gen_random_uuid() ORDER BY u.id LIMIT 1)
  FROM generate_series(1, $1))`, perTick, n)
			if err != nil {
				b.Errorf("change users: %v", err)
				return
			}
			changed += perTick
		}
	})
	return func() int {
		cancel()
		done.Wait()
		_ = conn.Close(b.Context())
		return changed
	}
}

// followWhileUsersChange runs xenon migrate run --follow while users change. It returns the polls, the number of
// changes, and the time when the last one was made, after which it stopped the command.
func (s *importBenchmark) followWhileUsersChange(b *testing.B, to string) (polls []follow.Poll, n int, end time.Time) {
	b.Helper()
	cmd := s.command(b, to, "run", "--follow", "--json")
	out, err := cmd.StdoutPipe()
	if err != nil {
		b.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		b.Fatal(err)
	}
	stop, began := s.changeUsers(b), time.Now()
	for lines := bufio.NewScanner(out); lines.Scan(); {
		var p follow.Poll
		if err := json.Unmarshal(lines.Bytes(), &p); err != nil {
			b.Fatalf("the line %q: %v", lines.Bytes(), err)
		}
		polls = append(polls, p)
		if len(polls) >= 3 && end.IsZero() && time.Since(began) > writingTime {
			n, end = stop(), time.Now()
			_ = cmd.Process.Signal(os.Interrupt)
		}
	}
	if err := cmd.Wait(); err != nil || end.IsZero() {
		b.Fatalf("xenon migrate run --follow: got %d polls and the error %v, want three polls or more", len(polls), err)
	}
	return polls, n, end
}

// command returns the command `xenon migrate` with arguments.
func (s *importBenchmark) command(b *testing.B, to string, arguments ...string) *exec.Cmd {
	b.Helper()
	cmd := exec.Command(s.xenon, append([]string{"migrate"}, arguments...)...)
	cmd.Env = []string{"FROM_DATABASE_URL=" + s.from, "TO_DATABASE_URL=" + to, "HOME=" + b.TempDir()}
	return cmd
}

// runForJSON runs `xenon migrate` with arguments, and decodes the first line of its output.
func (s *importBenchmark) runForJSON(b *testing.B, into any, to string, arguments ...string) {
	b.Helper()
	out, err := s.command(b, to, arguments...).Output()
	if exit, ok := errors.AsType[*exec.ExitError](err); ok {
		b.Fatalf("xenon migrate %v: %v: %s", arguments, err, exit.Stderr)
	}
	if err := json.NewDecoder(io.LimitReader(bytes.NewReader(out), 1<<20)).Decode(into); err != nil {
		b.Fatalf("the output of xenon migrate %v: %v\n%s", arguments, err, out)
	}
}
