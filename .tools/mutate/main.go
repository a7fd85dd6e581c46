// Command mutate takes one check away at a time and runs the tests that should notice (SECURITY 7, gate 2): a check
// whose removal no test fails on is a check that nobody holds. The source tree is not touched; the compiler is given the
// changed file as an overlay.
package main

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"
)

// mutant is one check taken away: the text in the file, what stands there instead, and where a test must fail.
type mutant struct {
	name, file, check, instead string
	packages                   []string
}

var mutants = []mutant{
	{
		"the owner confirms and verifies, nobody else", "tools/actions/decide.go",
		"a, err := own(ctx, tx, v, id)", "a, err := read(ctx, tx, id)",
		[]string{"./tools/actions/..."},
	},
	{
		"a code is for one digest", "portal/store/db/verify.sql.go",
		"and ($4::bytea is null or c.digest = $4::bytea)\n  and c.attempts", "and ($4::bytea is null or true)\n  and c.attempts",
		[]string{"./portal/verify/..."},
	},
	{
		"the ledger compares the digest itself", "tools/actions/decide.go",
		"!bytes.Equal(d.a.Digest, act.Digest)", "!bytes.Equal(d.a.Digest, d.a.Digest)",
		[]string{"./tools/actions/..."},
	},
	{
		"attempts are counted", "portal/store/db/verify.sql.go",
		"set attempts = c.attempts + 1", "set attempts = c.attempts + 0",
		[]string{"./portal/verify/..."},
	},
	{
		"the policy is asked at delivery", "tools/actions/deliver.go",
		"case r != nil:\n\t\t\treturn s.refuse(ctx, tx, a, now, r)", "case false:\n\t\t\treturn s.refuse(ctx, tx, a, now, r)",
		[]string{"./tools/actions/..."},
	},
	{
		"a command or report carries its signature", "tools/devices/wire/envelope.go",
		"e.KeyID != KeyID(pub) || !ed25519.Verify(pub, signed(prefix, e.Payload), e.Signature)", "e.KeyID != KeyID(pub)",
		[]string{"./tools/devices/wire/..."},
	},
	{
		"a link proves its key", "tools/devices/wire/envelope.go",
		"len(pub) == ed25519.PublicKeySize && ed25519.Verify(pub, parts(provePrefix, nonce, []byte(device), []byte(Host(host))), signature)", "len(pub) == ed25519.PublicKeySize",
		[]string{"./tools/devices/..."},
	},
	{
		"the server's time carries its signature", "tools/devices/wire/envelope.go",
		"ed25519.Verify(pub, parts(clockPrefix, nonce, []byte(device), []byte(serverTime)), signature)", "true",
		[]string{"./tools/devices/...", "./tools/agent"},
	},
}

func main() {
	survived := 0
	for _, m := range mutants {
		began := time.Now()
		verdict, err := m.try()
		if err != nil {
			verdict = "CANNOT TELL: " + err.Error()
		}
		if !strings.HasPrefix(verdict, "noticed") {
			survived++
		}
		fmt.Printf("%-55s %s (%.0f s)\n", m.name, verdict, time.Since(began).Seconds())
	}
	if survived > 0 {
		fmt.Printf("%d of %d removed checks were not noticed\n", survived, len(mutants))
		os.Exit(1)
	}
	fmt.Printf("all %d removed checks were noticed\n", len(mutants))
}

// source is the file, in which the check stands once.
func (m mutant) source() (string, error) {
	source, err := os.ReadFile(m.file)
	if err != nil {
		return "", err
	}
	if n := strings.Count(string(source), m.check); n != 1 {
		return "", fmt.Errorf("the check stands %d times in %s; bring the table up to date", n, m.file)
	}
	return string(source), nil
}

// try builds with the check removed and runs the tests. What does not even compile proves nothing.
func (m mutant) try() (string, error) {
	path, err := filepath.Abs(m.file)
	if err != nil {
		return "", err
	}
	source, err := m.source()
	if err != nil {
		return "", err
	}
	dir, err := os.MkdirTemp("", "conserje-mutate-")
	if err != nil {
		return "", err
	}
	defer os.RemoveAll(dir)
	changed, overlay := filepath.Join(dir, filepath.Base(path)), filepath.Join(dir, "overlay.json")
	table, err := json.Marshal(map[string]map[string]string{"Replace": {path: changed}})
	if err != nil {
		return "", err
	}
	if err := os.WriteFile(changed, []byte(strings.Replace(source, m.check, m.instead, 1)), 0o600); err != nil {
		return "", err
	}
	if err := os.WriteFile(overlay, table, 0o600); err != nil {
		return "", err
	}
	if out, err := exec.Command("go", append([]string{"test", "-overlay", overlay, "-run", "^$"}, m.packages...)...).CombinedOutput(); err != nil {
		return "", fmt.Errorf("it does not compile: %s", out)
	}
	out, err := exec.Command("go", append([]string{"test", "-overlay", overlay, "-count=1", "-timeout", "10m"}, m.packages...)...).CombinedOutput()
	if err == nil {
		return "NOT NOTICED", nil
	}
	for line := range strings.Lines(string(out)) {
		if name, ok := strings.CutPrefix(strings.TrimSpace(line), "--- FAIL: "); ok {
			return "noticed by " + strings.Fields(name)[0], nil
		}
	}
	return "", fmt.Errorf("the tests ended without a verdict: %.400s", out)
}
