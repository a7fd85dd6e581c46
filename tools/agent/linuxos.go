package agent

import (
	"bufio"
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/conserje/conserje/tools/devices/wire"
)

// linuxOS works through systemd, logind and shadow's own programs.
type linuxOS struct {
	run  Runner
	root string // before the paths of files that are read; empty on a real system
	base func(ctx context.Context) (wire.Facts, error)
}

// Programs of Linux. Distributions with a merged /usr have all of them here.
const (
	systemctl  = "/usr/bin/systemctl"
	loginctl   = "/usr/bin/loginctl"
	chpasswd   = "/usr/sbin/chpasswd" //nolint:gosec // a program, no password
	chage      = "/usr/bin/chage"
	wall       = "/usr/bin/wall"
	systemdRun = "/usr/bin/systemd-run"
	zenity     = "/usr/bin/zenity"
	notifySend = "/usr/bin/notify-send"
	dpkgQuery  = "/usr/bin/dpkg-query"
	rpm        = "/usr/bin/rpm"
)

const quick = 30 * time.Second

func (l *linuxOS) exists(path string) bool {
	_, err := os.Stat(filepath.Join("/", l.root, path))
	return err == nil
}

// Facts implements System.
func (l *linuxOS) Facts(ctx context.Context) (wire.Facts, error) {
	f, err := l.base(ctx)
	if err != nil {
		return f, err
	}
	f.System = wire.Linux
	f.Accounts, err = l.accounts(ctx)
	return f, err
}

// accounts are the people of /etc/passwd, and those who are logged in from
// elsewhere.
func (l *linuxOS) accounts(ctx context.Context) ([]wire.Account, error) {
	raw, err := os.ReadFile(filepath.Join("/", l.root, "/etc/passwd"))
	if err != nil {
		return nil, err
	}
	var list []wire.Account
	at := map[string]int{}
	for line := range strings.Lines(string(raw)) {
		fields := strings.Split(strings.TrimSpace(line), ":")
		if len(fields) < 7 {
			continue
		}
		uid, err := strconv.Atoi(fields[2])
		shell := fields[6]
		if err != nil || uid < 1000 || uid >= 65000 || strings.HasSuffix(shell, "/nologin") || strings.HasSuffix(shell, "/false") || !goodAccount(fields[0]) {
			continue
		}
		at[fields[0]] = len(list)
		list = append(list, wire.Account{Name: fields[0], SID: fields[2], Kind: wire.AccountLocal})
	}
	for _, s := range l.sessions(ctx) {
		if i, ok := at[s.user]; ok {
			list[i].LoggedIn = true
		} else {
			at[s.user] = len(list)
			list = append(list, wire.Account{Name: s.user, SID: strconv.Itoa(s.uid), Kind: wire.AccountDomain, LoggedIn: true})
		}
	}
	return list, nil
}

type linuxSession struct {
	id, user string
	uid      int
}

// sessions asks logind. The id becomes an argument, so it is checked.
func (l *linuxOS) sessions(ctx context.Context) []linuxSession {
	exit, err := l.run.Run(ctx, Call{Path: loginctl, Args: []string{"list-sessions", "--no-legend", "--no-pager"}, Within: quick})
	if err != nil || exit.Code != 0 {
		return nil
	}
	var list []linuxSession
	lines := bufio.NewScanner(strings.NewReader(exit.Output))
	for lines.Scan() {
		fields := strings.Fields(lines.Text())
		if len(fields) < 3 || !goodSession(fields[0]) {
			continue
		}
		if slices.ContainsFunc(fields[3:], func(class string) bool { return slices.Contains(notPeoples, class) }) {
			continue
		}
		if uid, err := strconv.Atoi(fields[1]); err == nil && persons(uid) && goodAccount(fields[2]) {
			list = append(list, linuxSession{fields[0], fields[2], uid})
		}
	}
	return list
}

// notPeoples are sessions that nobody sits at; newer systems list them too.
var notPeoples = []string{"manager", "manager-early", "greeter", "lock-screen", "background", "background-light", "user-early"}

// persons tells a person's uid from a service's: directories give numbers far
// above those of /etc/passwd, systemd keeps some in between for itself.
func persons(uid int) bool { return uid >= 1000 && (uid < 60514 || uid > 65535) }

func goodSession(id string) bool {
	return id != "" && len(id) <= 32 && strings.Trim(id, "abcdefghijklmnopqrstuvwxyz0123456789") == ""
}

