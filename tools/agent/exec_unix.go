//go:build !windows

package agent

import (
	"context"
	"errors"
	"os/exec"
	"path/filepath"
	"syscall"
)

func absolute(path string) bool { return filepath.IsAbs(path) }

// cleanEnvironment is all that a program sees of ours.
func cleanEnvironment() []string {
	return []string{"PATH=/usr/sbin:/usr/bin:/sbin:/bin", "LANG=C.UTF-8", "HOME=/"}
}

func workFolder() string { return "/" }

// contain gives the program a process group of its own, which ends with it.
func contain(cmd *exec.Cmd, root string) {
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Chroot: root}
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }
}

func runInSession(context.Context, Call) (Exit, error) {
	return Exit{}, errors.New("only Windows starts programs in a session")
}
