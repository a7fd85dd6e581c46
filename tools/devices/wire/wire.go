// Package wire is the language between the server and the agent on a device:
// enrolment, the frames of the link, signed commands and reports, and secrets
// sealed to one device. Both sides use it, so it knows the standard library
// only.
//
// Whatever comes in is read strictly: within bounds, no unknown key, no key
// twice, no word that is not in its list. What was signed is verified over
// the very bytes that came, before anything reads them.
package wire

import (
	"net"
	"net/url"
	"strings"
	"time"
)

// Addresses and the protocol's name.
const (
	Subprotocol = "conserje.agent.v1"
	EnrolPath   = "/agent/v1/enrol"
	LinkPath    = "/agent/v1/link"
)

// Bounds that both sides keep.
const (
	MaxFrame    = 256 << 10 // bytes of one frame
	MaxPackages = 2000      // packages in one inventory frame; what is more follows as deltas
	MaxAccounts = 200
	MaxOutput   = 4 << 10 // bytes of an operation's output that a report carries
)

// Times that both sides keep.
const (
	BeatEvery   = 30 * time.Second // the agent's heartbeat
	ProveWithin = 10 * time.Second // from the challenge to the proof
)

// How the server ends a link. Others are those of RFC 6455.
const (
	CloseNotProved = 4401 // unknown device, or the proof is wrong
	CloseRevoked   = 4403 // the device is not part of the portal any more: stop trying
	CloseReplaced  = 4409 // the same key opened a newer link
	CloseTooOdd    = 4429 // too many frames that break the rules
)

// The operations that an agent has built in. There is no other.
const (
	Restart         = "restart"
	Lock            = "lock"
	Shutdown        = "shutdown"
	Logout          = "logout"
	ResetPassword   = "reset_password"
	InstallSoftware = "install_software"
)

// Systems.
const (
	Windows = "windows"
	MacOS   = "macos"
	Linux   = "linux"
)

// Kinds of accounts.
const (
	AccountLocal  = "local"
	AccountDomain = "domain"
	AccountCloud  = "cloud"
)

// Package managers. The last two are reported and never install.
const (
	Chocolatey      = "chocolatey"
	HomebrewFormula = "homebrew_formula"
	HomebrewCask    = "homebrew_cask"
	Dpkg            = "dpkg"
	RPM             = "rpm"
)

// Enrol is what a device asks with: POST EnrolPath. The keys' private halves
// never leave it.
type Enrol struct {
	Token   string `json:"token"`
	SignKey []byte `json:"sign_key"` // Ed25519
	SealKey []byte `json:"seal_key"` // X25519
	Facts   Facts  `json:"facts"`
}

// Enrolled is the answer: the id to speak under, the tenant's host to speak
// to, and the one key whose commands are obeyed.
type Enrolled struct {
	Device    string `json:"device"`
	Host      string `json:"host"`
	ServerKey []byte `json:"server_key"` // Ed25519
}

// Facts is what a device says about itself.
type Facts struct {
	Name          string    `json:"name"`
	System        string    `json:"system"`
	SystemVersion string    `json:"system_version"`
	AgentVersion  string    `json:"agent_version"`
	BootID        string    `json:"boot_id"`
	BootedAt      time.Time `json:"booted_at,omitzero"`
	Accounts      []Account `json:"accounts,omitempty"`
	Simulated     bool      `json:"simulated,omitempty"`
}

// Account is one account of the device's system.
type Account struct {
	Name     string `json:"name"`
	SID      string `json:"sid,omitempty"` // the system's own id: SID, or uid
	Kind     string `json:"kind"`
	LoggedIn bool   `json:"logged_in,omitempty"`
}

// Package is one installed package.
type Package struct {
	Manager string `json:"manager"`
	ID      string `json:"id"`
	Version string `json:"version"`
}

