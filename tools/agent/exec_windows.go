package agent

import (
	"context"
	"os/exec"
	"path/filepath"
	"syscall"
	"time"
	"unsafe"

	"golang.org/x/sys/windows"
)

func absolute(path string) bool { return filepath.IsAbs(path) && filepath.VolumeName(path) != "" }

// cleanEnvironment is all that a program sees of ours. The folders are asked
// of the system, since a service's environment can be written by installers.
func cleanEnvironment() []string {
	win, err := windows.GetSystemWindowsDirectory()
	if err != nil {
		win = `C:\Windows`
	}
	clean := []string{
		"SystemRoot=" + win, "windir=" + win, "SystemDrive=" + filepath.VolumeName(win), "ComSpec=" + win + `\System32\cmd.exe`,
		"Path=" + win + `\System32;` + win + ";" + win + `\System32\Wbem;` + win + `\System32\WindowsPowerShell\v1.0`,
		"PATHEXT=.COM;.EXE;.BAT;.CMD", "TEMP=" + win + `\Temp`, "TMP=" + win + `\Temp`,
	}
	for name, id := range map[string]*windows.KNOWNFOLDERID{
		"ProgramData": windows.FOLDERID_ProgramData, "ALLUSERSPROFILE": windows.FOLDERID_ProgramData,
		"ProgramFiles": windows.FOLDERID_ProgramFiles, "ProgramFiles(x86)": windows.FOLDERID_ProgramFilesX86, "PUBLIC": windows.FOLDERID_Public,
	} {
		if folder, err := windows.KnownFolderPath(id, 0); err == nil {
			clean = append(clean, name+"="+folder)
		}
	}
	return clean
}

func workFolder() string {
	if dir, err := windows.GetSystemDirectory(); err == nil {
		return dir
	}
	return `C:\`
}

// contain hides the console window. What a program started may outlive its
// time limit here: installers hand over to msiexec, which must not be cut.
func contain(cmd *exec.Cmd, _ string) {
	cmd.SysProcAttr = &syscall.SysProcAttr{HideWindow: true, CreationFlags: windows.CREATE_NO_WINDOW}
}

// runInSession starts a program as the user of a session, on that user's
// desktop.
func runInSession(ctx context.Context, c Call) (Exit, error) {
	var token windows.Token
	if err := windows.WTSQueryUserToken(uint32(c.Session), &token); err != nil {
		return Exit{}, err
	}
	defer token.Close()
	path, err := windows.UTF16PtrFromString(c.Path)
	if err != nil {
		return Exit{}, err
	}
	line, err := windows.UTF16PtrFromString(windows.ComposeCommandLine(append([]string{c.Path}, c.Args...)))
	if err != nil {
		return Exit{}, err
	}
	desktop, err := windows.UTF16PtrFromString(`winsta0\default`)
	if err != nil {
		return Exit{}, err
	}
	var env *uint16
	if err := windows.CreateEnvironmentBlock(&env, token, false); err != nil {
		return Exit{}, err
	}
	defer func() { _ = windows.DestroyEnvironmentBlock(env) }()
	startup := &windows.StartupInfo{Desktop: desktop}
	startup.Cb = uint32(unsafe.Sizeof(*startup))
	var process windows.ProcessInformation
	const flags = windows.CREATE_UNICODE_ENVIRONMENT | windows.CREATE_NO_WINDOW
	if err := windows.CreateProcessAsUser(token, path, line, nil, nil, false, flags, env, nil, startup, &process); err != nil {
		return Exit{}, err
	}
	defer windows.CloseHandle(process.Process)
	defer windows.CloseHandle(process.Thread)
	return waitFor(ctx, process.Process, c.Within)
}

func waitFor(ctx context.Context, process windows.Handle, within time.Duration) (Exit, error) {
	for end := time.Now().Add(within); ; {
		event, err := windows.WaitForSingleObject(process, 100)
		switch {
		case err != nil:
			return Exit{}, err
		case event == windows.WAIT_OBJECT_0:
			var code uint32
			err := windows.GetExitCodeProcess(process, &code)
			return Exit{Code: int(code)}, err
		case ctx.Err() != nil || time.Now().After(end):
			_ = windows.TerminateProcess(process, 1)
			return Exit{Code: 1}, errTimeLimit
		}
	}
}
