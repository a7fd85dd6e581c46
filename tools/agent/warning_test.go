package agent

import (
	"bytes"
	"context"
	"encoding/json"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/conserje/conserje/tools/devices/wire"
)

func TestTheWarningIsWholeInEveryLanguage(t *testing.T) {
	t.Parallel()
	if got := slices.Sorted(maps.Keys(catalogues)); !slices.Equal(got, []string{"de", "en", "es", "fr", "it"}) {
		t.Errorf("languages: %v", got)
	}
	placeholders := regexp.MustCompile(`\{[a-z]+\}`)
	english := catalogues[fallback]
	for language, w := range catalogues {
		if !slices.Equal(slices.Sorted(maps.Keys(w)), slices.Sorted(maps.Keys(english))) {
			t.Errorf("%s has other keys", language)
		}
		for key, text := range w {
			want, got := placeholders.FindAllString(english[key], -1), placeholders.FindAllString(text, -1)
			slices.Sort(want)
			slices.Sort(got)
			if text == "" || !slices.Equal(got, want) {
				t.Errorf("%s %s: %q", language, key, text)
			}
			if language != fallback && text == english[key] && !strings.HasPrefix(key, "minute") {
				t.Errorf("%s %s is English: %q", language, key, text)
			}
		}
	}
}

func TestTheWarningSpeaksTheOwnersLanguageElseTheSystems(t *testing.T) {
	t.Parallel()
	for _, test := range []struct{ owner, system, want string }{
		{"es", "de_DE.UTF-8", "Ahora"},
		{"", "de_AT.UTF-8", "Jetzt"},
		{"", "fr-CA", "Maintenant"},
		{"pt", "it_IT", "Adesso"},
		{"", "C.UTF-8", "Now"},
		{"", "", "Now"},
		{"../../etc/passwd", "POSIX", "Now"},
	} {
		if got := speak(test.owner, test.system)["now"]; got != test.want {
			t.Errorf("%+v: %q", test, got)
		}
	}
	for d, want := range map[time.Duration]string{
		time.Second: "1 second", 45 * time.Second: "45 seconds", time.Minute: "1 minute", 90 * time.Second: "90 seconds", 5 * time.Minute: "5 minutes",
	} {
		if got := speak("en").span(d); got != want {
			t.Errorf("%v: %q", d, got)
		}
	}
}

