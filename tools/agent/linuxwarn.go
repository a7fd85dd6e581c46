package agent

import (
	"context"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// What a window says by the code it ends with; ours, since systemd-run and
// desktops have their own meanings for the small ones.
const (
	saidNow   = 100
	saidLater = 101
	saidNone  = 102 // its time is up, or it was closed
)

// Warn implements System: a line on every terminal, and in each person's
// desktop a window or, where there is none to show, a notice that can be
// answered. Whoever puts it off does so for all.
func (l *linuxOS) Warn(ctx context.Context, w Warning) bool {
	ctx, cancel := context.WithTimeout(ctx, w.For)
	defer cancel()
	say := speak(w.Language, l.locale())
	_, _ = l.run.Run(ctx, Call{Path: wall, Args: []string{"--", say.text(w)}, Within: quick})
	asked := 0
	answers := make(chan string)
	if l.exists(systemdRun) {
		seen := map[string]bool{}
		for _, s := range l.sessions(ctx) {
			if seen[s.user] {
				continue
			}
			seen[s.user] = true
			asked++
			go func() {
				answer := l.ask(ctx, s.user, say, w)
				select {
				case answers <- answer:
				case <-ctx.Done():
				}
			}()
		}
	}
	for now := 0; ; {
		select {
		case <-ctx.Done():
			return false
		case answer := <-answers:
			if answer == answerLater {
				return w.MayPostpone
			}
			if answer == answerNow {
				now++
			}
			if now > 0 && now == asked {
				return false // nobody is left to wait for
			}
		}
	}
}

const (
	answerNow  = "now"
	answerNone = "" // nothing was said, or nothing could be shown
)

// ask shows a person's desktop what there is to show, through that person's
// own service manager: as that person, with that desktop's environment.
func (l *linuxOS) ask(ctx context.Context, user string, say words, w Warning) string {
	seconds := strconv.Itoa(max(1, int(w.For/time.Second)))
	text := say.text(w)
	if w.MayPostpone {
		text += "\n\n" + say.button(w)
	}
	as := func(args ...string) Call {
		begin := []string{"--user", "--machine=" + user + "@.host", "--quiet", "--pipe", "--wait", "--collect", "--property=RuntimeMaxSec=" + seconds}
		return Call{Path: systemdRun, Args: append(begin, args...), Within: w.For + quick}
	}
	if l.exists(zenity) {
		kind := []string{"--warning"}
		if w.MayPostpone {
			kind = []string{"--question", "--cancel-label=" + say["later"]}
		}
		args := []string{
			"--setenv=ZENITY_OK=" + strconv.Itoa(saidNow), "--setenv=ZENITY_CANCEL=" + strconv.Itoa(saidLater),
			"--setenv=ZENITY_ESC=" + strconv.Itoa(saidNone), "--setenv=ZENITY_TIMEOUT=" + strconv.Itoa(saidNone),
			"--", zenity,
		}
		args = append(append(args, kind...), "--no-markup", "--title=Conserje", "--text="+text, "--timeout="+seconds, "--ok-label="+say["now"])
		exit, err := l.run.Run(ctx, as(args...))
		switch {
		case err != nil || exit.Code == saidNone:
			return answerNone
		case exit.Code == saidNow:
			return answerNow
		case exit.Code == saidLater:
			return answerLater
		}
	}
	if !l.exists(notifySend) {
		return answerNone
	}
	args := []string{"--", notifySend, "--app-name=Conserje", "--urgency=critical", "--wait", "--action=" + answerNow + "=" + say["now"]}
	if w.MayPostpone {
		args = append(args, "--action="+answerLater+"="+say["later"])
	}
	exit, err := l.run.Run(ctx, as(append(args, "--", "Conserje", text)...))
	if err != nil || exit.Code != 0 {
		return answerNone
	}
	lines := strings.Fields(exit.Output)
	if len(lines) == 0 {
		return answerNone
	}
	switch last := lines[len(lines)-1]; last {
	case answerNow, answerLater:
		return last
	}
	return answerNone
}

// locale is the language that this system was set up in.
func (l *linuxOS) locale() string {
	for _, name := range []string{"/etc/locale.conf", "/etc/default/locale"} {
		raw, err := os.ReadFile(filepath.Join("/", l.root, name))
		if err != nil {
			continue
		}
		for line := range strings.Lines(string(raw)) {
			if v, ok := strings.CutPrefix(strings.TrimSpace(line), "LANG="); ok {
				return strings.Trim(v, `"'`)
			}
		}
	}
	return ""
}
