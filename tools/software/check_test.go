package software_test

import (
	"bytes"
	"encoding/base64"
	"image"
	"image/color"
	"image/gif"
	"image/jpeg"
	"image/png"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/conserje/conserje/portal/desk"
	"github.com/conserje/conserje/portal/desk/desktest"
	"github.com/conserje/conserje/tools/software"
)

// The lists of SECURITY A4: no line of them becomes an id or a version.
func TestHostilePackageIDsNeverEnterTheCatalogue(t *testing.T) {
	t.Parallel()
	b := setup(t)
	files, err := filepath.Glob(filepath.Join(desktest.SharedData(t, "data/security/fuzzdb"), "os-cmd-execution_*.txt"))
	if err != nil || len(files) < 5 {
		t.Fatal(files, err)
	}
	hostile := []string{
		"", " ", "-e", "--override", "-y;reboot", "a b", "a\nb", "a\x00b", "firefox\n", "\\\\host\\share\\x", "//host/x", "../x", "a/../b", "a..b", "C:\\x.nupkg",
		"https://evil.example/x.nupkg", "file:///etc/passwd", "fіrefox" /* Cyrillic */, "ﬁrefox", "firefox\u202e", "firefox\u200b", "$(id)", "`id`", "a|b", "a&b", "a;b",
		"a%41", "a'b", `a"b`, "a*", "a?", "~/x", "@x", "x/y", "x/y/z", strings.Repeat("a", 101),
	}
	lines := 0
	for _, f := range files {
		data, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		for line := range strings.Lines(string(data)) {
			line = strings.TrimRight(line, "\r\n")
			if line == "" || plainWord(line) {
				continue // a command's bare name is a word like any other
			}
			hostile = append(hostile, line)
			lines++
		}
	}
	if lines < 100 {
		t.Errorf("only %d hostile lines", lines)
	}
	ctx := as(t, b.adam)
	for _, h := range hostile {
		for _, p := range []software.PackageSpec{
			{System: software.Windows, Manager: software.Chocolatey, Package: h},
			{System: software.MacOS, Manager: software.HomebrewCask, Package: h},
			{System: software.MacOS, Manager: software.HomebrewFormula, Package: h},
			{System: software.Windows, Manager: software.Chocolatey, Package: "firefox", Version: h},
		} {
			if h == "" && p.Package != "" || p.Version != "" && (h == "a..b" || strings.TrimLeft(h, "0123456789.") == "") {
				continue // no version is the newest; dots are a version's own
			}
			d := draft("Row")
			d.Packages = []software.PackageSpec{p}
			if _, err := b.service.Create(ctx, d); err == nil {
				t.Errorf("%+v was taken", p)
			}
		}
	}
	if n := b.count(b.tenant, "select (select count(*) from software) + (select count(*) from software_packages)"); n != 0 {
		t.Errorf("%d rows", n)
	}
	t.Logf("%d hostile texts, %d of them from the lists", len(hostile), lines)
}

// plainWord is told without the pattern that is tested.
func plainWord(s string) bool {
	for _, r := range s {
		if (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') && (r < '0' || r > '9') && r != '.' && r != '_' && r != '-' && r != '+' && r != '@' {
			return false
		}
	}
	return s[0] != '-' && s[0] != '.' && s[0] != '+' && s[0] != '_' && s[0] != '@' && !strings.Contains(s, "..")
}

func TestPackagesAreThoseOfTheirSystemsManager(t *testing.T) {
	t.Parallel()
	b := setup(t)
	ctx := as(t, b.adam)
	src, err := b.service.AddSource(ctx, software.SourceDraft{Manager: "homebrew", Name: "Tap", URL: "https://10.0.0.5:8443/tap.git"})
	if err != nil {
		t.Fatal(err)
	}
	win := func(id, version string) software.PackageSpec {
		return software.PackageSpec{System: software.Windows, Manager: software.Chocolatey, Package: id, Version: version}
	}
	mac := func(manager, id, version string, source desk.ID) software.PackageSpec {
		return software.PackageSpec{System: software.MacOS, Manager: manager, Package: id, Version: version, Source: source}
	}
	for _, c := range []struct {
		packages []software.PackageSpec
		ok       bool
	}{
		{[]software.PackageSpec{win("7zip", "")}, true},
		{[]software.PackageSpec{win("notepadplusplus.install", "8.8.1")}, true},
		{[]software.PackageSpec{win("GoogleChrome", "1.2.3-beta.1+4")}, true},
		{[]software.PackageSpec{mac(software.HomebrewFormula, "python@3.12", "", "")}, true},
		{[]software.PackageSpec{mac(software.HomebrewFormula, "gtk+3", "", "")}, true},
		{[]software.PackageSpec{mac(software.HomebrewCask, "visual-studio-code", "", "")}, true},
		{[]software.PackageSpec{mac(software.HomebrewCask, "thing", "", src.ID)}, true},
		{nil, false},
		{[]software.PackageSpec{win("a", ""), win("b", "")}, false},
		{[]software.PackageSpec{mac(software.Chocolatey, "firefox", "", "")}, false},
		{[]software.PackageSpec{{System: software.Windows, Manager: software.HomebrewCask, Package: "firefox"}}, false},
		{[]software.PackageSpec{{System: software.Linux, Manager: software.HomebrewFormula, Package: "firefox"}}, false},
		{[]software.PackageSpec{{System: software.Windows, Manager: software.Chocolatey, Package: "thing", Source: src.ID}}, false},
		{[]software.PackageSpec{mac(software.HomebrewCask, "acme/tools/thing", "", src.ID)}, false},
		{[]software.PackageSpec{mac(software.HomebrewCask, "acme/tools/thing", "", "")}, false},
		{[]software.PackageSpec{mac(software.HomebrewCask, "acme/../thing", "", src.ID)}, false},
		{[]software.PackageSpec{mac(software.HomebrewFormula, "node", "22.1", "")}, false},
	} {
		d := draft("Row")
		d.Packages = c.packages
		if _, err := b.service.Create(ctx, d); (err == nil) != c.ok || err != nil && desk.CodeOf(err) != desk.CodeInvalid {
			t.Errorf("%+v: %v", c.packages, err)
		}
	}
}