// linuxWith is a Linux with these programs, set up in Italian, with one person
// at it.
func linuxWith(t *testing.T, r Runner, has ...string) *linuxOS {
	t.Helper()
	l := testLinux(t, r)
	for _, path := range append(has, "/etc/locale.conf") {
		if err := os.MkdirAll(filepath.Join(l.root, filepath.Dir(path)), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(l.root, path), []byte("LANG=\"it_IT.UTF-8\"\n"), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	return l
}

var oneSession = map[string]Exit{"/usr/bin/loginctl list-sessions": {Output: "2 1000 ana seat0 tty2\n3 1000 ana - manager\n4 42 gdm seat0 greeter\n"}}

func TestTheWarningsArgumentsOnEverySystem(t *testing.T) {
	t.Parallel()
	type shown struct {
		Session int    `json:"session,omitempty"`
		Text    string `json:"text,omitempty"`
		For     int    `json:"seconds,omitempty"`
		Ask     bool   `json:"ask,omitempty"`
		Calls   []Call `json:"calls,omitempty"`
	}
	got := map[string][]shown{}
	for _, operation := range []string{wire.Restart, wire.Shutdown} {
		for _, may := range []bool{true, false} {
			w := Warning{Operation: operation, Language: "de", For: time.Minute, MayPostpone: may, PostponedFor: 5 * time.Minute}
			name := operation
			if !may {
				name += " for good"
			}
			windows := testWindows(&recorder{})
			windows.sessions = func() []windowsSession { return []windowsSession{{2, "LAPTOP-7", "ana"}} }
			windows.message = func(session int, _, text string, within time.Duration, may bool) bool {
				got["windows "+name] = append(got["windows "+name], shown{Session: session, Text: text, For: int(within / time.Second), Ask: may})
				return may
			}
			if windows.Warn(t.Context(), w) != may {
				t.Errorf("windows %s", name)
			}
			r := &recorder{after: Exit{Output: "now\n"}, answers: map[string]Exit{"/usr/bin/defaults": {Output: "fr_FR\n"}}}
			testMac(r).Warn(t.Context(), w)
			got["macos "+name] = []shown{{Calls: r.calls}}
			for desktop, has := range map[string]string{"window": zenity, "notice": notifySend} {
				r := &recorder{answers: oneSession, after: Exit{Code: map[string]int{zenity: saidNow}[has], Output: map[string]string{notifySend: "now\n"}[has]}}
				linuxWith(t, r, systemdRun, has).Warn(t.Context(), w)
				got["linux "+desktop+" "+name] = []shown{{Calls: r.calls}}
			}
		}
	}
	var raw bytes.Buffer
	enc := json.NewEncoder(&raw)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	if err := enc.Encode(got); err != nil {
		t.Fatal(err)
	}
	golden(t, "warning.golden.json", raw.Bytes())
	for name, list := range got {
		text := list[0].Text
		for _, c := range list[0].Calls {
			text += strings.Join(c.Args, " ")
		}
		if !strings.Contains(text, "Bitte speichern Sie Ihre Arbeit") || strings.Contains(text, "5 Minuten") == strings.HasSuffix(name, "for good") {
			t.Errorf("%s: %s", name, text)
		}
	}
}

func TestWhatAWindowSaysIsUnderstood(t *testing.T) {
	t.Parallel()
	noWindow := Exit{Code: 1, Output: "Gtk-WARNING: cannot open display"}
	for name, test := range map[string]struct {
		exit      Exit
		may       bool
		postponed bool
		waits     time.Duration
	}{
		"now":                              {Exit{Code: saidNow}, true, false, 0},
		"later":                            {Exit{Code: saidLater}, true, true, 0},
		"later, and a toolkit's complaint": {Exit{Code: saidLater, Output: "Gtk-WARNING: theme"}, true, true, 0},
		"later, which was not offered":     {Exit{Code: saidLater}, false, false, 0},
		"no answer":                        {Exit{Code: saidNone}, true, false, time.Minute},
		"no window":                        {noWindow, true, false, time.Minute},
	} {
		synctest.Test(t, func(t *testing.T) {
			r := &recorder{answers: oneSession, after: test.exit}
			began := time.Now()
			got := linuxWith(t, r, systemdRun, zenity).Warn(t.Context(), Warning{Operation: wire.Restart, For: time.Minute, MayPostpone: test.may, PostponedFor: time.Minute})
			if waited := time.Since(began); got != test.postponed || waited != test.waits {
				t.Errorf("%s: postponed %v after %v", name, got, waited)
			}
		})
	}
	for output, want := range map[string]bool{"later\n": true, "now\n": false, "gone\n": false, "Später\n": false} {
		r := &recorder{after: Exit{Output: output}, answers: map[string]Exit{"/usr/bin/defaults": {Code: 1}}}
		if got := testMac(r).Warn(t.Context(), Warning{Operation: wire.Restart, For: time.Second, MayPostpone: true}); got != want {
			t.Errorf("macOS %q: %v", output, got)
		}
	}
}

// Two people at one machine: both are asked, and each may put it off.
func TestEverybodyWhoIsLoggedInIsWarned(t *testing.T) {
	t.Parallel()
	for want, answers := range map[bool]map[string]int{
		true:  {"ana": saidNow, "ben": saidLater}, // one is enough to put it off
		false: {"ana": saidNow, "ben": saidNow},
	} {
		l := linuxWith(t, &talk{answers}, systemdRun, zenity)
		got := l.Warn(t.Context(), Warning{Operation: wire.Shutdown, For: time.Minute, MayPostpone: true, PostponedFor: time.Minute})
		if got != want {
			t.Errorf("%v: put off %v", answers, got)
		}
	}
	w := testWindows(&recorder{})
	w.message = func(session int, _, _ string, _ time.Duration, _ bool) bool { return session == 3 }
	if !w.Warn(t.Context(), Warning{Operation: wire.Restart, For: time.Minute, MayPostpone: true}) {
		t.Error("windows: the second session's answer was lost")
	}
	w.sessions = func() []windowsSession { return nil }
	if w.Warn(t.Context(), Warning{Operation: wire.Restart, For: time.Minute, MayPostpone: true}) {
		t.Error("windows: nobody put it off")
	}
}

// talk is a Runner that answers for two people.
type talk struct{ answers map[string]int }

func (r *talk) Run(_ context.Context, c Call) (Exit, error) {
	if c.Path == loginctl {
		return Exit{Output: "2 1000 ana seat0 tty2\n4 1001 ben seat1\n"}, nil
	}
	for user, code := range r.answers {
		if slices.Contains(c.Args, "--machine="+user+"@.host") {
			return Exit{Code: code}, nil
		}
	}
	return Exit{}, nil
}
