package dbtest

import (
	"net"
	"os/exec"
	"testing"
)

func TestReservedAddressIsFreeAfterReleaseWhileAChildProcessRuns(t *testing.T) {
	t.Parallel()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := l.Addr().String()
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	release, err := reserveAddress(address)
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), "sleep", "60")
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait() // the error is that of Kill
	})
	if l, err := net.Listen("tcp", address); err == nil {
		_ = l.Close()
		t.Errorf("listen on the reserved address %s: got no error, want one", address)
	}
	release()
	if l, err = net.Listen("tcp", address); err != nil {
		t.Fatalf("listen on the released address: got the error %v, want none", err)
	}
	if err := l.Close(); err != nil {
		t.Error(err)
	}
}
