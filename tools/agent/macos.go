package agent

import (
	"context"
	"errors"
	"strconv"
	"strings"
	"time"

	"github.com/conserje/conserje/tools/devices/wire"
)

// macOS works through launchd, Directory Services and Homebrew.
type macOS struct {
	run     Runner
	base    func(ctx context.Context) (wire.Facts, error)
	console func() int // uid of whoever sits at the screen; 0: nobody
	exists  func(path string) bool
}

// Programs of macOS.
const (
	macShutdown = "/sbin/shutdown"
	launchctl   = "/bin/launchctl"
	sudo        = "/usr/bin/sudo"
	env         = "/usr/bin/env"
	osascript   = "/usr/bin/osascript"
	dscl        = "/usr/bin/dscl"
	pwpolicy    = "/usr/bin/pwpolicy" //nolint:gosec // a program, no password
	defaults    = "/usr/bin/defaults"
)

// lockScript calls what the Apple menu's "Lock Screen" calls. Nothing is put
// into it.
const lockScript = `ObjC.import('stdlib');
ObjC.bindFunction('dlopen', ['void *', ['char *', 'int']]);
$.dlopen('/System/Library/PrivateFrameworks/login.framework/Versions/Current/login', 1);
ObjC.bindFunction('SACLockScreenImmediate', ['int', []]);
$.SACLockScreenImmediate();`

// askScript shows its arguments: text, seconds, and one or two labels. What it
// answers is ours and not a label.
const askScript = `on run argv
	set secs to (item 2 of argv) as integer
	if (count of argv) is 4 then
		set answer to display dialog (item 1 of argv) with title "Conserje" buttons {item 4 of argv, item 3 of argv} default button 2 giving up after secs
		if gave up of answer then return "gone"
		if button returned of answer is (item 4 of argv) then return "later"
	else
		set answer to display dialog (item 1 of argv) with title "Conserje" buttons {item 3 of argv} default button 1 giving up after secs
	end if
	return "now"
end run`

// answerLater is what a window of ours says when the person puts it off.
const answerLater = "later"

// Facts implements System.
func (m *macOS) Facts(ctx context.Context) (wire.Facts, error) {
	f, err := m.base(ctx)
	if err != nil {
		return f, err
	}
	f.System = wire.MacOS
	f.Accounts, err = m.accounts(ctx)
	return f, err
}

// accounts are the people of the local directory. A mobile account is there
// too, but its password is the directory's.
func (m *macOS) accounts(ctx context.Context) ([]wire.Account, error) {
	exit, err := m.run.Run(ctx, Call{Path: dscl, Args: []string{"/Local/Default", "-list", "/Users", "UniqueID"}, Within: quick})
	if err != nil {
		return nil, err
	}
	mobile, err := m.run.Run(ctx, Call{Path: dscl, Args: []string{"/Local/Default", "-list", "/Users", "OriginalNodeName"}, Within: quick})
	if err != nil {
		return nil, err
	}
	elsewhere := map[string]bool{}
	for line := range strings.Lines(mobile.Output) {
		if fields := strings.Fields(line); len(fields) > 1 {
			elsewhere[fields[0]] = true
		}
	}
	at := strconv.Itoa(m.console())
	var list []wire.Account
	for line := range strings.Lines(exit.Output) {
		fields := strings.Fields(line)
		if len(fields) != 2 || !goodAccount(fields[0]) || strings.HasPrefix(fields[0], "_") {
			continue
		}
		if uid, err := strconv.Atoi(fields[1]); err != nil || uid < 500 || uid >= 1<<31-10 {
			continue
		}
		kind := wire.AccountLocal
		if elsewhere[fields[0]] {
			kind = wire.AccountDomain
		}
		list = append(list, wire.Account{Name: fields[0], SID: fields[1], Kind: kind, LoggedIn: fields[1] == at})
	}
	return list, nil
}

// atScreen is the uid of the task's account if it sits at the screen; 0 if
// not. No account: whoever does.
func (m *macOS) atScreen(ctx context.Context, name string) int {
	uid := m.console()
	if uid < 500 || name == "" {
		return max(0, uid)
	}
	accounts, err := m.accounts(ctx)
	if err != nil {
		return 0
	}
	for _, a := range accounts {
		if a.LoggedIn && a.Name == name {
			return uid
		}
	}
	return 0
}

// asUser starts a program in the session of a user, as that user.
func asUser(uid int, within time.Duration, path string, args ...string) Call {
	who := strconv.Itoa(uid)
	return Call{Path: launchctl, Args: append([]string{"asuser", who, sudo, "-n", "-H", "-u", "#" + who, "--", path}, args...), Within: within}
}

// Packages implements System.
func (m *macOS) Packages(ctx context.Context) ([]wire.Package, error) {
	uid := m.console()
	brew := m.brew()
	if brew == "" {
		return nil, nil
	}
	if uid < 500 {
		return nil, errors.New("homebrew answers only to whoever is logged in")
	}
	var list []wire.Package
	for _, kind := range []struct{ flag, manager string }{{"--formula", wire.HomebrewFormula}, {"--cask", wire.HomebrewCask}} {
		exit, err := m.run.Run(ctx, asUser(uid, time.Minute, env, append(brewEnvironment(brew), brew, "list", kind.flag, "--versions")...))
		if err != nil {
			return nil, err
		}
		if exit.Code != 0 && exit.Output != "" {
			return nil, errors.New("homebrew cannot list what is installed")
		}
		list = append(list, parseBrew(kind.manager, exit.Output)...)
	}
	return list, nil
}

