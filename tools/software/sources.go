package software

import (
	"cmp"
	"context"
	"regexp"
	"strings"
	"time"

	"github.com/conserje/conserje/portal/desk"
	"github.com/conserje/conserje/portal/store"
	"github.com/conserje/conserje/portal/store/db"
)

// PackageSource is a private repository of packages as staff see it: never with its
// credentials.
type PackageSource struct {
	ID             desk.ID   `json:"id"`
	Manager        string    `json:"manager" enum:"chocolatey,homebrew"`
	Name           string    `json:"name"`
	URL            string    `json:"url"`
	HasCredentials bool      `json:"has_credentials"`
	UsedBy         int       `json:"used_by" doc:"How many rows of the catalogue come from it."`
	CreatedAt      time.Time `json:"created_at"`
}

// SourceCredentials log in at a source. They go in and, sealed to one device, out
// with a command; nothing shows them.
type SourceCredentials struct {
	User     string `json:"user" minLength:"1" maxLength:"512"`
	Password string `json:"password" minLength:"1" maxLength:"512"`
}

// SourceDraft is a source as an admin writes it.
type SourceDraft struct {
	Manager     string             `json:"manager" enum:"chocolatey,homebrew"`
	Name        string             `json:"name" minLength:"1" maxLength:"100"`
	URL         string             `json:"url" maxLength:"500"`
	Credentials *SourceCredentials `json:"credentials,omitempty"`
}

// SourceChange says what to change of a source; nil leaves it alone.
type SourceChange struct {
	Name              *string            `json:"name,omitempty" minLength:"1" maxLength:"100"`
	URL               *string            `json:"url,omitempty" maxLength:"500" doc:"A source with credentials needs them again for a new address."`
	Credentials       *SourceCredentials `json:"credentials,omitempty"`
	RemoveCredentials bool               `json:"remove_credentials,omitempty"`
}

const sealPurpose = "software source"

// credential is what the agent can pass on to a package manager.
var credential = regexp.MustCompile(`^[\x21-\x7e]{1,512}$`)

func sealedFor(tx *store.Tx, id desk.ID) string { return string(tx.Tenant) + " " + string(id) }

// CredentialsTx opens the credentials of a source, as the agent reads them
// (USER:PASSWORD), for the one command that carries them; nil when it has none.
// Its caller seals them to the device at once and keeps them nowhere.
func (s *Service) CredentialsTx(ctx context.Context, tx *store.Tx, source desk.ID) ([]byte, error) {
	row, err := tx.SoftwareSourceByID(ctx, source)
	if store.NoRows(err) {
		return nil, noSource()
	}
	if err != nil || len(row.Sealed) == 0 {
		return nil, err
	}
	return s.store.Unseal(sealPurpose, sealedFor(tx, source), row.Sealed)
}

func noSource() error { return desk.Errorf(desk.CodeNotFound, "no such source") }

// Sources lists the private sources, for staff.
func (s *Service) Sources(ctx context.Context) (list []PackageSource, err error) {
	err = s.asStaff(ctx, func(ctx context.Context, tx *store.Tx, _ desk.Viewer) error {
		list, err = sources(ctx, tx)
		return err
	})
	return list, err
}

func sources(ctx context.Context, tx *store.Tx) ([]PackageSource, error) {
	rows, err := tx.ListSoftwareSources(ctx)
	list := make([]PackageSource, len(rows))
	for i, r := range rows {
		list[i] = PackageSource{
			ID: r.ID, Manager: r.Manager, Name: r.Name, URL: r.Url, HasCredentials: r.HasCredentials, UsedBy: int(r.UsedBy), CreatedAt: r.CreatedAt.UTC(),
		}
	}
	return list, err
}

func source(ctx context.Context, tx *store.Tx, id desk.ID) (PackageSource, error) {
	list, err := sources(ctx, tx)
	if err != nil {
		return PackageSource{}, err
	}
	for _, s := range list {
		if s.ID == id {
			return s, nil
		}
	}
	return PackageSource{}, noSource()
}

// Source is one private source, for staff.
func (s *Service) Source(ctx context.Context, id desk.ID) (out PackageSource, err error) {
	err = s.asStaff(ctx, func(ctx context.Context, tx *store.Tx, _ desk.Viewer) error {
		out, err = source(ctx, tx, id)
		return err
	})
	return out, err
}

// AddSource adds a private source.
func (s *Service) AddSource(ctx context.Context, d SourceDraft) (out PackageSource, err error) {
	err = s.asAdmin(ctx, func(ctx context.Context, tx *store.Tx, v desk.Viewer) error {
		if d.Manager != "chocolatey" && d.Manager != "homebrew" {
			return desk.Errorf(desk.CodeInvalid, "a source is one of Chocolatey or Homebrew").On("manager")
		}
		if err := cmp.Or(oneLine("name", d.Name), checkURL(d.URL)); err != nil {
			return err
		}
		id := desk.NewID()
		sealed, err := s.sealed(tx, id, d.Credentials)
		if err != nil {
			return err
		}
		n, err := tx.InsertSoftwareSource(ctx, db.InsertSoftwareSourceParams{TenantID: tx.Tenant, ID: id, Manager: d.Manager, Name: d.Name, Url: d.URL, Sealed: sealed})
		if err == nil && n == 0 {
			err = nameTaken()
		}
		if err != nil {
			return err
		}
		if err := auditSource(ctx, tx, v, "software_source.added", id, d.URL, d.Credentials != nil); err != nil {
			return err
		}
		out, err = source(ctx, tx, id)
		return err
	})
	return out, err
}

