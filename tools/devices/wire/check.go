package wire

import (
	"slices"
	"strings"
	"time"
	"unicode/utf8"
)

// Lengths, in bytes, of what a device may say.
const (
	maxName    = 128
	maxVersion = 128
	maxBootID  = 128
	maxAccount = 256
	maxPackage = 256
	maxNonce   = 128
	maxURL     = 2048
	maxSealed  = 4096
	maxTongue  = 16
)

var (
	operations = []string{Restart, Lock, Shutdown, Logout, ResetPassword, InstallSoftware}
	systems    = []string{Windows, MacOS, Linux}
	kinds      = []string{AccountLocal, AccountDomain, AccountCloud}
	managers   = []string{Chocolatey, HomebrewFormula, HomebrewCask, Dpkg, RPM}
	installers = managers[:3]
	codes      = []string{
		CodeOK, CodeExit, CodeTimeout, CodeNotSupported, CodeNoSession, CodeAccount, CodePostponedOut, CodeRestartNeeded,
		CodeBadCommand, CodeReplayed, CodePackage, CodeManager, CodeDiskFull, CodeNetwork, CodeBusy, CodeSecret, CodeInterrupted,
		CodeFailed, CodeDenied, CodePasswordRules,
	}
)

// Codes lists what a report may give as its reason.
func Codes() []string { return slices.Clone(codes) }

// IsID tells a UUID in its canonical lower-case form.
func IsID(s string) bool {
	if len(s) != 36 {
		return false
	}
	for i := range len(s) {
		switch c := s[i]; {
		case i == 8 || i == 13 || i == 18 || i == 23:
			if c != '-' {
				return false
			}
		case (c < '0' || c > '9') && (c < 'a' || c > 'f'):
			return false
		}
	}
	return true
}

func within(maxBytes int, texts ...string) bool {
	for _, s := range texts {
		if len(s) > maxBytes || !utf8.ValidString(s) || strings.ContainsRune(s, 0) {
			return false
		}
	}
	return true
}

// ofOurTime refuses times that no clock shows: Postgres holds a part of what
// Go's does.
func ofOurTime(times ...time.Time) bool {
	for _, t := range times {
		if !t.IsZero() && (t.Year() < 1970 || t.Year() > 2200) {
			return false
		}
	}
	return true
}

// Check reports whether facts are within the protocol's bounds.
func (f Facts) Check() error {
	switch {
	case f.Name == "" || !within(maxName, f.Name):
		return malformed("name")
	case !slices.Contains(systems, f.System):
		return malformed("system")
	case !within(maxVersion, f.SystemVersion, f.AgentVersion):
		return malformed("version")
	case !within(maxBootID, f.BootID) || !ofOurTime(f.BootedAt):
		return malformed("boot")
	case len(f.Accounts) > MaxAccounts:
		return malformed("more than %d accounts", MaxAccounts)
	}
	names := make(map[string]bool, len(f.Accounts))
	for _, a := range f.Accounts {
		if a.Name == "" || !within(maxAccount, a.Name, a.SID) || !slices.Contains(kinds, a.Kind) || names[a.Name] {
			return malformed("account")
		}
		names[a.Name] = true
	}
	return nil
}

func checkPackages(list []Package) error {
	if len(list) > MaxPackages {
		return malformed("more than %d packages", MaxPackages)
	}
	for _, p := range list {
		if p.ID == "" || !within(maxPackage, p.ID, p.Version) || !slices.Contains(managers, p.Manager) {
			return malformed("package")
		}
	}
	return nil
}

func (c Command) check() error {
	switch {
	case !IsID(c.ID) || !IsID(c.Device):
		return malformed("id")
	case !slices.Contains(operations, c.Operation):
		return malformed("operation")
	case !within(maxAccount, c.Account, c.AccountSID):
		return malformed("account")
	case c.Nonce == "" || !within(maxNonce, c.Nonce):
		return malformed("nonce")
	case c.IssuedAt.IsZero() || !c.ExpiresAt.After(c.IssuedAt) || !ofOurTime(c.IssuedAt, c.ExpiresAt):
		return malformed("expiry")
	case len(c.SealedSecret) > maxSealed || len(c.Digest) > 64:
		return malformed("secret")
	case c.WarnSeconds < 0 || c.WarnSeconds > 24*3600 || !within(maxTongue, c.Language):
		return malformed("warning")
	case (c.Package != nil) != (c.Operation == InstallSoftware):
		return malformed("package")
	case (len(c.SealedSecret) > 0) != (c.Operation == ResetPassword):
		return malformed("secret")
	case c.Operation == ResetPassword && c.Account == "":
		return malformed("account")
	case c.Package != nil:
		return c.Package.check()
	}
	return nil
}

func (p PackageSpec) check() error {
	switch {
	case !slices.Contains(installers, p.Manager):
		return malformed("manager")
	case p.ID == "" || !within(maxPackage, p.ID, p.Version):
		return malformed("package")
	case p.Source != nil && (p.Source.URL == "" || !within(maxURL, p.Source.URL) || len(p.Source.SealedCredentials) > maxSealed):
		return malformed("source")
	}
	return nil
}

func (r Result) check() error {
	switch {
	case !IsID(r.ID) || !IsID(r.Device):
		return malformed("id")
	case !slices.Contains(codes, r.Code):
		return malformed("code")
	case r.OK && r.Code != CodeOK && r.Code != CodeRestartNeeded:
		return malformed("a failure that is a success")
	case !r.OK && (r.Code == CodeOK || r.Code == CodeRestartNeeded):
		return malformed("a failure without its reason")
	case !within(MaxOutput, r.Output):
		return malformed("output")
	case !within(maxBootID, r.Evidence.BootIDBefore, r.Evidence.BootIDAfter):
		return malformed("boot")
	case len(r.Evidence.Sessions) > MaxAccounts || !within(maxAccount, r.Evidence.Sessions...):
		return malformed("sessions")
	case !ofOurTime(r.StartedAt, r.EndedAt):
		return malformed("time")
	}
	return checkPackages(r.Evidence.Packages)
}
