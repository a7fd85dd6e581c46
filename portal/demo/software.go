package demo

import (
	"context"

	"github.com/conserje/conserje/portal/desk"
	"github.com/conserje/conserje/portal/store"
	"github.com/conserje/conserje/tools/software"
)

// softwareFilled is the audit entry that says that the catalogue is in.
const softwareFilled = "demo.software_added"

// program is a row of the demo's catalogue. Ids are the package managers' own;
// an empty one is a system that it is not offered for.
type program struct {
	name, publisher, description, icon string
	chocolatey, formula, cask          string
	company                            string // empty: everybody's
}

func programs() []program {
	return []program{
		{name: "7-Zip", publisher: "Igor Pavlov", icon: "archive", chocolatey: "7zip", formula: "sevenzip", description: "Packs and unpacks ZIP, 7z and most other archives."},
		{name: "Adobe Acrobat Reader", publisher: "Adobe", icon: "pdf", chocolatey: "adobereader", cask: "adobe-acrobat-reader", description: "Reads, prints and comments PDF documents."},
		{name: "Firefox", publisher: "Mozilla", icon: "browser", chocolatey: "firefox", cask: "firefox", description: "A web browser that keeps trackers out."},
		{name: "GIMP", publisher: "The GIMP Team", icon: "photo", chocolatey: "gimp", cask: "gimp", description: "Edits photos and other pictures."},
		{name: "KeePassXC", publisher: "KeePassXC Team", icon: "key", chocolatey: "keepassxc", cask: "keepassxc", description: "Keeps your passwords in an encrypted file of your own."},
		{name: "LibreOffice", publisher: "The Document Foundation", icon: "office", chocolatey: "libreoffice-fresh", cask: "libreoffice", description: "Texts, tables and presentations; opens Microsoft Office files."},
		{name: "Notepad++", publisher: "Don Ho", icon: "note", chocolatey: "notepadplusplus", description: "A quick editor for plain text. Windows only."},
		{name: "Postman", publisher: "Postman", icon: "api", chocolatey: "postman", cask: "postman", description: "Tries out and documents web interfaces. Licensed for Acme.", company: "Acme"},
		{name: "Slack", publisher: "Slack Technologies", icon: "chat", chocolatey: "slack", cask: "slack", description: "Messages and calls with your team."},
		{name: "Visual Studio Code", publisher: "Microsoft", icon: "code", chocolatey: "vscode", cask: "visual-studio-code", description: "An editor for programs and configuration."},
		{name: "VLC", publisher: "VideoLAN", icon: "video", chocolatey: "vlc", cask: "vlc", description: "Plays nearly every video and sound file."},
		{name: "Zoom", publisher: "Zoom Communications", icon: "video", chocolatey: "zoom", cask: "zoom", description: "Video meetings."},
	}
}

func (p program) draft(companies map[string]desk.ID) software.RowDraft {
	d := software.RowDraft{
		Name: p.name, Publisher: p.publisher, Description: p.description, Icon: p.icon, Audience: software.RowAudience{Mode: "everyone"},
	}
	for _, s := range []software.PackageSpec{
		{System: software.Windows, Manager: software.Chocolatey, Package: p.chocolatey},
		{System: software.MacOS, Manager: software.HomebrewFormula, Package: p.formula},
		{System: software.MacOS, Manager: software.HomebrewCask, Package: p.cask},
	} {
		if s.Package != "" {
			d.Packages = append(d.Packages, s)
		}
	}
	if p.company != "" {
		d.Audience = software.RowAudience{Mode: "companies", Companies: []desk.ID{companies[p.company]}}
	}
	return d
}

// fillSoftware adds the catalogue and one open request, all or nothing, once:
// to a demo that was made before there was a catalogue, too.
func (r Rooms) fillSoftware(ctx context.Context, tenant desk.ID) error {
	return r.Store.Tenant(tenant).Tx(ctx, func(ctx context.Context, tx *store.Tx) error {
		if done, err := tx.AuditHas(ctx, softwareFilled); err != nil || done {
			return err
		}
		adam, err := viewer(ctx, tx, "adam")
		if err != nil {
			return err
		}
		ana, err := viewer(ctx, tx, "ana")
		if err != nil {
			return err
		}
		companies := map[string]desk.ID{"Acme": ana.Company}
		for _, p := range programs() {
			if _, err := software.CreateTx(ctx, tx, adam, p.draft(companies)); err != nil {
				return err
			}
		}
		const reason = "Preparo los carteles de las jornadas y necesito editar archivos SVG."
		_, err = r.Software.RequestTx(ctx, tx, ana, "Inkscape", reason, "", "")
		if err != nil && desk.CodeOf(err) != desk.CodePolicy { // an older demo may have switched self-service off
			return err
		}
		return tx.Audit(ctx, store.AuditEntry{Actor: adam.User, Action: softwareFilled, Object: "software"})
	})
}

// viewer is one of the demo's people as their session would be.
func viewer(ctx context.Context, tx *store.Tx, login string) (desk.Viewer, error) {
	u, err := tx.UserByLogin(ctx, login)
	v := desk.Viewer{Tenant: tx.Tenant, User: u.ID, Role: u.Role, Name: u.Name, Language: u.Language}
	if u.CompanyID != nil {
		v.Company = *u.CompanyID
	}
	return v, err
}
