package verify

import (
	"context"
	"time"

	"github.com/riverqueue/river"

	"github.com/conserje/conserje/portal/desk"
	"github.com/conserje/conserje/portal/store"
	"github.com/conserje/conserje/portal/store/db"
)

// byStaff runs fn on somebody's factors for staff. Nobody recovers the own
// ones like this: whoever holds a technician's session would be past the
// second factor (ASVS 6.4.4); a colleague does it. Those of staff are an
// admin's matter, or a technician could make a colleague's account the own.
func (s *Service) byStaff(ctx context.Context, user desk.ID, fn func(ctx context.Context, tx *store.Tx, v desk.Viewer, f factors) error) error {
	v, err := desk.ViewerFrom(ctx)
	if err != nil {
		return err
	}
	if !v.Role.Staff() || v.User == user {
		return desk.Errorf(desk.CodeForbidden, "only staff may do this, and for somebody else")
	}
	return s.store.Tenant(v.Tenant).Tx(ctx, func(ctx context.Context, tx *store.Tx) error {
		f, err := lock(ctx, tx, user)
		if err != nil {
			return err
		}
		if f.owner.Role.Staff() && v.Role != desk.RoleAdmin {
			return errAdmin
		}
		return fn(ctx, tx, v, f)
	})
}

var errAdmin = desk.Errorf(desk.CodeAdminNeeded, "only an admin may do this")

// took ends the removal of somebody's factor by staff.
func (s *Service) took(ctx context.Context, tx *store.Tx, v desk.Viewer, user desk.ID, before factors, action, template string) error {
	if err := tx.RenewStaffAccess(ctx, user); err != nil {
		return err
	}
	return s.changed(ctx, tx, v.User, user, before, action, template, nil)
}

// RemovePhone deletes somebody's number at once, and with it the factor (R18).
func (s *Service) RemovePhone(ctx context.Context, user desk.ID) error {
	return s.byStaff(ctx, user, func(ctx context.Context, tx *store.Tx, v desk.Viewer, f factors) error {
		n, err := tx.DeletePhone(ctx, user)
		if err != nil {
			return err
		}
		if n == 0 {
			return desk.Errorf(desk.CodeNotFound, "there is no number on file")
		}
		return s.took(ctx, tx, v, user, f, "phone.deleted_by_staff", "phone_deleted")
	})
}

// SetContactPhone writes a number to somebody's details. It is contact data
// and no factor until its owner proves it; another number that was a factor is
// none any more.
func (s *Service) SetContactPhone(ctx context.Context, user desk.ID, typed string) (c Contact, err error) {
	err = s.byStaff(ctx, user, func(ctx context.Context, tx *store.Tx, v desk.Viewer, f factors) error {
		rules, err := LoadRules(ctx, tx)
		if err != nil {
			return err
		}
		number, err := rules.Number(typed)
		if err != nil {
			return err
		}
		if f.phone != nil && f.phone.Number == number {
			c = contact(f)
			return nil
		}
		if err := tx.SetContactPhone(ctx, db.SetContactPhoneParams{TenantID: tx.Tenant, UserID: user, Number: number}); err != nil {
			return err
		}
		now, err := loadFactors(ctx, tx, user)
		if err != nil {
			return err
		}
		c = contact(now)
		if f.phone != nil && f.phone.VerifiedAt != nil {
			return s.took(ctx, tx, v, user, f, "phone.replaced_by_staff", "phone_deleted")
		}
		if err := tx.VoidChallenges(ctx, db.VoidChallengesParams{UserID: user}); err != nil {
			return err
		}
		return tx.Audit(ctx, store.AuditEntry{Actor: v.User, Action: "phone.set_by_staff", Object: "user", ObjectID: user})
	})
	return c, err
}

// Contact is what staff see of somebody's number and factors.
type Contact struct {
	Number      string     `json:"number,omitempty"`
	Verified    bool       `json:"verified"`
	WaitsUntil  *time.Time `json:"waits_until,omitempty" doc:"The number is no factor before."`
	DeleteAfter *time.Time `json:"delete_after,omitempty"`
	TOTP        bool       `json:"totp"`
	TOTPFrom    *time.Time `json:"totp_waits_until,omitempty" doc:"The app is no factor before."`
	Held        bool       `json:"held" doc:"Staff gave the account a password or another address: what the person sets up now waits 24 hours."`
}

