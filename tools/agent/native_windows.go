package agent

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"
	"unsafe"

	"golang.org/x/sys/windows"
	"golang.org/x/sys/windows/registry"

	"github.com/conserje/conserje/tools/devices/wire"
)

const isMac = false

// Native is this machine's own system.
func Native() System {
	system32, err := windows.GetSystemDirectory()
	if err != nil {
		system32 = `C:\Windows\System32`
	}
	data, err := windows.KnownFolderPath(windows.FOLDERID_ProgramData, 0)
	if err != nil {
		data = `C:\ProgramData`
	}
	self, err := os.Executable()
	if err != nil {
		self = ""
	}
	return &windowsOS{
		run: programs{}, base: windowsFacts, sessions: windowsSessions, message: windowsMessage, locale: windowsLocale,
		exists:   func(path string) bool { _, err := os.Stat(path); return err == nil },
		system32: system32, data: data, self: self,
	}
}

// sinceBoot counts on while the machine sleeps, and nobody sets it.
func sinceBoot() time.Duration { return windows.DurationSinceBoot() }

// windowsFacts tells one boot from another by the counter that Windows keeps;
// where that is off, by the time of the boot.
func windowsFacts(ctx context.Context) (wire.Facts, error) {
	f, err := hostFacts(ctx)
	if err != nil {
		return f, err
	}
	f.BootID = fmt.Sprintf("at-%d", f.BootedAt.Unix()/60)
	k, err := registry.OpenKey(registry.LOCAL_MACHINE, `SYSTEM\CurrentControlSet\Control\Session Manager\Memory Management\PrefetchParameters`, registry.QUERY_VALUE)
	if err != nil {
		return f, nil //nolint:nilerr // the time of the boot serves
	}
	defer k.Close()
	if n, _, err := k.GetIntegerValue("BootId"); err == nil && n > 0 {
		f.BootID = fmt.Sprintf("boot-%d", n)
	}
	return f, nil
}

var (
	wtsapi      = windows.NewLazySystemDLL("wtsapi32.dll")
	procQuery   = wtsapi.NewProc("WTSQuerySessionInformationW")
	procMessage = wtsapi.NewProc("WTSSendMessageW")
	user32      = windows.NewLazySystemDLL("user32.dll")
	procLock    = user32.NewProc("LockWorkStation")
	wtsUserName = uintptr(5)
	wtsDomain   = uintptr(7)
)

// windowsSessions are the sessions in which a person is.
func windowsSessions() []windowsSession {
	var first *windows.WTS_SESSION_INFO
	var count uint32
	if err := windows.WTSEnumerateSessions(0, 0, 1, &first, &count); err != nil {
		return nil
	}
	defer windows.WTSFreeMemory(uintptr(unsafe.Pointer(first)))
	var list []windowsSession
	for _, s := range unsafe.Slice(first, count) {
		if s.SessionID == 0 || s.State != windows.WTSActive && s.State != windows.WTSDisconnected {
			continue
		}
		if user := sessionText(s.SessionID, wtsUserName); user != "" {
			list = append(list, windowsSession{id: int(s.SessionID), domain: sessionText(s.SessionID, wtsDomain), user: user})
		}
	}
	return list
}

func sessionText(session uint32, class uintptr) string {
	var text *uint16
	var size uint32
	ok, _, _ := procQuery.Call(0, uintptr(session), class, uintptr(unsafe.Pointer(&text)), uintptr(unsafe.Pointer(&size)))
	if ok == 0 || text == nil {
		return ""
	}
	defer windows.WTSFreeMemory(uintptr(unsafe.Pointer(text)))
	return windows.UTF16PtrToString(text)
}

func windowsLocale() string {
	list, err := windows.GetSystemPreferredUILanguages(windows.MUI_LANGUAGE_NAME)
	if err != nil || len(list) == 0 {
		return ""
	}
	return list[0]
}

// windowsMessage shows a window in a session and waits for its answer.
func windowsMessage(session int, title, text string, timeout time.Duration, mayPostpone bool) bool {
	const (
		okOnly, yesNo = 0, 4
		warningIcon   = 0x30
		systemModal   = 0x1000
		answerNo      = 7
	)
	style := uintptr(okOnly | warningIcon | systemModal)
	if mayPostpone {
		style = yesNo | warningIcon | systemModal
	}
	t, err := windows.UTF16FromString(title)
	if err != nil {
		return false
	}
	m, err := windows.UTF16FromString(text)
	if err != nil {
		return false
	}
	var answer uint32
	ok, _, _ := procMessage.Call(
		0, uintptr(session),
		uintptr(unsafe.Pointer(&t[0])), uintptr(2*(len(t)-1)), uintptr(unsafe.Pointer(&m[0])), uintptr(2*(len(m)-1)),
		style, uintptr(timeout/time.Second), uintptr(unsafe.Pointer(&answer)), 1,
	)
	return ok != 0 && answer == answerNo
}

// SessionHelper does, in the session of a user, what a service cannot.
func SessionHelper(what string) error {
	if what != "lock" {
		return fmt.Errorf("the helper does not know %q", what)
	}
	if ok, _, err := procLock.Call(); ok == 0 {
		return fmt.Errorf("lock the session: %w", err)
	}
	return nil
}

// CheckProgram refuses to make a service of a program that others can replace:
// only Program Files and Windows keep others out by themselves.
func CheckProgram(path string) error {
	for _, id := range []*windows.KNOWNFOLDERID{windows.FOLDERID_ProgramFiles, windows.FOLDERID_Windows} {
		if folder, err := windows.KnownFolderPath(id, 0); err == nil && strings.HasPrefix(strings.ToLower(path), strings.ToLower(folder)+`\`) {
			return nil
		}
	}
	return fmt.Errorf("%s may be changed by others: put the program below Program Files", filepath.Dir(path))
}
