// Package software is the catalogue of what people may install on their
// devices (R15, R16, P6), and their wishes for what is not in it (B11).
//
// A package's id comes from a row that an admin wrote, and from nowhere else:
// people and the assistant choose a row, never a package. Each row carries a
// version that every edit of it, or of the private source that it comes from,
// moves on; it belongs to what a person confirms, so that nothing else is
// installed than what was shown (SECURITY A13).
//
// What somebody may not have does not exist for them. Credentials of private
// sources lie sealed in the database; no method of Service that the interface
// calls returns them.
package software

import (
	"context"

	"github.com/conserje/conserje/portal/desk"
	"github.com/conserje/conserje/portal/notify"
	"github.com/conserje/conserje/portal/policy"
	"github.com/conserje/conserje/portal/store"
	"github.com/conserje/conserje/portal/store/db"
)

// The systems of devices. Nothing is installed on Linux.
const (
	Windows = "windows"
	MacOS   = "macos"
	Linux   = "linux"
)

// Service is the one way to the catalogue.
type Service struct {
	store    *store.Store
	proposer Proposer
	mailer   Mailer
}

// Mailer sends a mail when tx commits; somebody without an address gets none.
type Mailer interface {
	Mail(ctx context.Context, tx *store.Tx, m notify.Message) error
}

// Proposer puts a proposed install of a row of the catalogue into the ledger,
// for its owner to confirm: what an approved request leads to. An error that
// is a *desk.Error is a refusal: then it has written nothing, and the approval
// stands without an action.
type Proposer interface {
	ProposeInstallTx(ctx context.Context, tx *store.Tx, owner desk.Viewer, w Install) (action desk.ID, err error)
}

// Install is what a Proposer is asked for.
type Install struct {
	Device, Software      desk.ID
	Conversation, Request desk.ID // the conversation is empty when the request came from none
}

// New returns the service. Plug gives it its proposer, which needs it first.
func New(s *store.Store) *Service { return &Service{store: s} }

// Plug names who proposes installs of approved requests. Call it before the
// service is used; without one, approvals lead to no action.
func (s *Service) Plug(p Proposer) { s.proposer = p }

// PlugMail names who tells requesters of decisions by mail; without one they
// read it in the portal.
func (s *Service) PlugMail(m Mailer) { s.mailer = m }

// Item is something that one person may install on one system.
type Item struct {
	ID             desk.ID `json:"id"`
	Name           string  `json:"name"`
	Publisher      string  `json:"publisher"`
	Description    string  `json:"description"`
	Icon           string  `json:"icon"`
	PackageVersion string  `json:"package_version,omitempty"` // empty: the newest
}

// For lists what v may install on a system, by name. On Linux that is nothing:
// policy.RuleInstallLinux.
func (s *Service) For(ctx context.Context, tx *store.Tx, v desk.Viewer, system string) ([]Item, error) {
	if system == Linux {
		return nil, policy.Refuse(policy.RuleInstallLinux)
	}
	rows, err := tx.SoftwareFor(ctx, db.SoftwareForParams{System: system, Viewer: &v.User, Company: store.Optional(v.Company)})
	if err != nil {
		return nil, err
	}
	list := make([]Item, len(rows))
	for i, r := range rows {
		list[i] = Item{ID: r.ID, Name: r.Name, Publisher: r.Publisher, Description: r.Description, Icon: r.Icon, PackageVersion: r.Version}
	}
	return list, nil
}

// Package is how a row of the catalogue is installed on one system. All of it
// but name and icon belongs into the digest that a person confirms.
type Package struct {
	Software        desk.ID `json:"software"`
	SoftwareVersion int     `json:"software_version"` // of the row: moved on by every edit
	Name            string  `json:"name"`             // display text
	Icon            string  `json:"-"`
	System          string  `json:"system"`
	Manager         string  `json:"manager"` // chocolatey, homebrew_formula, homebrew_cask
	ID              string  `json:"package"`
	Version         string  `json:"version"` // empty: the newest
	Source          *Origin `json:"source,omitempty"`
}

// Origin is the private source of a package. Its credentials are asked for by
// CredentialsTx when a command leaves, and never before.
type Origin struct {
	ID   desk.ID `json:"id"`
	Name string  `json:"name"`
	URL  string  `json:"url"`
}

// PackageTx is what would be installed for v on a system. A row that is not
// v's is CodeNotFound; Linux is refused by policy.RuleInstallLinux, a row
// without a package for the system by policy.RuleSoftwareSystem.
func (s *Service) PackageTx(ctx context.Context, tx *store.Tx, v desk.Viewer, software desk.ID, system string) (Package, error) {
	id, err := desk.ParseID(string(software))
	if err != nil {
		return Package{}, notFound()
	}
	row, err := tx.SoftwareSeen(ctx, db.SoftwareSeenParams{ID: id, Viewer: &v.User, Company: store.Optional(v.Company)})
	if store.NoRows(err) {
		return Package{}, notFound()
	}
	if err != nil {
		return Package{}, err
	}
	if system == Linux {
		return Package{}, policy.Refuse(policy.RuleInstallLinux)
	}
	p, err := tx.SoftwarePackageOf(ctx, db.SoftwarePackageOfParams{SoftwareID: id, System: system})
	if store.NoRows(err) {
		return Package{}, policy.Refuse(policy.RuleSoftwareSystem)
	}
	if err != nil {
		return Package{}, err
	}
	out := Package{
		Software: id, SoftwareVersion: int(row.Version), Name: row.Name, Icon: row.Icon, System: system,
		Manager: p.Manager, ID: p.Package, Version: p.Version,
	}
	if p.SourceID != nil {
		out.Source = &Origin{ID: *p.SourceID, Name: store.OrZero(p.SourceName), URL: store.OrZero(p.SourceUrl)}
	}
	return out, nil
}

func notFound() *desk.Error { return desk.Errorf(desk.CodeNotFound, "no such software") }
