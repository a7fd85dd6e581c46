package files

import (
	"context"
	"errors"
	"time"

	"github.com/riverqueue/river"
	"gocloud.dev/gcerrors"

	"github.com/conserje/conserje/portal/desk"
	"github.com/conserje/conserje/portal/store"
)

// Delete removes a file: a loose one by who sent it, an attached one by staff,
// with a trace in the audit log. Its name stays where it was attached.
func (s *Service) Delete(ctx context.Context, id desk.ID) error {
	var tenant desk.ID
	err := s.store.ViewerTx(ctx, func(ctx context.Context, tx *store.Tx, v desk.Viewer) error {
		tenant = v.Tenant
		f, err := s.see(ctx, tx, v, id)
		if err != nil {
			return err
		}
		if !loose(f) && !v.Role.Staff() {
			return desk.Errorf(desk.CodeForbidden, "what was sent, only staff delete")
		}
		if _, err := tx.DeleteFile(ctx, id); err != nil || loose(f) {
			return err
		}
		return tx.Audit(ctx, store.AuditEntry{Actor: v.User, Action: "file.deleted", Object: "file", ObjectID: id, Detail: map[string]any{
			"ticket": f.TicketID, "reply": f.ReplyID, "conversation": f.ConversationID, "uploader": f.UploaderID, "size": f.Size,
		}})
	})
	if err != nil {
		return err
	}
	if err := s.purge(context.WithoutCancel(ctx), tenant, id); err != nil {
		s.cfg.Log.WarnContext(ctx, "a deleted file's bytes are still there; the sweep tries again", "tenant", tenant, "file", id, "error", err)
	}
	return nil
}

// purge removes the bytes of a deleted file, then its row, unless something
// names it.
func (s *Service) purge(ctx context.Context, tenant, id desk.ID) error {
	if err := s.drop(ctx, tenant, id); err != nil {
		return err
	}
	return s.store.Tenant(tenant).Tx(ctx, func(ctx context.Context, tx *store.Tx) error {
		return errors.Join(tx.FilePurged(ctx, id), tx.ForgetFile(ctx, id))
	})
}

// forget removes a file whose bytes could not be written.
func (s *Service) forget(ctx context.Context, tenant, id desk.ID) error {
	if err := s.drop(ctx, tenant, id); err != nil {
		return err
	}
	return s.store.Tenant(tenant).Tx(ctx, func(ctx context.Context, tx *store.Tx) error { return tx.ForgetFile(ctx, id) })
}

func (s *Service) drop(ctx context.Context, tenant, id desk.ID) error {
	ctx, cancel := context.WithTimeout(ctx, s.cfg.Patience)
	defer cancel()
	for _, object := range []string{smallKey(tenant, id), key(tenant, id)} {
		if err := s.cfg.Bucket.Delete(ctx, object); err != nil && gcerrors.Code(err) != gcerrors.NotFound {
			return err
		}
	}
	return nil
}

// SweepArgs is the periodic job that removes what was sent and attached
// nowhere, and the bytes of deleted files that are still there.
type SweepArgs struct{}

// Kind names the job.
func (SweepArgs) Kind() string { return "files_sweep" }

type sweeper struct {
	river.WorkerDefaults[SweepArgs]
	files *Service
}

func (w *sweeper) Work(ctx context.Context, _ *river.Job[SweepArgs]) error { return w.files.Sweep(ctx) }

// AddWorkers registers the job; it works QueueMail.
func (s *Service) AddWorkers(workers *river.Workers) { river.AddWorker(workers, &sweeper{files: s}) }

// Periodic is what has to run by itself.
func (s *Service) Periodic() []*river.PeriodicJob {
	return store.Every(time.Hour, store.QueueMail, SweepArgs{})
}

// sweepAtOnce bounds one tenant's part of a sweep; the next one goes on.
const sweepAtOnce = 500

// Sweep does it in every tenant.
func (s *Service) Sweep(ctx context.Context) error {
	tenants, err := s.store.TenantIDs(ctx)
	if err != nil {
		return err
	}
	for _, tenant := range tenants {
		var ids []desk.ID
		err := s.store.Tenant(tenant).Tx(ctx, func(ctx context.Context, tx *store.Tx) (err error) {
			if _, err := tx.DeleteLooseFiles(ctx, looseAfter.Seconds()); err != nil {
				return err
			}
			ids, err = tx.FilesToPurge(ctx, sweepAtOnce)
			return err
		})
		if err != nil {
			return err
		}
		for _, id := range ids {
			if err := s.purge(ctx, tenant, id); err != nil {
				return err
			}
		}
	}
	return nil
}
