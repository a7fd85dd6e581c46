//go:build unix

package cluster

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
)

// rootHome is where clusters lie that belong to a server started as root in a folder which the cluster's user cannot enter.
const rootHome = "/var/lib/conserje"

// maxSocketDir is the longest folder for a socket: its address holds 104 bytes on macOS, of which the file name,
// a slash and the closing zero take 16.
const maxSocketDir = 104 - 16

// home is the folder of one cluster: data/ (PGDATA), run/ (the socket), lock, postgres.log. The zero account means
// that Postgres runs as we do.
type home struct {
	dir     string
	account account
}

// account is the unprivileged user that runs Postgres for root.
type account struct {
	uid, gid int
	name     string
}

func (a account) switches() bool { return a.uid != 0 }

// openHome makes the cluster's folder, where its user can enter it.
func openHome(ctx context.Context, dataDir string) (home, error) {
	if dataDir == "" {
		return home{}, errors.New("the data folder has no name")
	}
	dataDir, err := filepath.Abs(dataDir)
	if err != nil {
		return home{}, fmt.Errorf("find the data folder: %w", err)
	}
	h := home{dir: filepath.Join(dataDir, "postgres")}
	if os.Geteuid() != 0 {
		return h, h.make(0o700)
	}
	//nolint:gosec // the cluster's user must pass through, and can neither list nor write
	if err := os.MkdirAll(dataDir, 0o711); err != nil {
		return home{}, fmt.Errorf("make the data folder: %w", err)
	}
	if aside := readPointer(dataDir); aside != "" {
		h.dir = aside
	}
	h.account, err = pickAccount(ctx, h.dir)
	if err != nil {
		return home{}, err
	}
	if !enterable(filepath.Dir(h.dir), h.account) {
		if h.dir, err = moveAside(dataDir); err != nil {
			return home{}, err
		}
	}
	return h, h.make(0o711)
}

// pointer is the file in the data folder that says where the cluster lies when it is elsewhere. So a data folder that
// was removed and made anew starts with a new cluster.
const pointer = "postgres.location"

func readPointer(dataDir string) string {
	data, err := os.ReadFile(filepath.Join(dataDir, pointer))
	if err != nil {
		return ""
	}
	return strings.TrimSpace(string(data))
}

// moveAside picks a place under rootHome and leaves the pointer to it.
func moveAside(dataDir string) (string, error) {
	name := make([]byte, 4)
	if _, err := rand.Read(name); err != nil {
		return "", fmt.Errorf("name the cluster's folder: %w", err)
	}
	dir := filepath.Join(rootHome, filepath.Base(dataDir)+"-"+hex.EncodeToString(name), "postgres")
	for _, above := range []string{rootHome, filepath.Dir(dir)} {
		// Chmod, since the umask may have taken what the cluster's user needs to pass.
		//nolint:gosec // passing through is all that it may
		if err := errors.Join(os.MkdirAll(above, 0o711), os.Chmod(above, 0o711)); err != nil {
			return "", fmt.Errorf("make a place for the cluster: %w", err)
		}
	}
	if err := os.WriteFile(filepath.Join(dataDir, pointer), []byte(dir+"\n"), 0o600); err != nil {
		return "", fmt.Errorf("note where the cluster lies: %w", err)
	}
	return dir, nil
}

// make creates the folders; parent is the mode of those above the cluster's own, which belongs to the account alone.
func (h home) make(parent fs.FileMode) error {
	if err := os.MkdirAll(filepath.Dir(h.dir), parent); err != nil {
		return fmt.Errorf("make the data folder: %w", err)
	}
	return h.own(h.dir)
}

// own creates a folder that only the cluster's user can enter.
func (h home) own(dir string) error {
	if err := os.Mkdir(dir, 0o700); err != nil && !errors.Is(err, fs.ErrExist) {
		return fmt.Errorf("make a folder of the cluster: %w", err)
	}
	if h.account.switches() {
		if err := os.Chown(dir, h.account.uid, h.account.gid); err != nil {
			return fmt.Errorf("hand a folder to user %s: %w", h.account.name, err)
		}
	}
	return nil
}

// pickAccount returns the user that Postgres shall run as when we are root: the owner of an existing cluster, else
// the user conserje, else Debian's postgres, else a new system user.
func pickAccount(ctx context.Context, dir string) (account, error) {
	if info, err := os.Stat(filepath.Join(dir, "data", "PG_VERSION")); err == nil {
		if st, ok := info.Sys().(*syscall.Stat_t); ok && st.Uid != 0 {
			if u, err := user.LookupId(strconv.FormatUint(uint64(st.Uid), 10)); err == nil {
				return toAccount(u)
			}
		}
	}
	for _, name := range []string{"conserje", "postgres"} {
		if u, err := user.Lookup(name); err == nil {
			return toAccount(u)
		}
	}
	for _, cmd := range [][]string{
		{"useradd", "--system", "--user-group", "--home-dir", rootHome, "--shell", "/usr/sbin/nologin", "conserje"},
		{"adduser", "-S", "-D", "-H", "-h", rootHome, "conserje"},
	} {
		if exec.CommandContext(ctx, cmd[0], cmd[1:]...).Run() != nil {
			continue
		}
		if u, err := user.Lookup("conserje"); err == nil {
			return toAccount(u)
		}
	}
	return account{}, errors.New("PostgreSQL does not run as root, and no user could be made for it; create a system user named conserje")
}

