//go:build !unix

package main

import "os/exec"

// startInOwnGroup does nothing: only `make sam-local` needs it, which runs on Unix.
func startInOwnGroup(*exec.Cmd) {}
