// Command standin implements the shell, mv and chmod of the image that replaces AWS's base image in tests. SAM's
// Dockerfile only runs "mv A B && chmod +x B" in it.
package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

func main() {
	if err := run(os.Args); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// run executes the command of /bin/sh -c.
func run(args []string) error {
	if len(args) != 3 || args[1] != "-c" {
		return fmt.Errorf("this program runs only the commands of the Dockerfile of SAM CLI 1.170, not %q", args)
	}
	for command := range strings.SplitSeq(args[2], "&&") {
		words := strings.Fields(command)
		var err error
		switch {
		case len(words) == 3 && words[0] == "mv":
			err = os.Rename(filepath.Clean(words[1]), filepath.Clean(words[2]))
		case len(words) == 3 && words[0] == "chmod" && words[1] == "+x":
			err = os.Chmod(filepath.Clean(words[2]), 0o755) //nolint:gosec // an executable for all users
		default:
			err = fmt.Errorf("this program runs only the commands of the Dockerfile of SAM CLI 1.170, not %q", command)
		}
		if err != nil {
			return err
		}
	}
	return nil
}
