//go:build !windows

package agent

import (
	"errors"
	"fmt"
)

// SessionHelper is needed on Windows only: elsewhere the system's own programs
// run in a user's session.
func SessionHelper(string) error {
	return errors.New("this system needs no helper of ours in the session")
}

// CheckProgram refuses to make a service of a program that others can replace.
func CheckProgram(path string) error {
	if err := checkPath(path); err != nil {
		return fmt.Errorf("%w: put the program where only root can write", err)
	}
	return nil
}
