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
// second factor (ASVS 6.4.4); a colleague does it.
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
		return fn(ctx, tx, v, f)
	})
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
		return s.changed(ctx, tx, v.User, user, f, "phone.deleted_by_staff", "phone_deleted", nil)
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
		c = Contact{Number: number}
		if f.phone != nil && f.phone.VerifiedAt != nil {
			return s.changed(ctx, tx, v.User, user, f, "phone.replaced_by_staff", "phone_deleted", nil)
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
	DeleteAfter *time.Time `json:"delete_after,omitempty"`
	TOTP        bool       `json:"totp"`
}

func contact(f factors) (c Contact) {
	if f.phone != nil {
		c.Number, c.Verified, c.DeleteAfter = f.phone.Number, f.phone.VerifiedAt != nil, f.phone.DeleteAfter
	}
	c.TOTP = f.totp != nil && f.totp.VerifiedAt != nil
	return c
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
	return []*river.PeriodicJob{river.NewPeriodicJob(river.PeriodicInterval(5*time.Minute), func() (river.JobArgs, *river.InsertOpts) {
		return SweepArgs{}, &river.InsertOpts{Queue: store.QueueMail, MaxAttempts: 1}
	}, &river.PeriodicJobOpts{RunOnStart: true})}
}

// Sweep deletes the numbers whose owners asked for it 24 hours ago, and codes
// that are long over, in every tenant.
func (s *Service) Sweep(ctx context.Context) error {
	tenants, err := s.store.TenantIDs(ctx)
	if err != nil {
		return err
	}
	for _, id := range tenants {
		if err := s.store.Tenant(id).Tx(ctx, s.sweep); err != nil {
			return err
		}
	}
	return nil
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