func TestASourceIsAPlainHTTPSAddress(t *testing.T) {
	t.Parallel()
	b := setup(t)
	for _, c := range []struct {
		url string
		ok  bool
	}{
		{"https://packages.example/nuget/v2/", true},
		{"https://packages.example:8443/nuget", true},
		{"https://192.168.1.20/repo", true}, // the device fetches it: its own network is right
		{"http://packages.example", false},
		{"ftp://packages.example", false},
		{"https://user:secret@packages.example", false},
		{"https://user@packages.example", false},
		{"https://packages.example/?key=1", false},
		{"https://packages.example/#x", false},
		{"https://", false},
		{"https:packages.example", false},
		{"//packages.example", false},
		{"\\\\server\\share", false},
		{"file:///C:/packages", false},
		{"https://exa mple", false},
		{"https://example\n/x", false},
		{"https://example/$(id)", false},
		{"https://example/`id`", false},
		{"https://example/';x", false},
		{"https://пример.example", false},
		{"https://-x.example", false},
		{"javascript:alert(1)", false},
		{"--source=https://example", false},
		{"https://example/" + strings.Repeat("a", 500), false},
	} {
		_, err := b.service.AddSource(as(t, b.adam), software.SourceDraft{Manager: "chocolatey", Name: string(desk.NewID()), URL: c.url})
		if (err == nil) != c.ok {
			t.Errorf("%q: %v", c.url, err)
		}
	}
	for range 2 {
		_, err := b.service.AddSource(as(t, b.adam), software.SourceDraft{Manager: "chocolatey", Name: "Twice", URL: "https://packages.example"})
		if err != nil {
			wantCode(t, "a name that is taken", err, desk.CodeInvalid)
		}
	}
	if n := b.count(b.tenant, "select count(*) from software_sources where name = 'Twice'"); n != 1 {
		t.Errorf("%d sources of one name", n)
	}
}

func TestAnIconIsABuiltInNameOrASmallPNGMadeAnew(t *testing.T) {
	t.Parallel()
	b := setup(t)
	ctx := as(t, b.adam)
	picture := image.NewNRGBA(image.Rect(0, 0, 300, 150))
	for i := range picture.Pix {
		picture.Pix[i] = 255
	}
	picture.Set(0, 0, color.Black)
	encode := func(kind string, write func(*bytes.Buffer) error) string {
		var out bytes.Buffer
		if err := write(&out); err != nil {
			t.Fatal(err)
		}
		out.WriteString("<script>trailing</script>")
		return "data:image/" + kind + ";base64," + base64.StdEncoding.EncodeToString(out.Bytes())
	}
	good := []string{
		encode("png", func(w *bytes.Buffer) error { return png.Encode(w, picture) }),
		encode("jpeg", func(w *bytes.Buffer) error { return jpeg.Encode(w, picture, nil) }),
		encode("gif", func(w *bytes.Buffer) error { return gif.Encode(w, picture, nil) }),
	}
	for _, icon := range good {
		d := draft("Row")
		d.Icon = icon
		got := b.create(d).Icon
		raw, err := base64.StdEncoding.DecodeString(strings.TrimPrefix(got, "data:image/png;base64,"))
		if err != nil || bytes.Contains(raw, []byte("script")) {
			t.Fatalf("%.60s %v", got, err)
		}
		p, err := png.Decode(bytes.NewReader(raw))
		if err != nil || p.Bounds().Dx() != 64 || p.Bounds().Dy() != 32 {
			t.Errorf("%v %v", p.Bounds(), err)
		}
	}
	var wide bytes.Buffer
	if err := png.Encode(&wide, image.NewGray(image.Rect(0, 0, 4000, 1))); err != nil {
		t.Fatal(err)
	}
	for _, icon := range []string{
		"firefox", "../x", "https://evil.example/x.png", "javascript:alert(1)",
		"data:image/svg+xml;base64," + base64.StdEncoding.EncodeToString([]byte("<svg onload=alert(1)>")),
		"data:text/html;base64,PGI+", "data:image/png;base64,AAAA", "data:image/png,abc", "data:image/png;base64,%%%",
		"data:image/png;base64," + base64.StdEncoding.EncodeToString(wide.Bytes()), // a flood of pixels
		"data:image/png;base64," + strings.Repeat("A", 300<<10),
	} {
		d := draft("Row")
		d.Icon = icon
		if _, err := b.service.Create(ctx, d); err == nil {
			t.Errorf("%.60s was taken", icon)
		}
	}
	for _, icon := range append(software.Icons(), "") {
		d := draft("Row")
		d.Icon = icon
		if got := b.create(d).Icon; got != icon {
			t.Errorf("%q became %q", icon, got)
		}
	}
}