// PackageSpec is a package to install: a row of the catalogue, never a text
// of somebody's.
type PackageSpec struct {
	Manager string  `json:"manager"`
	ID      string  `json:"id"`
	Version string  `json:"version,omitempty"` // empty: the newest
	Source  *Source `json:"source,omitempty"`
}

// Source is a private repository. Credentials are sealed to the device.
type Source struct {
	URL               string `json:"url"`
	SealedCredentials []byte `json:"sealed_credentials,omitempty"`
}

// Command is one act for one device, once.
type Command struct {
	ID           string       `json:"id"` // of the action; the agent remembers it for ever
	Device       string       `json:"device"`
	Operation    string       `json:"operation"`
	Account      string       `json:"account,omitempty"`
	AccountSID   string       `json:"account_sid,omitempty"`
	Package      *PackageSpec `json:"package,omitempty"`
	SealedSecret []byte       `json:"sealed_secret,omitempty"`
	Digest       []byte       `json:"digest,omitempty"` // of what the person confirmed
	IssuedAt     time.Time    `json:"issued_at"`
	ExpiresAt    time.Time    `json:"expires_at"`
	Nonce        string       `json:"nonce"`
	WarnSeconds  int          `json:"warn_seconds,omitempty"`
	Language     string       `json:"language,omitempty"` // of the warning: the owner's
}

// Why an operation did not happen, in a report.
const (
	CodeOK            = ""
	CodeExit          = "exit"               // the program ended with ExitCode
	CodeTimeout       = "timeout"            // it did not end in time
	CodeNotSupported  = "not_supported"      // not on this system
	CodeNoSession     = "no_session"         // nobody is logged in whose session it could be
	CodeAccount       = "account"            // no such local account
	CodePostponedOut  = "postponed_out"      // the person put it off until it expired
	CodeRestartNeeded = "restart_needed"     // done; it takes effect after a restart
	CodeBadCommand    = "bad_command"        // signature, device, expiry or content was refused
	CodeReplayed      = "replayed"           // known already, and its outcome is not
	CodePackage       = "package"            // the package manager does not know the package
	CodeManager       = "manager_missing"    // the package manager is not installed
	CodeDiskFull      = "disk_full"          //
	CodeNetwork       = "network"            // the repository cannot be reached
	CodeBusy          = "busy"               // another installation runs
	CodeSecret        = "secret"             // a sealed secret did not open
	CodeInterrupted   = "interrupted"        // the agent died in the middle
	CodeFailed        = "failed"             // otherwise; Output knows more
	CodeDenied        = "denied"             // the system refused
	CodePasswordRules = "password_not_taken" // the system's rules refuse the new password
)

// Result is a device's report on one command.
type Result struct {
	ID        string    `json:"id"`
	Device    string    `json:"device"`
	OK        bool      `json:"ok,omitempty"`
	Code      string    `json:"code,omitempty"`
	ExitCode  int       `json:"exit_code,omitempty"`
	Output    string    `json:"output,omitempty"` // for display only
	Evidence  Evidence  `json:"evidence,omitzero"`
	StartedAt time.Time `json:"started_at"`
	EndedAt   time.Time `json:"ended_at"`
}

// Evidence is what the device saw of the effect.
type Evidence struct {
	BootIDBefore string    `json:"boot_id_before,omitempty"`
	BootIDAfter  string    `json:"boot_id_after,omitempty"`
	Sessions     []string  `json:"sessions,omitempty"` // who is logged in afterwards
	Packages     []Package `json:"packages,omitempty"`
}

// Host is the name that a proof is bound to: a host name in lower case
// without its port, from an address ("https://help.acme.example") or from a
// request's Host.
func Host(address string) string {
	if strings.Contains(address, "://") {
		u, err := url.Parse(address)
		if err != nil {
			return ""
		}
		return strings.ToLower(u.Hostname())
	}
	if host, _, err := net.SplitHostPort(address); err == nil {
		address = host
	}
	return strings.ToLower(strings.Trim(address, "[]"))
}