// parseBrew reads "name version version"; the newest stands last.
func parseBrew(manager, text string) []wire.Package {
	var list []wire.Package
	for line := range strings.Lines(text) {
		if fields := strings.Fields(line); len(fields) > 1 {
			list = append(list, wire.Package{Manager: manager, ID: fields[0], Version: fields[len(fields)-1]})
		}
	}
	return list
}

// Check implements System.
func (m *macOS) Check(ctx context.Context, t Task) *Refusal {
	if refusal := fits(wire.MacOS, t); refusal != nil {
		return refusal
	}
	switch t.Operation {
	case wire.ResetPassword:
		accounts, err := m.accounts(ctx)
		if err != nil {
			return &Refusal{Code: wire.CodeFailed, Text: "the accounts cannot be read"}
		}
		if strings.ContainsAny(t.Account, " @") {
			return &Refusal{Code: wire.CodeAccount, Text: "the account's name cannot be passed on"}
		}
		return localAccount(accounts, t)
	case wire.Lock, wire.Logout:
		if m.atScreen(ctx, t.Account) == 0 {
			return &Refusal{Code: wire.CodeNoSession, Text: "nobody is logged in"}
		}
	case wire.InstallSoftware:
		if m.brew() == "" {
			return &Refusal{Code: wire.CodeManager, Text: "Homebrew is not installed"}
		}
	}
	return nil
}

// Ready implements System: Homebrew runs as whoever sits at the screen.
func (m *macOS) Ready(_ context.Context, t Task) bool {
	return t.Operation != wire.InstallSoftware || m.console() >= 500
}

// Do implements System.
func (m *macOS) Do(ctx context.Context, t Task) Outcome {
	switch t.Operation {
	case wire.Restart:
		return outcome(m.run.Run(ctx, Call{Path: macShutdown, Args: []string{"-r", "now"}, Within: quick}))
	case wire.Shutdown:
		return outcome(m.run.Run(ctx, Call{Path: macShutdown, Args: []string{"-h", "now"}, Within: quick}))
	case wire.ResetPassword:
		return m.resetPassword(ctx, t)
	case wire.InstallSoftware:
		return m.install(ctx, t.Package)
	}
	uid := m.atScreen(ctx, t.Account)
	switch {
	case uid == 0:
		return Outcome{Code: wire.CodeNoSession, Output: "nobody is logged in"}
	case t.Operation == wire.Lock:
		return outcome(m.run.Run(ctx, asUser(uid, quick, osascript, "-l", "JavaScript", "-e", lockScript)))
	case t.Operation == wire.Logout:
		return outcome(m.run.Run(ctx, Call{Path: launchctl, Args: []string{"bootout", "gui/" + strconv.Itoa(uid)}, Within: time.Minute}))
	}
	return Outcome{Code: wire.CodeNotSupported}
}

// resetPassword speaks to dscl's own prompt, so that the password is no
// argument. dscl ends well even when a line of it failed: its words count.
func (m *macOS) resetPassword(ctx context.Context, t Task) Outcome {
	secret := string(t.Secret)
	exit, err := m.run.Run(ctx, Call{Path: dscl, Args: []string{"/Local/Default"}, Stdin: "passwd /Users/" + t.Account + " " + secret + "\nquit\n", Within: quick})
	o := outcome(exit, err, secret)
	if !o.OK {
		return o
	}
	if strings.Contains(exit.Output, "Error") || strings.Contains(exit.Output, "eDS") {
		return Outcome{Code: wire.CodePasswordRules, Output: o.Output}
	}
	return outcome(m.run.Run(ctx, Call{Path: pwpolicy, Args: []string{"-u", t.Account, "-setpolicy", "newPasswordRequired=1"}, Within: quick}))
}

// Warn implements System with a window of whoever sits at the screen. The
// text is an argument of the script and no part of it.
func (m *macOS) Warn(ctx context.Context, w Warning) bool {
	uid := m.console()
	if uid < 500 {
		return false // nobody to warn
	}
	say := speak(w.Language, m.locale(ctx))
	text, buttons := say.text(w), []string{say["now"]}
	if w.MayPostpone {
		text += "\n\n" + say.button(w)
		buttons = append(buttons, say["later"])
	}
	args := append([]string{"-e", askScript, text, strconv.Itoa(int(w.For / time.Second))}, buttons...)
	began := time.Now()
	exit, err := m.run.Run(ctx, asUser(uid, w.For+quick, osascript, args...))
	if err != nil || exit.Code != 0 {
		sleep(ctx, w.For-time.Since(began)) // no window could be shown
		return false
	}
	return strings.TrimSpace(exit.Output) == answerLater
}

// locale is the language that this Mac was set up in.
func (m *macOS) locale(ctx context.Context) string {
	exit, err := m.run.Run(ctx, Call{Path: defaults, Args: []string{"read", "/Library/Preferences/.GlobalPreferences", "AppleLocale"}, Within: quick})
	if err != nil || exit.Code != 0 {
		return ""
	}
	return strings.TrimSpace(exit.Output)
}
