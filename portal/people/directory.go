package people

import (
	"context"
	"time"

	"github.com/conserje/conserje/portal/desk"
	"github.com/conserje/conserje/portal/notify"
	"github.com/conserje/conserje/portal/policy"
	"github.com/conserje/conserje/portal/store"
	"github.com/conserje/conserje/portal/store/db"
)

// Person is an account as staff see it.
type Person struct {
	ID            desk.ID       `json:"id"`
	Login         string        `json:"login"`
	Email         string        `json:"email"`
	Name          string        `json:"name"`
	Role          desk.Role     `json:"role"`
	Language      desk.Language `json:"language"`
	Company       *Named        `json:"company,omitempty"`
	Disabled      bool          `json:"disabled"`
	FirstPassword bool          `json:"first_password" doc:"Whether the password that staff gave has not been used yet, and can be read."`
	MustChange    bool          `json:"must_change" doc:"Whether another password is asked for at the log-in."`
	MayManage     bool          `json:"may_manage" doc:"Whether you may change this account."`
	Version       int           `json:"version"`
	CreatedAt     time.Time     `json:"created_at"`
	LastLoginAt   *time.Time    `json:"last_login_at,omitempty"`
	Welcome       *Welcome      `json:"welcome,omitempty" doc:"The last welcome mail; not in lists."`
}

// Cursor is where a list goes on; the zero value is its start.
type Cursor struct {
	Name string  `json:"name"`
	ID   desk.ID `json:"id"`
}

const nilID = desk.ID("00000000-0000-0000-0000-000000000000")

func (c Cursor) id() desk.ID {
	if c.ID == "" {
		return nilID
	}
	return c.ID
}

// PeopleFilter narrows the list of people; empty fields take everybody.
type PeopleFilter struct {
	Query   string    // words of the name, user name, mail address or company
	IDs     []desk.ID // only these
	Company desk.ID
	Role    desk.Role
	State   string // active, disabled, or waiting: has not used the first password
	After   Cursor
	AtMost  int
}

// Users lists the tenant's people by name, for staff.
func (s *Service) Users(ctx context.Context, f PeopleFilter) (list []Person, err error) {
	err = s.staff(ctx, func(ctx context.Context, tx *store.Tx, v desk.Viewer) error {
		list, err = persons(ctx, tx, v, db.UsersParams{
			Ids: append([]desk.ID{}, f.IDs...), AfterName: f.After.Name, AfterID: f.After.id(), Company: store.Optional(f.Company), Role: string(f.Role), State: f.State,
			Words: words(f.Query), AtMost: int32(min(max(f.AtMost, 1), 200)),
		})
		return err
	})
	return list, err
}

// User returns one person, for staff.
func (s *Service) User(ctx context.Context, id desk.ID) (p Person, err error) {
	err = s.staff(ctx, func(ctx context.Context, tx *store.Tx, v desk.Viewer) error {
		p, err = onePerson(ctx, tx, v, id)
		return err
	})
	return p, err
}

func onePerson(ctx context.Context, tx *store.Tx, v desk.Viewer, id desk.ID) (Person, error) {
	list, err := persons(ctx, tx, v, db.UsersParams{ID: &id, Ids: []desk.ID{}, AfterID: nilID, Words: []string{}, AtMost: 1})
	if err != nil {
		return Person{}, err
	}
	if len(list) == 0 {
		return Person{}, noPerson()
	}
	p := list[0]
	w, err := tx.LastWelcome(ctx, id)
	if err == nil {
		reason, detail := notify.ReasonOf(w.Detail)
		p.Welcome = &Welcome{State: w.State, Reason: string(reason), Detail: detail, At: w.CreatedAt}
	} else if !store.NoRows(err) {
		return Person{}, err
	}
	return p, nil
}

func persons(ctx context.Context, tx *store.Tx, v desk.Viewer, p db.UsersParams) ([]Person, error) {
	rows, err := tx.Users(ctx, p)
	list := make([]Person, len(rows))
	for i, r := range rows {
		may := mayManage(v, r.Role) == nil
		list[i] = Person{
			ID: r.ID, Login: r.Login, Email: orEmpty(r.Email), Name: r.Name, Role: r.Role, Language: r.Language, Disabled: r.DisabledAt != nil,
			FirstPassword: r.FirstPassword, MustChange: r.MustChange, MayManage: may, Version: int(r.Version), CreatedAt: r.CreatedAt, LastLoginAt: r.LastLoginAt,
		}
		if r.CompanyID != nil {
			list[i].Company = &Named{ID: *r.CompanyID, Name: orEmpty(r.CompanyName)}
		}
	}
	return list, err
}

// AccessOf says what the portal's switches allow somebody, and which one
// decided it (B10), for staff.
func (s *Service) AccessOf(ctx context.Context, id desk.ID) (list []policy.AccessLine, err error) {
	err = s.staff(ctx, func(ctx context.Context, tx *store.Tx, _ desk.Viewer) error {
		list, err = accessOf(ctx, tx, id)
		return err
	})
	return list, err
}

func accessOf(ctx context.Context, tx *store.Tx, id desk.ID) ([]policy.AccessLine, error) {
	u, err := tx.UserByID(ctx, id)
	if store.NoRows(err) {
		return nil, noPerson()
	}
	if err != nil {
		return nil, err
	}
	return policy.AccessOf(ctx, tx, desk.Viewer{Tenant: tx.Tenant, User: u.ID, Company: store.OrZero(u.CompanyID), Role: u.Role, Name: u.Name, Language: u.Language})
}

// Select puts somebody on the lists of selected users of the named switches, or
// takes them off, for admins.
func (s *Service) Select(ctx context.Context, id desk.ID, on map[string]bool) (list []policy.AccessLine, err error) {
	err = s.admin(ctx, func(ctx context.Context, tx *store.Tx, v desk.Viewer) error {
		if _, err := tx.UserByID(ctx, id); err != nil {
			if store.NoRows(err) {
				return noPerson()
			}
			return err
		}
		if err := policy.Select(ctx, tx, v, id, on); err != nil {
			return err
		}
		list, err = accessOf(ctx, tx, id)
		return err
	})
	return list, err
}

// staff runs fn in the viewer's tenant if the viewer works there.
func (s *Service) staff(ctx context.Context, fn func(ctx context.Context, tx *store.Tx, v desk.Viewer) error) error {
	return s.store.ViewerTx(ctx, func(ctx context.Context, tx *store.Tx, v desk.Viewer) error {
		if !v.Role.Staff() {
			return desk.Errorf(desk.CodeForbidden, "only staff may see this")
		}
		return fn(ctx, tx, v)
	})
}

// admin runs fn in the viewer's tenant if the viewer is one of its admins.
func (s *Service) admin(ctx context.Context, fn func(ctx context.Context, tx *store.Tx, v desk.Viewer) error) error {
	return s.store.ViewerTx(ctx, func(ctx context.Context, tx *store.Tx, v desk.Viewer) error {
		if v.Role != desk.RoleAdmin {
			return desk.Errorf(desk.CodeForbidden, "only an admin may do this")
		}
		return fn(ctx, tx, v)
	})
}
