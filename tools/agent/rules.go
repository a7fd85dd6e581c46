package agent

import (
	"slices"

	"github.com/conserje/conserje/tools/devices/wire"
)

// fits says what a system does not do at all.
func fits(system string, t Task) *Refusal {
	if t.Operation != wire.InstallSoftware {
		return nil
	}
	managers := map[string][]string{
		wire.Windows: {wire.Chocolatey},
		wire.MacOS:   {wire.HomebrewFormula, wire.HomebrewCask},
	}
	if t.Package == nil || !slices.Contains(managers[system], t.Package.Manager) {
		if system == wire.Linux {
			return &Refusal{Code: wire.CodeNotSupported, Text: "software is not installed on Linux by the agent"}
		}
		return &Refusal{Code: wire.CodeNotSupported, Text: "this package manager is not one of this system"}
	}
	return nil
}

// localAccount refuses a password for whatever is not a local account of this
// device with the very id that staff confirmed: whoever deletes an account
// and makes another by its name gets nothing.
func localAccount(accounts []wire.Account, t Task) *Refusal {
	for _, a := range accounts {
		if a.Name != t.Account {
			continue
		}
		switch {
		case a.Kind != wire.AccountLocal:
			return &Refusal{Code: wire.CodeAccount, Text: "the account is not a local one: its password is kept elsewhere"}
		case t.AccountSID != "" && a.SID != t.AccountSID:
			return &Refusal{Code: wire.CodeAccount, Text: "the account is not the one that was confirmed"}
		case a.SID == "0":
			return &Refusal{Code: wire.CodeAccount, Text: "the system's own account is not a person's"}
		}
		return nil
	}
	return &Refusal{Code: wire.CodeAccount, Text: "there is no such account on this device"}
}
