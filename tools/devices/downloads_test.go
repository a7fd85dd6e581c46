package devices_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/conserje/conserje/tools/devices"
	"github.com/conserje/conserje/tools/devices/wire"
)

// The lines are run by people's shells: they are run here by one, with
// stand-ins for sudo and uname.
func TestTheLinesForANewDeviceRunAsTheyShould(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	for name, script := range map[string]string{"sudo": "#!/bin/sh\necho \"$@\"\n", "uname": "#!/bin/sh\necho aarch64\n"} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(script), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	list := devices.Commands("https://help.acme.example:8443", "cje_A-b_9")
	want := map[string][]string{
		wire.MacOS: {
			"install -d -m 0755 /Library/Conserje",
			"install -m 0755 conserje-agent-darwin-arm64 /Library/Conserje/conserje-agent",
			"/Library/Conserje/conserje-agent enrol https://help.acme.example:8443 --token cje_A-b_9",
			"/Library/Conserje/conserje-agent install",
		},
		wire.Linux: {
			"install -d -m 0755 /usr/local/sbin",
			"install -m 0755 conserje-agent-linux-arm64 /usr/local/sbin/conserje-agent",
			"/usr/local/sbin/conserje-agent enrol https://help.acme.example:8443 --token cje_A-b_9",
			"/usr/local/sbin/conserje-agent install",
		},
	}
	if len(list) != 3 || list[0].System != wire.Windows || !strings.Contains(list[0].Command, "& $a enrol https://help.acme.example:8443 --token cje_A-b_9; ") {
		t.Fatalf("%+v", list)
	}
	for _, c := range list[1:] {
		cmd := exec.CommandContext(t.Context(), "/bin/sh", "-c", c.Command)
		cmd.Env = []string{"PATH=" + dir + ":/usr/bin:/bin"}
		out, err := cmd.CombinedOutput()
		if got := strings.Split(strings.TrimSpace(string(out)), "\n"); err != nil || !slices.Equal(got, want[c.System]) {
			t.Errorf("%s: %v\n%s", c.System, err, out)
		}
	}
}

func TestNoLineIsMadeOfWhatAShellWouldRead(t *testing.T) {
	t.Parallel()
	for _, server := range []string{"", "https://help.example;reboot", "https://$(reboot)", "https://a b", "https://help.example'", "https://`id`", "https://help.example\nreboot"} {
		if list := devices.Commands(server, "cje_x"); list != nil {
			t.Errorf("%q: %+v", server, list)
		}
		if list := devices.Commands("https://help.example", server); list != nil {
			t.Errorf("token %q: %+v", server, list)
		}
	}
}