func (l *linuxOS) sessionsOf(ctx context.Context, t Task) []linuxSession {
	var mine []linuxSession
	for _, s := range l.sessions(ctx) {
		if t.Account == "" || s.user == t.Account {
			mine = append(mine, s)
		}
	}
	return mine
}

// Packages implements System.
func (l *linuxOS) Packages(ctx context.Context) ([]wire.Package, error) {
	switch {
	case l.exists(dpkgQuery):
		exit, err := l.run.Run(ctx, Call{Path: dpkgQuery, Args: []string{"--show", "--showformat=${db:Status-Status} ${Package} ${Version}\\n"}, Within: time.Minute})
		return parsePackages(wire.Dpkg, exit.Output, "installed "), err
	case l.exists(rpm):
		exit, err := l.run.Run(ctx, Call{Path: rpm, Args: []string{"--query", "--all", "--queryformat", "%{NAME} %{VERSION}-%{RELEASE}\\n"}, Within: time.Minute})
		return parsePackages(wire.RPM, exit.Output, ""), err
	}
	return nil, nil
}

// parsePackages reads lines of a prefix, a name and a version.
func parsePackages(manager, text, prefix string) []wire.Package {
	var list []wire.Package
	for line := range strings.Lines(text) {
		line, ok := strings.CutPrefix(strings.TrimSpace(line), prefix)
		name, v, _ := strings.Cut(line, " ")
		if ok && name != "" && v != "" {
			list = append(list, wire.Package{Manager: manager, ID: name, Version: v})
		}
	}
	return list
}

// Check implements System.
func (l *linuxOS) Check(ctx context.Context, t Task) *Refusal {
	if refusal := fits(wire.Linux, t); refusal != nil {
		return refusal
	}
	switch t.Operation {
	case wire.ResetPassword:
		accounts, err := l.accounts(ctx)
		if err != nil {
			return &Refusal{Code: wire.CodeFailed, Text: "the accounts cannot be read"}
		}
		return localAccount(accounts, t)
	case wire.Lock, wire.Logout:
		if len(l.sessionsOf(ctx, t)) == 0 {
			return &Refusal{Code: wire.CodeNoSession, Text: "nobody is logged in"}
		}
	}
	return nil
}

// Ready implements System.
func (l *linuxOS) Ready(context.Context, Task) bool { return true }

// Do implements System.
func (l *linuxOS) Do(ctx context.Context, t Task) Outcome {
	switch t.Operation {
	case wire.Restart:
		return outcome(l.run.Run(ctx, Call{Path: systemctl, Args: []string{"--no-ask-password", "reboot"}, Within: quick}))
	case wire.Shutdown:
		return outcome(l.run.Run(ctx, Call{Path: systemctl, Args: []string{"--no-ask-password", "poweroff"}, Within: quick}))
	case wire.Lock:
		return l.each(ctx, t, "lock-session")
	case wire.Logout:
		return l.each(ctx, t, "terminate-session")
	case wire.ResetPassword:
		return l.resetPassword(ctx, t)
	}
	return Outcome{Code: wire.CodeNotSupported}
}

func (l *linuxOS) each(ctx context.Context, t Task, verb string) Outcome {
	o := Outcome{Code: wire.CodeNoSession, Output: "nobody is logged in"}
	for _, s := range l.sessionsOf(ctx, t) {
		if o = outcome(l.run.Run(ctx, Call{Path: loginctl, Args: []string{verb, s.id}, Within: quick})); !o.OK {
			return o
		}
	}
	return o
}

// resetPassword gives the password by standard input, then lets it expire, so
// that the next log-in asks for a new one.
func (l *linuxOS) resetPassword(ctx context.Context, t Task) Outcome {
	secret := string(t.Secret)
	exit, err := l.run.Run(ctx, Call{Path: chpasswd, Args: []string{}, Stdin: t.Account + ":" + secret + "\n", Within: quick})
	o := outcome(exit, err, secret)
	if !o.OK {
		if o.Code == wire.CodeExit {
			o.Code = wire.CodePasswordRules
		}
		return o
	}
	return outcome(l.run.Run(ctx, Call{Path: chage, Args: []string{"--lastday", "0", "--", t.Account}, Within: quick}))
}

// osRelease reads a name for people from os-release.
func osRelease(raw string) string {
	for line := range strings.Lines(raw) {
		if v, ok := strings.CutPrefix(strings.TrimSpace(line), "PRETTY_NAME="); ok {
			var s string
			if json.Unmarshal([]byte(v), &s) == nil {
				return s
			}
			return strings.Trim(v, `"'`)
		}
	}
	return ""
}
