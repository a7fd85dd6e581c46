package devices

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"strings"
	"sync"
	"time"

	"github.com/conserje/conserje/portal/desk"
	"github.com/conserje/conserje/tools/devices/wire"
)

// Download is a program of the agent's that staff can fetch.
type Download struct {
	Name      string `json:"name" doc:"Its file, and the last part of its address."`
	System    string `json:"system" enum:"windows,macos,linux"`
	Processor string `json:"processor" enum:"amd64,arm64"`
	Size      int64  `json:"size"`
	SHA256    string `json:"sha256" doc:"Of the file, in hexadecimal."`
}

// Downloads are the agents in a folder, by the names that the build gives
// them. Whatever else lies there is not for anybody. The zero value has none.
type Downloads struct {
	root *os.Root
	mu   sync.Mutex
	sums map[string]sum
}

type sum struct {
	size   int64
	at     time.Time
	sha256 string
}

var errNoDownload = desk.Errorf(desk.CodeNotFound, "there is no such program")

// OpenDownloads opens a folder that an operator named.
func OpenDownloads(dir string) (*Downloads, error) {
	root, err := os.OpenRoot(dir)
	if err != nil {
		return nil, err
	}
	return &Downloads{root: root, sums: map[string]sum{}}, nil
}

// programs are what the build makes, in the order of their display.
func programs() []Download {
	var list []Download
	for _, s := range []struct{ system, built, suffix string }{{wire.Windows, "windows", ".exe"}, {wire.MacOS, "darwin", ""}, {wire.Linux, "linux", ""}} {
		for _, processor := range []string{"amd64", "arm64"} {
			list = append(list, Download{Name: "conserje-agent-" + s.built + "-" + processor + s.suffix, System: s.system, Processor: processor})
		}
	}
	return list
}

// List says what there is.
func (d *Downloads) List() ([]Download, error) {
	list := []Download{}
	for _, p := range programs() {
		f, p, err := d.Open(p.Name)
		switch {
		case desk.CodeOf(err) == desk.CodeNotFound:
			continue
		case err != nil:
			return nil, err
		}
		_ = f.Close()
		list = append(list, p)
	}
	return list, nil
}

// Open opens one to be sent, as it is on the disk now.
func (d *Downloads) Open(name string) (io.ReadCloser, Download, error) {
	for _, p := range programs() {
		if p.Name == name && d != nil && d.root != nil {
			return d.open(p)
		}
	}
	return nil, Download{}, errNoDownload
}

func (d *Downloads) open(p Download) (io.ReadCloser, Download, error) {
	if info, err := d.root.Lstat(p.Name); errors.Is(err, fs.ErrNotExist) || err == nil && !info.Mode().IsRegular() {
		return nil, p, errNoDownload
	}
	f, err := d.root.Open(p.Name) // leaves the folder by no link
	if err != nil {
		return nil, p, err
	}
	info, err := f.Stat()
	if err == nil {
		p.Size = info.Size()
		p.SHA256, err = d.sum(f, p.Name, info)
	}
	if err != nil {
		return nil, p, errors.Join(err, f.Close())
	}
	return f, p, nil
}

// sum reads a file once for each time that it was changed.
func (d *Downloads) sum(f io.ReadSeeker, name string, info fs.FileInfo) (string, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if s := d.sums[name]; s.sha256 != "" && s.size == info.Size() && s.at.Equal(info.ModTime()) {
		return s.sha256, nil
	}
	h := sha256.New()
	if _, err := io.Copy(h, f); err != nil {
		return "", err
	}
	d.sums[name] = sum{info.Size(), info.ModTime(), hex.EncodeToString(h.Sum(nil))}
	_, err := f.Seek(0, io.SeekStart)
	return d.sums[name].sha256, err
}

// EnrolCommand is a line to run on a new device.
type EnrolCommand struct {
	System  string `json:"system" enum:"windows,macos,linux"`
	Command string `json:"command" doc:"For the system's own shell, as an administrator, in the folder with the downloaded program."`
}

// Commands are the lines that put the agent where only administrators can
// write, join the portal at server, and install the service. Neither part may
// hold what a shell reads: then there are none.
func Commands(server, token string) []EnrolCommand {
	if strings.Trim(server, harmless) != "" || strings.Trim(token, harmless) != "" || server == "" || token == "" {
		return nil
	}
	join := fmt.Sprintf("enrol %s --token %s", server, token)
	const processor = `$(uname -m | sed 's/x86_64/amd64/;s/aarch64/arm64/')`
	unix := func(built, folder string) string {
		agent := folder + "/conserje-agent"
		return "sudo install -d -m 0755 " + folder + " && sudo install -m 0755 conserje-agent-" + built + "-" + processor + " " + agent +
			" && sudo " + agent + " " + join + " && sudo " + agent + " install"
	}
	return []EnrolCommand{
		{wire.Windows, `$d="$env:ProgramFiles\Conserje"; $a="$d\conserje-agent.exe"; ` +
			`New-Item -Force -ItemType Directory $d -ErrorAction Stop | Out-Null; ` +
			`Copy-Item "conserje-agent-windows-$($env:PROCESSOR_ARCHITECTURE.ToLower()).exe" $a -ErrorAction Stop; ` +
			`& $a ` + join + `; if ($LASTEXITCODE -eq 0) { & $a install }`},
		{wire.MacOS, unix("darwin", "/Library/Conserje")},
		{wire.Linux, unix("linux", "/usr/local/sbin")},
	}
}

// harmless are the characters of an address and of a token, none of which
// means anything to a shell.
const harmless = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._:/"
