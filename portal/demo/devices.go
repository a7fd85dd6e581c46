package demo

import "github.com/conserje/conserje/tools/devices/wire"

// Device is one of the demo's computers.
type Device struct {
	Login    string // whose it is
	Account  string // their local account on it
	Facts    wire.Facts
	Packages []wire.Package
}

// Devices lists them, for whoever runs the agents.
func Devices() []Device {
	return []Device{
		{
			Login: "ana", Account: "ana",
			Facts: wire.Facts{Name: "LAPTOP-ANA-WIN", System: wire.Windows, SystemVersion: "Windows 11 Pro 25H2", Accounts: []wire.Account{
				{Name: "ana", SID: "S-1-5-21-1004336348-1177238915-682003330-1001", Kind: wire.AccountLocal, LoggedIn: true},
				{Name: "Administrator", SID: "S-1-5-21-1004336348-1177238915-682003330-500", Kind: wire.AccountLocal},
			}},
			Packages: []wire.Package{
				{Manager: wire.Chocolatey, ID: "chocolatey", Version: "2.5.1"},
				{Manager: wire.Chocolatey, ID: "7zip", Version: "25.1.0"},
				{Manager: wire.Chocolatey, ID: "firefox", Version: "145.0.1"},
			},
		},
		{
			Login: "ana", Account: "ana",
			Facts: wire.Facts{Name: "MAC-ANA", System: wire.MacOS, SystemVersion: "macOS 26.1", Accounts: []wire.Account{
				{Name: "ana", SID: "501", Kind: wire.AccountLocal, LoggedIn: true},
				{Name: "admin", SID: "502", Kind: wire.AccountLocal},
			}},
			Packages: []wire.Package{
				{Manager: wire.HomebrewFormula, ID: "git", Version: "2.52.0"},
				{Manager: wire.HomebrewCask, ID: "firefox", Version: "145.0.1"},
			},
		},
		{
			Login: "chloe", Account: "chloe",
			Facts: wire.Facts{Name: "CHLOE-LINUX", System: wire.Linux, SystemVersion: "Debian GNU/Linux 13", Accounts: []wire.Account{
				{Name: "chloe", SID: "1000", Kind: wire.AccountLocal, LoggedIn: true},
			}},
			Packages: []wire.Package{
				{Manager: wire.Dpkg, ID: "firefox-esr", Version: "140.5.0esr-1"},
				{Manager: wire.Dpkg, ID: "vim", Version: "2:9.1.1230-2"},
			},
		},
	}
}
