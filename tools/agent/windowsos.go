package agent

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"strconv"
	"strings"
	"time"

	"github.com/conserje/conserje/tools/devices/wire"
)

// windowsOS works through Windows' own programs, Chocolatey, and a helper of
// ours in the user's session.
type windowsOS struct {
	run      Runner
	base     func(ctx context.Context) (wire.Facts, error)
	sessions func() []windowsSession
	message  func(session int, title, text string, timeout time.Duration, mayPostpone bool) (postponed bool)
	exists   func(path string) bool
	locale   func() string // the system's language
	system32 string        // C:\Windows\System32, asked of the system and not of the environment
	data     string        // C:\ProgramData
	self     string        // this program
}

type windowsSession struct {
	id           int
	domain, user string
}

func (w *windowsOS) powershell() string { return w.system32 + `\WindowsPowerShell\v1.0\powershell.exe` }
func (w *windowsOS) choco() string      { return w.data + `\chocolatey\bin\choco.exe` }

// Scripts are constants; what they work with comes by standard input, a line
// each, and is never part of them.
const (
	accountsScript = `$ErrorActionPreference='Stop'
[Console]::OutputEncoding=[Text.Encoding]::UTF8
$l=@(Get-LocalUser|Where-Object Enabled|ForEach-Object{@{name=$_.Name;sid=$_.SID.Value;source=[string]$_.PrincipalSource}})
ConvertTo-Json -Compress -InputObject $l`

	passwordScript = `$ErrorActionPreference='Stop'
$sid=[Console]::In.ReadLine()
$password=[Console]::In.ReadLine()
$account=Get-LocalUser -SID $sid
if([string]$account.PrincipalSource -ne 'Local'){exit 3}
$user=[ADSI]('WinNT://./'+$account.Name+',user')
try{$user.SetPassword($password)}catch{[Console]::Error.WriteLine($_.Exception.InnerException.Message);exit 4}
$user.UserFlags.Value=$user.UserFlags.Value -band (-bnot 0x10000)
$user.PasswordExpired=1
$user.SetInfo()`

	sourceScript = `$ErrorActionPreference='Stop'
$file=[Console]::In.ReadLine()
$name=[Console]::In.ReadLine()
$url=[Console]::In.ReadLine()
$user=[Console]::In.ReadLine()
$password=[Console]::In.ReadLine()
Add-Type -AssemblyName System.Security
$bytes=[Security.Cryptography.ProtectedData]::Protect([Text.Encoding]::UTF8.GetBytes($password),[Text.Encoding]::UTF8.GetBytes('Chocolatey'),'LocalMachine')
$config=New-Object Xml.XmlDocument
$config.Load($file)
$sources=$config.SelectSingleNode('/chocolatey/sources')
foreach($old in @($sources.SelectNodes('source'))){if($old.GetAttribute('id') -eq $name){[void]$sources.RemoveChild($old)}}
$source=$config.CreateElement('source')
$source.SetAttribute('id',$name)
$source.SetAttribute('value',$url)
$source.SetAttribute('disabled','false')
$source.SetAttribute('bypassProxy','false')
$source.SetAttribute('selfService','false')
$source.SetAttribute('adminOnly','true')
$source.SetAttribute('priority','0')
$source.SetAttribute('user',$user)
$source.SetAttribute('password',[Convert]::ToBase64String($bytes))
[void]$sources.AppendChild($source)
$config.Save($file)`
)

func (w *windowsOS) script(script, stdin string) Call {
	return Call{
		Path:   w.powershell(),
		Args:   []string{"-NoLogo", "-NoProfile", "-NonInteractive", "-Command", script},
		Stdin:  stdin,
		Within: time.Minute,
	}
}

// Facts implements System.
func (w *windowsOS) Facts(ctx context.Context) (wire.Facts, error) {
	f, err := w.base(ctx)
	if err != nil {
		return f, err
	}
	f.System = wire.Windows
	f.Accounts, err = w.accounts(ctx, f.Name)
	return f, err
}

