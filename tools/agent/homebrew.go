package agent

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"strings"
	"time"

	"github.com/conserje/conserje/tools/devices/wire"
)

const (
	git     = "/usr/bin/git"
	slowest = 45 * time.Minute // an installer that downloads gigabytes
)

// brew is where Homebrew is: Apple's processors or Intel's.
func (m *macOS) brew() string {
	for _, prefix := range []string{"/opt/homebrew/bin/brew", "/usr/local/bin/brew"} {
		if m.exists(prefix) {
			return prefix
		}
	}
	return ""
}

func brewEnvironment(brew string) []string {
	bin := strings.TrimSuffix(brew, "/brew")
	return []string{
		"PATH=" + bin + ":/usr/bin:/bin:/usr/sbin:/sbin", "NONINTERACTIVE=1",
		"HOMEBREW_NO_ANALYTICS=1", "HOMEBREW_NO_ENV_HINTS=1", "HOMEBREW_NO_COLOR=1",
	}
}

// install runs Homebrew as whoever sits at the screen.
func (m *macOS) install(ctx context.Context, p *Package) Outcome {
	uid, brew := m.console(), m.brew()
	switch {
	case brew == "":
		return Outcome{Code: wire.CodeManager, Output: "Homebrew is not installed"}
	case uid < 500:
		return Outcome{Code: wire.CodeNoSession, Output: "nobody is logged in"}
	}
	id := p.ID
	if p.SourceURL != "" {
		tap, o := m.tap(ctx, uid, brew, p)
		if !o.OK {
			return o
		}
		id = tap + "/" + bare(p.ID)
	}
	kind := map[string]string{wire.HomebrewFormula: "--formula", wire.HomebrewCask: "--cask"}[p.Manager]
	call := asUser(uid, slowest, env, append(brewEnvironment(brew), brew, "install", kind, id)...)
	exit, err := m.run.Run(ctx, call)
	return installed(outcome(exit, err, p.Password))
}

// tap brings a private repository up to date by git, for Homebrew passes no
// credentials on. They go by the environment, which only this user's own
// programs can read; never as arguments, never into git's configuration.
func (m *macOS) tap(ctx context.Context, uid int, brew string, p *Package) (string, Outcome) {
	sum := sha256.Sum256([]byte(p.SourceURL))
	name := "source-" + hex.EncodeToString(sum[:6])
	library := "/opt/homebrew/Library/Taps/conserje"
	if strings.HasPrefix(brew, "/usr/local/") {
		library = "/usr/local/Homebrew/Library/Taps/conserje"
	}
	folder := library + "/homebrew-" + name
	args := []string{git, "clone", "--quiet", "--depth=1", "--", p.SourceURL, folder}
	if m.exists(folder) {
		args = []string{git, "-C", folder, "pull", "--quiet", "--ff-only"}
	}
	args = append([]string{"GIT_TERMINAL_PROMPT=0"}, args...)
	call := asUser(uid, 10*time.Minute, env, args...)
	basic := ""
	if p.User+p.Password != "" {
		basic = base64.StdEncoding.EncodeToString([]byte(p.User + ":" + p.Password))
		call.Env = []string{"GIT_CONFIG_COUNT=1", "GIT_CONFIG_KEY_0=http." + p.SourceURL + ".extraHeader", "GIT_CONFIG_VALUE_0=Authorization: Basic " + basic}
		call.Args = keepEnvironment(call.Args)
	}
	exit, err := m.run.Run(ctx, call)
	return "conserje/" + name, installed(outcome(exit, err, p.Password, basic))
}

// keepEnvironment lets sudo pass the three variables on, by name.
func keepEnvironment(args []string) []string {
	out := make([]string, 0, len(args)+1)
	for _, a := range args {
		out = append(out, a)
		if a == "-H" {
			out = append(out, "--preserve-env=GIT_CONFIG_COUNT,GIT_CONFIG_KEY_0,GIT_CONFIG_VALUE_0")
		}
	}
	return out
}

// reasons are what installers say when they fail, and what it means.
var reasons = []struct{ words, code string }{
	{"No available formula", wire.CodePackage},
	{"No Cask with this name", wire.CodePackage},
	{"is unavailable: No Cask", wire.CodePackage},
	{"was not found with the source", wire.CodePackage},
	{"No space left on device", wire.CodeDiskFull},
	{"not enough space on the disk", wire.CodeDiskFull},
	{"Could not resolve host", wire.CodeNetwork},
	{"Failed to connect to", wire.CodeNetwork},
	{"remote name could not be resolved", wire.CodeNetwork},
	{"Unable to connect to the remote server", wire.CodeNetwork},
	{"Another active Homebrew", wire.CodeBusy},
	{"Permission denied", wire.CodeDenied},
}

// installed gives a failure its reason where the installer's words tell it.
func installed(o Outcome) Outcome {
	if o.OK || o.Code != wire.CodeExit {
		return o
	}
	for _, r := range reasons {
		if strings.Contains(o.Output, r.words) {
			o.Code = r.code
			return o
		}
	}
	return o
}
