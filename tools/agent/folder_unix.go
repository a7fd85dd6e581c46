//go:build !windows

package agent

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
)

// DefaultDir is where the service keeps its state.
func DefaultDir() string {
	if isMac {
		return "/Library/Application Support/Conserje Agent"
	}
	return "/var/lib/conserje-agent"
}

// secureDir makes the folder for this account only, or checks the one that is
// there.
func secureDir(dir string) error {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	return checkDir(dir)
}

// checkDir refuses a folder that another account owns or may enter, and one
// below a folder that others may change: whoever can swap it decides whom the
// agent obeys.
func checkDir(dir string) error {
	path, err := filepath.Abs(dir)
	if err != nil {
		return err
	}
	info, err := os.Lstat(path)
	if err != nil {
		return err
	}
	owner, mode := owned(info)
	switch {
	case !info.IsDir():
		return fmt.Errorf("%s must be a folder, not a link or a file", path)
	case owner != os.Geteuid():
		return fmt.Errorf("%s belongs to another account (uid %d): the agent's folder must belong to the account it runs as", path, owner)
	case mode&0o077 != 0:
		return fmt.Errorf("%s may be read or changed by other accounts (mode %04o): make it 0700", path, mode&0o7777)
	}
	return checkPath(filepath.Dir(path))
}

// checkPath walks to a path as the system does, through every link, and
// refuses one that another account could bend on the way: a folder or a link
// that is neither ours nor root's, or a folder that others may write into.
func checkPath(path string) error {
	path, err := filepath.Abs(path)
	if err != nil {
		return err
	}
	at, todo := "/", parts(path)
	for steps := 0; len(todo) > 0; steps++ {
		if steps > maxSteps {
			return fmt.Errorf("%s goes round in circles", path)
		}
		name := todo[0]
		todo = todo[1:]
		if name == ".." {
			at = filepath.Dir(at)
			continue
		}
		next := filepath.Join(at, name)
		info, err := os.Lstat(next)
		if err != nil {
			return err
		}
		owner, mode := owned(info)
		if owner != 0 && owner != os.Geteuid() {
			return fmt.Errorf("%s, on the way to %s, belongs to another account (uid %d)", next, path, owner)
		}
		if info.Mode()&os.ModeSymlink != 0 {
			target, err := os.Readlink(next)
			if err != nil {
				return err
			}
			if filepath.IsAbs(target) {
				at = "/"
			}
			todo = append(parts(target), todo...)
			continue
		}
		if mode&0o022 != 0 && info.Mode()&os.ModeSticky == 0 {
			return fmt.Errorf("%s, on the way to %s, may be changed by other accounts (mode %04o)", next, path, mode&0o7777)
		}
		at = next
	}
	return nil
}

const maxSteps = 200

func parts(path string) []string {
	return slices.DeleteFunc(strings.Split(path, "/"), func(s string) bool { return s == "" || s == "." })
}

func owned(info os.FileInfo) (owner int, mode os.FileMode) {
	if st, ok := info.Sys().(*syscall.Stat_t); ok {
		return int(st.Uid), info.Mode().Perm()
	}
	return -1, info.Mode().Perm()
}

func syncDir(dir string) error {
	f, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(f.Sync(), f.Close())
}
