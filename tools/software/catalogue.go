package software

import (
	"cmp"
	"context"
	"slices"
	"time"

	"github.com/conserje/conserje/portal/desk"
	"github.com/conserje/conserje/portal/store"
	"github.com/conserje/conserje/portal/store/db"
)

// RowAudience is who may have a row of the catalogue.
type RowAudience struct {
	Mode      string    `json:"mode" enum:"everyone,companies,users"`
	Companies []desk.ID `json:"companies,omitempty" maxItems:"500"`
	Users     []desk.ID `json:"users,omitempty" maxItems:"500" doc:"With mode companies: single people besides."`
}

// RowDraft is a row of the catalogue as an admin writes it.
type RowDraft struct {
	Name        string        `json:"name" minLength:"1" maxLength:"100"`
	Publisher   string        `json:"publisher,omitempty" maxLength:"100"`
	Description string        `json:"description,omitempty" maxLength:"1000"`
	Icon        string        `json:"icon,omitempty" maxLength:"262144" doc:"A built-in icon's name, or a PNG, JPEG or GIF as a data URL; it is stored as a small PNG."`
	Audience    RowAudience   `json:"audience"`
	Packages    []PackageSpec `json:"packages" minItems:"1" maxItems:"2"`
}

// Row is a row of the catalogue for staff. Version moves on with each edit.
type Row struct {
	ID desk.ID `json:"id"`
	RowDraft
	Version   int       `json:"version"`
	CreatedAt time.Time `json:"created_at"`
	UpdatedAt time.Time `json:"updated_at"`
}

// Change says what to change of a row; nil leaves it alone. Version, when not
// 0, is the one that the viewer saw.
type Change struct {
	Name, Publisher, Description, Icon *string
	Audience                           *RowAudience
	Packages                           *[]PackageSpec
	Version                            int
}

// asStaff and asAdmin run fn for those who may: staff read the catalogue,
// admins write it (R15).
func (s *Service) asStaff(ctx context.Context, fn func(ctx context.Context, tx *store.Tx, v desk.Viewer) error) error {
	return s.store.ViewerTx(ctx, func(ctx context.Context, tx *store.Tx, v desk.Viewer) error {
		if !v.Role.Staff() {
			return desk.Errorf(desk.CodeForbidden, "only staff may do this")
		}
		return fn(ctx, tx, v)
	})
}

func (s *Service) asAdmin(ctx context.Context, fn func(ctx context.Context, tx *store.Tx, v desk.Viewer) error) error {
	return s.store.ViewerTx(ctx, func(ctx context.Context, tx *store.Tx, v desk.Viewer) error {
		if err := adminOnly(v); err != nil {
			return err
		}
		return fn(ctx, tx, v)
	})
}

func adminOnly(v desk.Viewer) error {
	if v.Role != desk.RoleAdmin {
		return desk.Errorf(desk.CodeForbidden, "only an admin changes the catalogue")
	}
	return nil
}

// List is the whole catalogue, by name, for staff.
func (s *Service) List(ctx context.Context) (list []Row, err error) {
	err = s.asStaff(ctx, func(ctx context.Context, tx *store.Tx, _ desk.Viewer) error {
		rows, err := tx.ListSoftware(ctx)
		if err != nil {
			return err
		}
		list, err = entries(ctx, tx, rows)
		return err
	})
	return list, err
}

// Get is one row of the catalogue, for staff.
func (s *Service) Get(ctx context.Context, id desk.ID) (e Row, err error) {
	err = s.asStaff(ctx, func(ctx context.Context, tx *store.Tx, _ desk.Viewer) error {
		e, err = entry(ctx, tx, id)
		return err
	})
	return e, err
}

// Create adds a row to the catalogue.
func (s *Service) Create(ctx context.Context, d RowDraft) (e Row, err error) {
	err = s.asAdmin(ctx, func(ctx context.Context, tx *store.Tx, v desk.Viewer) error {
		e, err = CreateTx(ctx, tx, v, d)
		return err
	})
	return e, err
}

// CreateTx is Create inside the caller's transaction.
func CreateTx(ctx context.Context, tx *store.Tx, v desk.Viewer, d RowDraft) (Row, error) {
	if err := adminOnly(v); err != nil {
		return Row{}, err
	}
	if err := d.check(ctx, tx); err != nil {
		return Row{}, err
	}
	id := desk.NewID()
	err := tx.InsertSoftware(ctx, db.InsertSoftwareParams{
		TenantID: tx.Tenant, ID: id, Name: d.Name, Publisher: d.Publisher, Description: d.Description, Icon: d.Icon, Audience: d.Audience.Mode,
	})
	if err != nil {
		return Row{}, err
	}
	if err := d.saveParts(ctx, tx, id); err != nil {
		return Row{}, err
	}
	if err := auditRow(ctx, tx, v, "software.added", id, d); err != nil {
		return Row{}, err
	}
	return entry(ctx, tx, id)
}

