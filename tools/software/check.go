package software

import (
	"net/url"
	"regexp"
	"slices"
	"strings"

	"github.com/conserje/conserje/portal/desk"
)

// The managers of packages.
const (
	Chocolatey      = "chocolatey"
	HomebrewFormula = "homebrew_formula"
	HomebrewCask    = "homebrew_cask"
)

// Allow-lists, not filters (SECURITY A4): ASCII only, no blank, no shell's or
// path's character that a package manager's own ids do not have, and never a
// hyphen first, which would make an option of it. No tap either: whose packages
// those are is the private source's matter. The agent holds the same by itself.
var (
	chocolateyID = regexp.MustCompile(`^[A-Za-z0-9]+(?:[._-][A-Za-z0-9]+)*$`)
	formulaID    = regexp.MustCompile(`^[a-z0-9][a-z0-9+._-]{0,63}(@[0-9][0-9.]{0,15})?$`)
	caskID       = regexp.MustCompile(`^[a-z0-9][a-z0-9._-]{0,63}(@[a-z0-9][a-z0-9.-]{0,30})?$`)
	version      = regexp.MustCompile(`^[0-9][A-Za-z0-9+._-]{0,63}$`)
)

const maxID = 100

// PackageSpec is how a row of the catalogue is installed on one system.
type PackageSpec struct {
	System  string  `json:"system" enum:"windows,macos"`
	Manager string  `json:"manager" enum:"chocolatey,homebrew_formula,homebrew_cask"`
	Package string  `json:"package" maxLength:"100" doc:"The package manager's own id."`
	Version string  `json:"version,omitempty" maxLength:"64" doc:"Exactly this one; empty for the newest. Chocolatey only."`
	Source  desk.ID `json:"source_id,omitempty" doc:"A private source; empty for the public one."`
}

// check reports whether the package is one that a device may be told to
// install. from is the name of its private source's manager, or empty.
func (p PackageSpec) check(from string) error {
	switch p.System {
	case Windows:
		if p.Manager != Chocolatey {
			return desk.Errorf(desk.CodeInvalid, "Windows installs by Chocolatey").On("manager")
		}
	case MacOS:
		if p.Manager != HomebrewFormula && p.Manager != HomebrewCask {
			return desk.Errorf(desk.CodeInvalid, "macOS installs by Homebrew").On("manager")
		}
	default:
		return desk.Errorf(desk.CodeInvalid, "software is installed on Windows and macOS").On("system")
	}
	if from != "" && from != strings.SplitN(p.Manager, "_", 2)[0] {
		return desk.Errorf(desk.CodeInvalid, "the source is one of another package manager").On("source_id")
	}
	if !fits(p.Manager, p.Package) {
		return desk.Errorf(desk.CodeInvalid, "this is not an id of a package").On("package")
	}
	if p.Version == "" {
		return nil
	}
	if p.Manager != Chocolatey {
		return desk.Errorf(desk.CodeInvalid, "Homebrew installs the newest version; some packages have one in their name").On("version")
	}
	if !version.MatchString(p.Version) {
		return desk.Errorf(desk.CodeInvalid, "this is not a version").On("version")
	}
	return nil
}

func fits(manager, id string) bool {
	pattern := map[string]*regexp.Regexp{Chocolatey: chocolateyID, HomebrewFormula: formulaID, HomebrewCask: caskID}[manager]
	return len(id) <= maxID && pattern.MatchString(id) && !strings.Contains(id, "..")
}

const maxURL = 500

// checkURL takes the address of a private source. Only devices fetch from it,
// so private networks are right; credentials in it would be shown to people.
func checkURL(raw string) error {
	bad := func(why string) error { return desk.Errorf(desk.CodeInvalid, "%s", why).On("url") }
	if len(raw) > maxURL {
		return desk.Errorf(desk.CodeTextTooLong, "the address is longer than %d characters", maxURL).With("max", maxURL).On("url")
	}
	for _, r := range raw {
		if r <= ' ' || r > '~' || strings.ContainsRune("\"'`\\<>{}|^$;", r) {
			return bad("the address has characters that an address does not have")
		}
	}
	u, err := url.Parse(raw)
	switch {
	case err != nil || u.Opaque != "" || u.Hostname() == "":
		return bad("this is not an address")
	case u.Scheme != "https":
		return bad("a source is reached by https")
	case u.User != nil:
		return bad("credentials have their own fields")
	case u.RawQuery != "" || u.ForceQuery || u.Fragment != "" || strings.Contains(raw, "#"):
		return bad("the address of a source has no query and no fragment")
	case !host.MatchString(u.Hostname()):
		return bad("this is not a host")
	}
	return nil
}

var host = regexp.MustCompile(`^(?:[A-Za-z0-9](?:[A-Za-z0-9.-]{0,251}[A-Za-z0-9])?|[0-9A-Fa-f:.]{2,45})$`)

const (
	maxName        = 100
	maxDescription = 1000
)

// checkWords holds the display texts: one line each but the description.
func checkWords(name, publisher, description string) error {
	if err := oneLine("name", name); err != nil {
		return err
	}
	if publisher != "" {
		if err := oneLine("publisher", publisher); err != nil {
			return err
		}
	}
	if description == "" {
		return nil
	}
	return desk.OnField("description", desk.CheckText(description, maxDescription))
}

func oneLine(field, text string) error {
	if err := desk.CheckText(text, maxName); err != nil {
		return desk.OnField(field, err)
	}
	if strings.ContainsFunc(text, func(r rune) bool { return r < ' ' || r == 0x7f }) {
		return desk.Errorf(desk.CodeInvalid, "one line, please").On(field)
	}
	return nil
}

// checkPackages holds a row's packages: at least one, one a system.
func checkPackages(list []PackageSpec) error {
	if len(list) == 0 {
		return desk.Errorf(desk.CodeInvalid, "name a package for at least one system").On("packages")
	}
	var systems []string
	for _, p := range list {
		if slices.Contains(systems, p.System) {
			return desk.Errorf(desk.CodeInvalid, "one package for each system").On("packages")
		}
		systems = append(systems, p.System)
	}
	return nil
}
