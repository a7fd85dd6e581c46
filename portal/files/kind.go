package files

import (
	"path"
	"slices"
	"strings"

	"github.com/gabriel-vasile/mimetype"
)

// The pictures that are shown, as they are written anew.
const (
	typePNG  = "image/png"
	typeJPEG = "image/jpeg"
	typeGIF  = "image/gif"
	typeWebP = "image/webp"

	typeOther = "application/octet-stream"
)

// headBytes are what the type is told from.
const headBytes = 8 << 10

// programs are what runs when it is opened, by content.
var programs = []string{
	"application/vnd.microsoft.portable-executable", "application/x-elf", "application/x-mach-binary", "application/x-ms-installer",
	"application/x-java-applet", "application/jar", "application/x-ms-shortcut",
}

// … and by the ending that makes a system run it.
var programEndings = []string{
	".exe", ".com", ".scr", ".pif", ".cpl", ".msi", ".msix", ".msp", ".bat", ".cmd", ".vbs", ".vbe", ".jse", ".wsf", ".wsh", ".hta",
	".lnk", ".jar", ".dll", ".appx", ".application", ".gadget", ".scf",
}

// kindOf tells what the bytes are by their beginning, and whether they run.
func kindOf(name string, head []byte) (kind string, program bool) {
	found := mimetype.Detect(head)
	kind, _, _ = strings.Cut(found.String(), ";")
	program = slices.Contains(programEndings, strings.ToLower(path.Ext(name)))
	for m := found; m != nil; m = m.Parent() {
		is, _, _ := strings.Cut(m.String(), ";")
		if slices.Contains(programs, is) {
			program = true
		}
		if is == typePNG { // the animated ones are of a type below
			kind = typePNG
		}
	}
	return kind, program
}

// harmless are the types that a download may say of itself; a browser that
// shows one in spite of everything runs nothing.
var harmless = []string{
	"application/pdf", "application/zip", "text/plain", "text/csv", "application/json", "message/rfc822",
	"application/vnd.openxmlformats-officedocument.wordprocessingml.document",
	"application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
	"application/vnd.openxmlformats-officedocument.presentationml.presentation",
}

func downloadType(kind string) string {
	if slices.Contains(harmless, kind) {
		return kind
	}
	return typeOther
}