func nameTaken() error {
	return desk.Errorf(desk.CodeInvalid, "another source has this name").On("name")
}

func (s *Service) sealed(tx *store.Tx, id desk.ID, c *SourceCredentials) ([]byte, error) {
	if c == nil {
		return nil, nil
	}
	if !credential.MatchString(c.User) || !credential.MatchString(c.Password) || strings.Contains(c.User, ":") {
		return nil, desk.Errorf(desk.CodeInvalid, "user and password have printable ASCII characters, without blanks").On("credentials")
	}
	return s.store.Seal(sealPurpose, sealedFor(tx, id), []byte(c.User+":"+c.Password)), nil
}

// ChangeSource edits a source. A new address or new credentials move on the
// version of every row that comes from it (SECURITY A13, H9), and credentials
// never follow to a new address by themselves: who may edit a source must not
// have its password sent elsewhere.
func (s *Service) ChangeSource(ctx context.Context, id desk.ID, c SourceChange) (out PackageSource, err error) {
	err = s.asAdmin(ctx, func(ctx context.Context, tx *store.Tx, v desk.Viewer) error {
		row, err := tx.HoldSoftwareSource(ctx, id)
		if store.NoRows(err) {
			return noSource()
		}
		if err != nil {
			return err
		}
		after, err := s.changed(ctx, tx, row, c)
		if err != nil {
			return err
		}
		if err := tx.ChangeSoftwareSource(ctx, after); err != nil {
			return err
		}
		if after.Url != row.Url || c.Credentials != nil || c.RemoveCredentials {
			if err := tx.BumpSoftwareOfSource(ctx, id); err != nil {
				return err
			}
		}
		if err := auditSource(ctx, tx, v, "software_source.changed", id, after.Url, after.Sealed != nil); err != nil {
			return err
		}
		out, err = source(ctx, tx, id)
		return err
	})
	return out, err
}

func (s *Service) changed(ctx context.Context, tx *store.Tx, row db.SoftwareSource, c SourceChange) (db.ChangeSoftwareSourceParams, error) {
	after := db.ChangeSoftwareSourceParams{ID: row.ID, Name: row.Name, Url: row.Url, Sealed: row.Sealed}
	if c.Name != nil {
		if err := oneLine("name", *c.Name); err != nil {
			return after, err
		}
		taken, err := tx.SourceNameTaken(ctx, db.SourceNameTakenParams{Name: *c.Name, ID: row.ID})
		if err != nil || taken {
			return after, cmp.Or[error](err, nameTaken())
		}
		after.Name = *c.Name
	}
	if c.URL != nil {
		if err := checkURL(*c.URL); err != nil {
			return after, err
		}
		if *c.URL != row.Url && row.Sealed != nil && c.Credentials == nil && !c.RemoveCredentials {
			return after, desk.Errorf(desk.CodeInvalid, "a new address needs its credentials again").On("credentials")
		}
		after.Url = *c.URL
	}
	switch {
	case c.RemoveCredentials && c.Credentials != nil:
		return after, desk.Errorf(desk.CodeInvalid, "new credentials or none, not both").On("credentials")
	case c.RemoveCredentials:
		after.Sealed = nil
	case c.Credentials != nil:
		var err error
		if after.Sealed, err = s.sealed(tx, row.ID, c.Credentials); err != nil {
			return after, err
		}
	}
	return after, nil
}

// RemoveSource deletes a source that no row of the catalogue comes from.
func (s *Service) RemoveSource(ctx context.Context, id desk.ID) error {
	return s.asAdmin(ctx, func(ctx context.Context, tx *store.Tx, v desk.Viewer) error {
		if _, err := tx.HoldSoftwareSource(ctx, id); store.NoRows(err) {
			return noSource()
		} else if err != nil {
			return err
		}
		used, err := tx.SourceInUse(ctx, id)
		if err != nil || used {
			return cmp.Or[error](err, desk.Errorf(desk.CodeConflict, "software of the catalogue comes from this source"))
		}
		if err := tx.ForgetSourceOfRetired(ctx, id); err != nil {
			return err
		}
		if err := tx.DeleteSoftwareSource(ctx, id); err != nil {
			return err
		}
		return tx.Audit(ctx, store.AuditEntry{Actor: v.User, Action: "software_source.removed", Object: "software_source", ObjectID: id})
	})
}

func auditSource(ctx context.Context, tx *store.Tx, v desk.Viewer, action string, id desk.ID, url string, credentials bool) error {
	return tx.Audit(ctx, store.AuditEntry{
		Actor: v.User, Action: action, Object: "software_source", ObjectID: id, Detail: map[string]any{"url": url, "credentials": credentials},
	})
}