// accounts are the enabled local ones and whoever is logged in from a domain
// or a cloud. One that is linked to a Microsoft account is a cloud account:
// its password is not kept here.
func (w *windowsOS) accounts(ctx context.Context, machine string) ([]wire.Account, error) {
	exit, err := w.run.Run(ctx, w.script(accountsScript, ""))
	if err != nil {
		return nil, err
	}
	var local []struct {
		Name   string `json:"name"`
		SID    string `json:"sid"`
		Source string `json:"source"`
	}
	if err := json.Unmarshal([]byte(exit.Output), &local); err != nil {
		return nil, err
	}
	at := map[string]int{}
	list := make([]wire.Account, 0, len(local))
	for _, a := range local {
		kind := wire.AccountCloud
		if a.Source == "Local" {
			kind = wire.AccountLocal
		}
		at[strings.ToLower(a.Name)] = len(list)
		list = append(list, wire.Account{Name: a.Name, SID: a.SID, Kind: kind})
	}
	for _, s := range w.sessions() {
		i, known := at[strings.ToLower(s.user)]
		switch {
		case known && (strings.EqualFold(s.domain, machine) || strings.EqualFold(s.domain, "MicrosoftAccount")):
			list[i].LoggedIn = true
		case !strings.EqualFold(s.domain, machine):
			kind := wire.AccountDomain
			if strings.EqualFold(s.domain, "AzureAD") || strings.EqualFold(s.domain, "MicrosoftAccount") {
				kind = wire.AccountCloud
			}
			list = append(list, wire.Account{Name: s.domain + `\` + s.user, Kind: kind, LoggedIn: true})
		}
	}
	return list, nil
}

// Packages implements System.
func (w *windowsOS) Packages(ctx context.Context) ([]wire.Package, error) {
	if !w.exists(w.choco()) {
		return nil, nil
	}
	exit, err := w.run.Run(ctx, Call{Path: w.choco(), Args: []string{"list", "--limit-output", "--no-color"}, Within: time.Minute})
	if err != nil {
		return nil, err
	}
	return parsePackages(wire.Chocolatey, strings.ReplaceAll(exit.Output, "|", " "), ""), nil
}

// sessionsOf are the sessions of a task's account; without a name, all.
func (w *windowsOS) sessionsOf(name string) []windowsSession {
	var mine []windowsSession
	for _, s := range w.sessions() {
		if name == "" || strings.EqualFold(s.user, name) || strings.EqualFold(s.domain+`\`+s.user, name) {
			mine = append(mine, s)
		}
	}
	return mine
}

// Check implements System.
func (w *windowsOS) Check(ctx context.Context, t Task) *Refusal {
	if refusal := fits(wire.Windows, t); refusal != nil {
		return refusal
	}
	switch t.Operation {
	case wire.ResetPassword:
		f, err := w.Facts(ctx)
		if err != nil {
			return &Refusal{Code: wire.CodeFailed, Text: "the accounts cannot be read"}
		}
		return localAccount(f.Accounts, t)
	case wire.Lock, wire.Logout:
		if len(w.sessionsOf(t.Account)) == 0 {
			return &Refusal{Code: wire.CodeNoSession, Text: "nobody is logged in"}
		}
	case wire.InstallSoftware:
		if !w.exists(w.choco()) {
			return &Refusal{Code: wire.CodeManager, Text: "Chocolatey is not installed"}
		}
	}
	return nil
}

// Ready implements System.
func (w *windowsOS) Ready(context.Context, Task) bool { return true }

// Do implements System.
func (w *windowsOS) Do(ctx context.Context, t Task) Outcome {
	shutdown := w.system32 + `\shutdown.exe`
	switch t.Operation {
	case wire.Restart:
		return outcome(w.run.Run(ctx, Call{Path: shutdown, Args: []string{"/r", "/f", "/t", "3", "/d", "p:0:0"}, Within: quick}))
	case wire.Shutdown:
		return outcome(w.run.Run(ctx, Call{Path: shutdown, Args: []string{"/s", "/f", "/t", "3", "/d", "p:0:0"}, Within: quick}))
	case wire.Lock:
		return w.each(t, func(s windowsSession) Outcome {
			return outcome(w.run.Run(ctx, Call{Path: w.self, Args: []string{"session-helper", "lock"}, Session: s.id, Within: quick}))
		})
	case wire.Logout:
		return w.each(t, func(s windowsSession) Outcome {
			return outcome(w.run.Run(ctx, Call{Path: w.system32 + `\logoff.exe`, Args: []string{strconv.Itoa(s.id)}, Within: time.Minute}))
		})
	case wire.ResetPassword:
		return w.resetPassword(ctx, t)
	case wire.InstallSoftware:
		return w.install(ctx, t.Package)
	}
	return Outcome{Code: wire.CodeNotSupported}
}

func (w *windowsOS) each(t Task, do func(windowsSession) Outcome) Outcome {
	o := Outcome{Code: wire.CodeNoSession, Output: "nobody is logged in"}
	for _, s := range w.sessionsOf(t.Account) {
		if o = do(s); !o.OK {
			return o
		}
	}
	return o
}

// resetPassword names the account by its SID, which a rename does not change.
func (w *windowsOS) resetPassword(ctx context.Context, t Task) Outcome {
	sid := t.AccountSID
	if sid == "" {
		f, err := w.Facts(ctx)
		if err != nil {
			return Outcome{Code: wire.CodeFailed, Output: "the accounts cannot be read"}
		}
		for _, a := range f.Accounts {
			if a.Name == t.Account && a.Kind == wire.AccountLocal {
				sid = a.SID
			}
		}
	}
	if !systemID.MatchString(sid) {
		return Outcome{Code: wire.CodeAccount, Output: "there is no such account on this device"}
	}
	secret := string(t.Secret)
	exit, err := w.run.Run(ctx, w.script(passwordScript, sid+"\n"+secret+"\n"))
	o := outcome(exit, err, secret)
	switch {
	case err == nil && exit.Code == 3:
		o.Code = wire.CodeAccount
	case err == nil && exit.Code == 4:
		o.Code = wire.CodePasswordRules
	}
	return o
}

// install runs Chocolatey. A private source is written into its configuration
// with the password as Chocolatey itself keeps it, and taken out afterwards.
func (w *windowsOS) install(ctx context.Context, p *Package) (o Outcome) {
	args := []string{"install", p.ID, "--yes", "--no-progress", "--no-color", "--limit-output"}
	if p.Version != "" {
		args = append(args, "--version", p.Version)
	}
	switch {
	case p.SourceURL != "" && p.Password != "":
		sum := sha256.Sum256([]byte(p.SourceURL))
		name := "conserje-" + hex.EncodeToString(sum[:6])
		lines := strings.Join([]string{w.data + `\chocolatey\config\chocolatey.config`, name, p.SourceURL, p.User, p.Password}, "\n") + "\n"
		exit, err := w.run.Run(ctx, w.script(sourceScript, lines))
		if o := outcome(exit, err, p.Password); !o.OK {
			return o
		}
		defer func() {
			_, _ = w.run.Run(ctx, Call{Path: w.choco(), Args: []string{"source", "remove", "--name", name, "--limit-output"}, Within: time.Minute})
		}()
		args = append(args, "--source", name)
	case p.SourceURL != "":
		args = append(args, "--source", p.SourceURL)
	}
	exit, err := w.run.Run(ctx, Call{Path: w.choco(), Args: args, Within: slowest})
	o = outcome(exit, err, p.Password)
	if err != nil {
		return o
	}
	switch exit.Code {
	case 0, 1605, 1614:
		return Outcome{OK: true, ExitCode: exit.Code, Output: o.Output}
	case 1641, 3010:
		return Outcome{OK: true, Code: wire.CodeRestartNeeded, ExitCode: exit.Code, Output: o.Output}
	case 112:
		o.Code = wire.CodeDiskFull
	case 1618:
		o.Code = wire.CodeBusy
	}
	return installed(o)
}

// Warn implements System: a window in every session. Its buttons are the
// system's own, in the system's language, so the text is a question.
func (w *windowsOS) Warn(ctx context.Context, warning Warning) bool {
	sessions := w.sessions()
	if len(sessions) == 0 {
		return false // nobody to warn
	}
	say := speak(warning.Language, w.locale())
	text := say.text(warning)
	if warning.MayPostpone {
		text += "\n\n" + say.question(warning)
	}
	answers := make(chan bool, len(sessions))
	for _, s := range sessions {
		go func() { answers <- w.message(s.id, "Conserje", text, warning.For, warning.MayPostpone) }()
	}
	postponed := false
	for range sessions {
		select {
		case answer := <-answers:
			postponed = postponed || answer
		case <-ctx.Done():
			return postponed
		}
	}
	return postponed
}