func contact(f factors) (c Contact) {
	if f.phone != nil {
		c.Number, c.Verified, c.DeleteAfter = f.phone.Number, f.phone.VerifiedAt != nil, f.phone.DeleteAfter
		if c.Verified && !f.phone.Ready {
			c.WaitsUntil = f.phone.FactorFrom
		}
	}
	c.TOTP = f.totp != nil && f.totp.VerifiedAt != nil
	if c.TOTP && !f.totp.Ready {
		c.TOTPFrom = f.totp.FactorFrom
	}
	c.Held = f.heldBack()
	return c
}

// Release lets what somebody set up, or sets up now, count at once: an admin
// has made sure that it is that person. Nobody does so for the own account.
func (s *Service) Release(ctx context.Context, user desk.ID) (c Contact, err error) {
	err = s.byStaff(ctx, user, func(ctx context.Context, tx *store.Tx, v desk.Viewer, _ factors) error {
		if v.Role != desk.RoleAdmin {
			return errAdmin
		}
		changed := int64(0)
		for _, release := range []func(context.Context, desk.ID) (int64, error){tx.ReleaseOwner, tx.ReleasePhone, tx.ReleaseTOTP} {
			n, err := release(ctx, user)
			if err != nil {
				return err
			}
			changed += n
		}
		now, err := loadFactors(ctx, tx, user)
		if c = contact(now); err != nil || changed == 0 {
			return err
		}
		return tx.Audit(ctx, store.AuditEntry{Actor: v.User, Action: "factor.released", Object: "user", ObjectID: user})
	})
	return c, err
}

// ContactOf tells staff somebody's number and factors.
func (s *Service) ContactOf(ctx context.Context, user desk.ID) (c Contact, err error) {
	v, err := desk.ViewerFrom(ctx)
	if err != nil {
		return c, err
	}
	if !v.Role.Staff() {
		return c, desk.Errorf(desk.CodeForbidden, "only staff may see this")
	}
	err = s.store.Tenant(v.Tenant).Tx(ctx, func(ctx context.Context, tx *store.Tx) error {
		if _, err := tx.UserByID(ctx, user); err != nil {
			if store.NoRows(err) {
				return desk.Errorf(desk.CodeNotFound, "no such person")
			}
			return err
		}
		f, err := loadFactors(ctx, tx, user)
		c = contact(f)
		return err
	})
	return c, err
}

// SweepArgs is the periodic job that carries out deletions whose time has
// come.
type SweepArgs struct{}

// Kind names the job.
func (SweepArgs) Kind() string { return "factor_sweep" }

type sweeper struct {
	river.WorkerDefaults[SweepArgs]
	service *Service
}

func (w *sweeper) Work(ctx context.Context, _ *river.Job[SweepArgs]) error {
	return w.service.Sweep(ctx)
}

// AddWorkers registers the job; it works store.QueueMail.
func (s *Service) AddWorkers(workers *river.Workers) {
	river.AddWorker(workers, &sweeper{service: s})
}

// Periodic is what has to run by itself.
func (s *Service) Periodic() []*river.PeriodicJob {
	return store.Every(5*time.Minute, store.QueueMail, SweepArgs{})
}

// Sweep deletes the numbers whose owners asked for it 24 hours ago, and codes
// that are long over, in every tenant.
func (s *Service) Sweep(ctx context.Context) error {
	return s.store.EachTx(ctx, s.sweep)
}

func (s *Service) sweep(ctx context.Context, tx *store.Tx) error {
	due, err := tx.DuePhones(ctx)
	if err != nil {
		return err
	}
	for _, user := range due {
		f, err := lock(ctx, tx, user)
		if err != nil {
			return err
		}
		n, err := tx.DeleteDuePhone(ctx, user)
		if err != nil {
			return err
		}
		if n == 0 {
			continue // its owner kept it meanwhile
		}
		if err := s.changed(ctx, tx, "", user, f, "phone.deleted", "phone_deleted", nil); err != nil {
			return err
		}
	}
	return tx.SweepChallenges(ctx)
}
