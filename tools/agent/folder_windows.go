package agent

import (
	"fmt"
	"os"
	"path/filepath"
	"unsafe"

	"golang.org/x/sys/windows"
)

// DefaultDir is where the service keeps its state.
func DefaultDir() string {
	data, err := windows.KnownFolderPath(windows.FOLDERID_ProgramData, 0)
	if err != nil {
		data = `C:\ProgramData`
	}
	return filepath.Join(data, "Conserje Agent")
}

// only the system and administrators, inherited from nowhere.
const folderRights = "O:BAD:P(A;OICI;FA;;;SY)(A;OICI;FA;;;BA)"

// secureDir makes the folder with rights for the system and administrators
// only, or checks the one that is there.
func secureDir(dir string) error {
	if err := os.MkdirAll(filepath.Dir(dir), 0o755); err != nil { //nolint:gosec // the folder above holds nothing of ours
		return err
	}
	sd, err := windows.SecurityDescriptorFromString(folderRights)
	if err != nil {
		return err
	}
	name, err := windows.UTF16PtrFromString(dir)
	if err != nil {
		return err
	}
	attributes := &windows.SecurityAttributes{SecurityDescriptor: sd}
	attributes.Length = uint32(unsafe.Sizeof(*attributes))
	if err := windows.CreateDirectory(name, attributes); err != nil && err != windows.ERROR_ALREADY_EXISTS { //nolint:errorlint // a plain number
		return fmt.Errorf("make %s: %w", dir, err)
	}
	return checkDir(dir)
}

// checkDir refuses a folder that anybody but the system and administrators
// owns or may enter.
func checkDir(dir string) error {
	// A junction would be followed below, to a folder with good rights, and
	// turned to another afterwards.
	name, err := windows.UTF16PtrFromString(dir)
	if err != nil {
		return err
	}
	attributes, err := windows.GetFileAttributes(name)
	if err != nil {
		return fmt.Errorf("the rights of %s cannot be read: %w", dir, err)
	}
	if attributes&windows.FILE_ATTRIBUTE_DIRECTORY == 0 || attributes&windows.FILE_ATTRIBUTE_REPARSE_POINT != 0 {
		return fmt.Errorf("%s must be a folder, not a link or a file", dir)
	}
	sd, err := windows.GetNamedSecurityInfo(dir, windows.SE_FILE_OBJECT, windows.OWNER_SECURITY_INFORMATION|windows.DACL_SECURITY_INFORMATION)
	if err != nil {
		return fmt.Errorf("the rights of %s cannot be read: %w", dir, err)
	}
	owner, _, err := sd.Owner()
	if err != nil {
		return err
	}
	if !trusted(owner) {
		return fmt.Errorf("%s belongs to another account than the system and the administrators", dir)
	}
	dacl, _, err := sd.DACL()
	if err != nil || dacl == nil {
		return fmt.Errorf("%s is open to everybody: give it to the system and the administrators only", dir)
	}
	for i := range uint32(dacl.AceCount) {
		var ace *windows.ACCESS_ALLOWED_ACE
		if err := windows.GetAce(dacl, i, &ace); err != nil {
			return err
		}
		if ace.Header.AceType != windows.ACCESS_ALLOWED_ACE_TYPE {
			continue
		}
		if !trusted((*windows.SID)(unsafe.Pointer(&ace.SidStart))) {
			return fmt.Errorf("%s may be entered by others: give it to the system and the administrators only", dir)
		}
	}
	return nil
}

func trusted(sid *windows.SID) bool {
	return sid.IsWellKnown(windows.WinLocalSystemSid) || sid.IsWellKnown(windows.WinBuiltinAdministratorsSid)
}

// syncDir has nothing to do: NTFS journals names.
func syncDir(string) error { return nil }
