package agent

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os/exec"
	"time"

	"github.com/conserje/conserje/tools/devices/wire"
)

// Call is one program to start: an absolute path and a list of arguments.
// There is no shell anywhere in it.
type Call struct {
	Path    string        `json:"path"`
	Args    []string      `json:"args"`
	Stdin   string        `json:"stdin,omitempty"`
	Env     []string      `json:"env,omitempty"`     // beside the system's own few
	Session int           `json:"session,omitempty"` // Windows: in this session, as its user
	Within  time.Duration `json:"within"`
}

// Exit is how it ended.
type Exit struct {
	Code   int
	Output string // what it said, capped
}

// Runner starts programs. An error means that it did not start or did not end
// in time; an exit code is no error.
type Runner interface {
	Run(ctx context.Context, c Call) (Exit, error)
}

// errTimeLimit is returned for a program that was stopped at its limit.
var errTimeLimit = errors.New("it did not end in time")

// maxCaptured is how much of a program's words is kept: the beginning and the
// end, for an installer names its trouble last.
const maxCaptured = 16 << 10

// programs is the Runner of the real systems.
type programs struct {
	root string // tests: the root that programs see, instead of the system's
}

func (p programs) Run(ctx context.Context, c Call) (Exit, error) {
	if !absolute(c.Path) {
		return Exit{}, fmt.Errorf("%q is not an absolute path", c.Path)
	}
	if c.Session != 0 {
		return runInSession(ctx, c)
	}
	ctx, cancel := context.WithTimeout(ctx, c.Within)
	defer cancel()
	cmd := exec.CommandContext(ctx, c.Path, c.Args...)
	cmd.Env = append(cleanEnvironment(), c.Env...)
	cmd.Dir = workFolder()
	cmd.Stdin = bytes.NewReader([]byte(c.Stdin))
	cmd.WaitDelay = 5 * time.Second
	var out capped
	cmd.Stdout, cmd.Stderr = &out, &out
	contain(cmd, p.root)
	err := cmd.Run()
	exit := Exit{Code: cmd.ProcessState.ExitCode(), Output: out.String()}
	var ended *exec.ExitError
	switch {
	case errors.Is(ctx.Err(), context.DeadlineExceeded):
		return exit, errTimeLimit
	case ctx.Err() != nil:
		return exit, ctx.Err()
	case errors.As(err, &ended) || errors.Is(err, exec.ErrWaitDelay):
		return exit, nil
	}
	return exit, err
}

// capped keeps the first half and the last half of what is written to it.
type capped struct {
	head, tail []byte
	dropped    bool
}

func (c *capped) Write(p []byte) (int, error) {
	n := len(p)
	if room := maxCaptured/2 - len(c.head); room > 0 {
		k := min(room, len(p))
		c.head, p = append(c.head, p[:k]...), p[k:]
	}
	c.tail = append(c.tail, p...)
	if over := len(c.tail) - maxCaptured/2; over > 0 {
		c.tail, c.dropped = append([]byte(nil), c.tail[over:]...), true
	}
	return n, nil
}

func (c *capped) String() string {
	if c.dropped {
		return string(c.head) + "\n[…]\n" + string(c.tail)
	}
	return string(c.head) + string(c.tail)
}

// outcome reads a program that says 0 when it worked.
func outcome(e Exit, err error, secrets ...string) Outcome {
	text := lastPart(hide(e.Output, secrets...))
	switch {
	case errors.Is(err, errTimeLimit):
		return Outcome{Code: wire.CodeTimeout, ExitCode: e.Code, Output: text}
	case err != nil:
		return Outcome{Code: wire.CodeFailed, Output: hide(err.Error(), secrets...)}
	case e.Code != 0:
		return Outcome{Code: wire.CodeExit, ExitCode: e.Code, Output: text}
	}
	return Outcome{OK: true, Output: text}
}

// lastPart keeps what a report carries: the end, where the reason stands.
func lastPart(s string) string {
	s = display(s, maxCaptured)
	if len(s) > wire.MaxOutput {
		s = display(s[len(s)-wire.MaxOutput:], wire.MaxOutput)
	}
	return s
}
