//go:build !windows

package agent

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
)

// SessionHelper is needed on Windows only: elsewhere the system's own programs
// run in a user's session.
func SessionHelper(string) error {
	return errors.New("this system needs no helper of ours in the session")
}

// CheckProgram refuses to make a service of a program that others can replace.
func CheckProgram(path string) error {
	for ; ; path = filepath.Dir(path) {
		info, err := os.Stat(path)
		if err != nil {
			return err
		}
		if owner, mode := owned(info); owner != 0 && owner != os.Geteuid() || mode&0o022 != 0 && info.Mode()&os.ModeSticky == 0 {
			return fmt.Errorf("%s may be changed by other accounts: put the program where only root can write", path)
		}
		if path == filepath.Dir(path) {
			return nil
		}
	}
}