// Change edits a row. Whatever was proposed or confirmed with the row as it
// was must be confirmed again: the version moves on.
func (s *Service) Change(ctx context.Context, id desk.ID, c Change) (e Row, err error) {
	err = s.asAdmin(ctx, func(ctx context.Context, tx *store.Tx, v desk.Viewer) error {
		row, err := tx.HoldSoftware(ctx, id)
		if store.NoRows(err) {
			return notFound()
		}
		if err != nil {
			return err
		}
		if c.Version != 0 && c.Version != int(row.Version) {
			return desk.Errorf(desk.CodeConflict, "somebody changed the software meanwhile")
		}
		before, err := entry(ctx, tx, id)
		if err != nil {
			return err
		}
		d := c.apply(before.RowDraft)
		if err := d.check(ctx, tx); err != nil {
			return err
		}
		err = tx.ChangeSoftware(ctx, db.ChangeSoftwareParams{
			ID: id, Name: d.Name, Publisher: d.Publisher, Description: d.Description, Icon: d.Icon, Audience: d.Audience.Mode,
		})
		if err != nil {
			return err
		}
		if err := d.saveParts(ctx, tx, id); err != nil {
			return err
		}
		if err := auditRow(ctx, tx, v, "software.changed", id, d); err != nil {
			return err
		}
		e, err = entry(ctx, tx, id)
		return err
	})
	return e, err
}

func (c Change) apply(d RowDraft) RowDraft {
	for to, from := range map[*string]*string{&d.Name: c.Name, &d.Publisher: c.Publisher, &d.Description: c.Description, &d.Icon: c.Icon} {
		if from != nil {
			*to = *from
		}
	}
	if c.Audience != nil {
		d.Audience = *c.Audience
	}
	if c.Packages != nil {
		d.Packages = *c.Packages
	}
	return d
}

// Retire takes a row out of the catalogue. Actions that speak of it keep it.
func (s *Service) Retire(ctx context.Context, id desk.ID) error {
	return s.asAdmin(ctx, func(ctx context.Context, tx *store.Tx, v desk.Viewer) error {
		n, err := tx.RetireSoftware(ctx, id)
		if err == nil && n == 0 {
			return notFound()
		}
		if err != nil {
			return err
		}
		return tx.Audit(ctx, store.AuditEntry{Actor: v.User, Action: "software.retired", Object: "software", ObjectID: id})
	})
}

func auditRow(ctx context.Context, tx *store.Tx, v desk.Viewer, action string, id desk.ID, d RowDraft) error {
	return tx.Audit(ctx, store.AuditEntry{
		Actor: v.User, Action: action, Object: "software", ObjectID: id,
		Detail: map[string]any{"audience": d.Audience, "packages": d.Packages},
	})
}

// check holds the whole row, and puts the icon into the form that is stored.
func (d *RowDraft) check(ctx context.Context, tx *store.Tx) (err error) {
	if err := checkWords(d.Name, d.Publisher, d.Description); err != nil {
		return err
	}
	if d.Icon, err = checkIcon(d.Icon); err != nil {
		return err
	}
	if err := checkPackages(d.Packages); err != nil {
		return err
	}
	for _, p := range d.Packages {
		from, err := managerOf(ctx, tx, p.Source)
		if err != nil {
			return err
		}
		if err := p.check(from); err != nil {
			return err
		}
	}
	return d.Audience.check(ctx, tx)
}

// managerOf is the manager of a private source, empty without one. The source
// is held, so that it is not deleted or pointed elsewhere meanwhile.
func managerOf(ctx context.Context, tx *store.Tx, source desk.ID) (string, error) {
	if source == "" {
		return "", nil
	}
	none := desk.Errorf(desk.CodeInvalid, "there is no such source").On("source_id")
	id, err := desk.ParseID(string(source))
	if err != nil {
		return "", none
	}
	row, err := tx.HoldSoftwareSource(ctx, id)
	if store.NoRows(err) {
		return "", none
	}
	return row.Manager, err
}

// check holds an audience and drops what its mode does not use.
func (a *RowAudience) check(ctx context.Context, tx *store.Tx) error {
	switch a.Mode {
	case "everyone":
		a.Companies, a.Users = nil, nil
	case "users":
		a.Companies = nil
	case "companies":
	default:
		return desk.Errorf(desk.CodeInvalid, "an audience is everyone, companies or users").On("audience")
	}
	absent := desk.Errorf(desk.CodeInvalid, "an audience is made of companies and people of the portal").On("audience")
	for _, id := range append(slices.Clone(a.Companies), a.Users...) {
		if _, err := desk.ParseID(string(id)); err != nil {
			return absent
		}
	}
	for _, id := range a.Companies {
		if known, err := tx.CompanyExists(ctx, id); err != nil || !known {
			return cmp.Or[error](err, absent)
		}
	}
	for _, id := range a.Users {
		if _, err := tx.UserByID(ctx, id); store.NoRows(err) {
			return absent
		} else if err != nil {
			return err
		}
	}
	return nil
}