func toAccount(u *user.User) (account, error) {
	uid, err1 := strconv.Atoi(u.Uid)
	gid, err2 := strconv.Atoi(u.Gid)
	if err := errors.Join(err1, err2); err != nil {
		return account{}, fmt.Errorf("read user %s: %w", u.Username, err)
	}
	return account{uid: uid, gid: gid, name: u.Username}, nil
}

// enterable tells whether the account may pass through every existing folder on the way to dir.
func enterable(dir string, a account) bool {
	for ; dir != "/"; dir = filepath.Dir(dir) {
		info, err := os.Stat(dir)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return false
		}
		st, ok := info.Sys().(*syscall.Stat_t)
		bit := fs.FileMode(0o001)
		switch {
		case ok && int(st.Uid) == a.uid:
			bit = 0o100
		case ok && int(st.Gid) == a.gid:
			bit = 0o010
		}
		if info.Mode()&bit == 0 {
			return false
		}
	}
	return true
}

// version is the major version that made the cluster's data; 0 when there is none yet.
func (h home) version() int {
	data, err := os.ReadFile(h.path("data/PG_VERSION"))
	if err != nil {
		return 0
	}
	major, _ := strconv.Atoi(strings.TrimSpace(string(data)))
	return major
}

// socketDir is the folder of the socket: in the cluster's own, unless that makes the address too long.
func (h home) socketDir() string {
	dir := h.path("run")
	if len(dir) <= maxSocketDir {
		return dir
	}
	sum := sha256.Sum256([]byte(h.dir))
	return filepath.Join(shortTemp(), "conserje-"+strconv.Itoa(h.uid())+"-"+hex.EncodeToString(sum[:6]))
}

func (h home) uid() int {
	if h.account.switches() {
		return h.account.uid
	}
	return os.Geteuid()
}

// shortTemp is a temporary folder that every user can enter and whose name is short; TMPDIR is often neither.
func shortTemp() string {
	if dir := os.TempDir(); os.Geteuid() != 0 && len(dir) < 50 {
		return dir
	}
	return "/tmp"
}

// makeSocketDir creates the socket's folder. In the shared temporary folder somebody else might have been first, to
// answer in our place: then nothing starts.
func (h home) makeSocketDir() error {
	dir := h.socketDir()
	if err := h.own(dir); err != nil {
		return err
	}
	info, err := os.Lstat(dir)
	if err != nil {
		return fmt.Errorf("look at the socket's folder: %w", err)
	}
	st, ok := info.Sys().(*syscall.Stat_t)
	if !info.IsDir() || !ok || int(st.Uid) != h.uid() || info.Mode().Perm()&0o077 != 0 {
		return fmt.Errorf("%s belongs to somebody else or is open to others; remove it", dir)
	}
	return nil
}

// initdb makes the data folder. It works beside it and renames at the end, so that a crash leaves no half of one.
func (h home) initdb(ctx context.Context, t Tools, throwaway bool) error {
	fresh := h.path("data.new")
	if err := os.RemoveAll(fresh); err != nil {
		return fmt.Errorf("clear a half-made cluster: %w", err)
	}
	var failures []string
	// The locale decides what a letter is; collation is asked for where it matters, so any UTF-8 one serves.
	for _, locale := range []string{"C.UTF-8", "en_US.UTF-8"} {
		args := []string{
			"-D", fresh, "-U", superuser, "-E", "UTF8", "--locale=" + locale, "--lc-messages=C",
			"--auth=trust", "--data-checksums", "--no-instructions",
		}
		if throwaway {
			args = append(args, "--no-sync")
		}
		cmd := exec.CommandContext(ctx, filepath.Join(t.Bin, "initdb"), args...)
		h.as(cmd)
		out, err := cmd.CombinedOutput()
		if err == nil {
			if err := os.Rename(fresh, h.path("data")); err != nil {
				return fmt.Errorf("put the new cluster in place: %w", err)
			}
			return nil
		}
		if ctx.Err() != nil {
			return fmt.Errorf("create the database: %w", ctx.Err())
		}
		failures = append(failures, strings.TrimSpace(string(out)))
	}
	return fmt.Errorf("initdb could not create the database in %s:\n%s", fresh, strings.Join(failures, "\n"))
}

// as makes a command run as the cluster's user, in its folder, in a session of its own: a Ctrl-C in the terminal is
// for the server, which then ends Postgres in order.
func (h home) as(cmd *exec.Cmd) {
	cmd.Dir = h.dir
	cmd.Env = []string{"PATH=" + os.Getenv("PATH"), "LC_ALL=C", "TZ=UTC"}
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	if h.account.switches() {
		//nolint:gosec // ids of the system's own user table
		cmd.SysProcAttr.Credential = &syscall.Credential{Uid: uint32(h.account.uid), Gid: uint32(h.account.gid)}
		cmd.Env = append(cmd.Env, "HOME="+h.dir)
	}
}
