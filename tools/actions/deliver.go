package actions

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"time"

	"github.com/conserje/conserje/portal/desk"
	"github.com/conserje/conserje/portal/store"
	"github.com/conserje/conserje/portal/store/db"
	"github.com/conserje/conserje/tools/devices/wire"
)

// evidence is what is known of an action's effect. It is the row's jsonb.
type evidence struct {
	BootBefore     string         `json:"boot_before,omitempty"`
	BootAfter      string         `json:"boot_after,omitempty"`
	VersionBefore  string         `json:"version_before,omitempty"`
	VersionAfter   string         `json:"version_after,omitempty"`
	Sessions       []string       `json:"sessions,omitempty"`
	Packages       []wire.Package `json:"packages,omitempty"`
	Received       *time.Time     `json:"received,omitempty"` // the agent has it, and will not take it twice
	Accepted       *time.Time     `json:"accepted,omitempty"` // the agent did it; the effect is still to show
	Said           string         `json:"said,omitempty"`     // the code it was accepted with
	PostponedUntil *time.Time     `json:"postponed_until,omitempty"`
	LinkLost       *time.Time     `json:"link_lost,omitempty"`
	ExitCode       int            `json:"exit_code,omitempty"`
	Output         string         `json:"output,omitempty"` // display only
	CommandExpires *time.Time     `json:"command_expires,omitempty"`
	Kept           desk.ID        `json:"kept,omitempty"` // the id of the sealed row, never its content
	KeptUntil      *time.Time     `json:"kept_until,omitempty"`
	// PasswordMessage is the text message with the temporary password.
	PasswordMessage desk.ID `json:"password_message,omitempty"`
}

func evidenceOf(a *db.Action) (e evidence, err error) { return e, json.Unmarshal(a.Evidence, &e) }

func (e *evidence) into(a *db.Action) (err error) {
	a.Evidence, err = json.Marshal(e)
	return err
}

// Deliverable gives a device's link the commands that may go out now. Each is
// checked once more in the transaction that hands it out: the rules, the
// assignment, the digest, the time. Who fails ends as refused or expired. A
// suspect or revoked device gets nothing. A command that was handed out and
// never received, because the link broke in between, is handed out again: the
// agent remembers ids, so that it acts once.
func (s *Service) Deliverable(ctx context.Context, tenant, device desk.ID) ([]wire.Command, error) {
	var ids []desk.ID
	err := s.store.Tenant(tenant).Tx(ctx, func(ctx context.Context, tx *store.Tx) (err error) {
		ids, err = tx.ActionsForDevice(ctx, device)
		return err
	})
	if err != nil {
		return nil, err
	}
	var list []wire.Command
	for _, id := range ids {
		c, err := s.deliver(ctx, tenant, device, id)
		if err != nil {
			return list, err
		}
		if c != nil {
			list = append(list, *c)
		}
	}
	return list, nil
}

// deliver hands one command out. From its commit on the device may have it:
// the row says so before the command is sent, never after.
func (s *Service) deliver(ctx context.Context, tenant, device, id desk.ID) (c *wire.Command, err error) {
	err = s.store.Tenant(tenant).Tx(ctx, func(ctx context.Context, tx *store.Tx) error {
		c = nil
		a, err := hold(ctx, tx, id)
		if err != nil {
			return err
		}
		now, err := s.now(ctx, tx)
		if err != nil {
			return err
		}
		e, err := evidenceOf(a)
		if err != nil {
			return err
		}
		state := desk.ActionState(a.State)
		repeat := state == desk.StateDelivered && e.Received == nil && e.CommandExpires != nil && now.Before(*e.CommandExpires)
		if a.DeviceID != device || state != desk.StateQueued && !repeat {
			return nil
		}
		if !repeat && !now.Before(a.Deadline) {
			return s.move(ctx, tx, a, CauseExpire, now, why{by: BySystem})
		}
		f, r, err := s.again(ctx, tx, a)
		if err == nil && r == nil && !repeat {
			r, err = s.unreachable(ctx, tx, a)
		}
		switch {
		case err != nil:
			return err
		case r != nil && repeat:
			return nil // it may be there already: its deadline settles it
		case r != nil:
			return s.refuse(ctx, tx, a, now, r)
		}
		c, err = s.command(ctx, tx, a, &e, f, now, repeat)
		return err
	})
	return c, err
}

func (s *Service) command(ctx context.Context, tx *store.Tx, a *db.Action, e *evidence, f found, now time.Time, repeat bool) (*wire.Command, error) {
	if !repeat {
		expires := a.Deadline
		e.CommandExpires = &expires
		e.BootBefore = f.decision.Device.BootID
		if f.pack != nil {
			v, err := tx.DeviceHasPackage(ctx, db.DeviceHasPackageParams{DeviceID: a.DeviceID, Manager: f.pack.Manager, Package: f.pack.ID})
			if err != nil {
				return nil, err
			}
			e.VersionBefore = v
		}
	}
	op := desk.Operation(a.Operation)
	c := &wire.Command{
		ID: string(a.ID), Device: string(a.DeviceID), Operation: a.Operation, Account: f.params.Account, AccountSID: f.params.AccountSID,
		Digest: a.Digest, IssuedAt: now, ExpiresAt: *e.CommandExpires, Nonce: nonce(),
	}
	if op == desk.OpRestart || op == desk.OpShutdown {
		c.WarnSeconds = warnSeconds
		owner, err := tx.PersonFor(ctx, a.UserID)
		if err != nil {
			return nil, err
		}
		c.Language = string(owner.Language) // the warning is for whoever asked
	}
	if err := s.sealPackage(ctx, tx, c, f); err != nil {
		return nil, err
	}
	if op == desk.OpResetPassword {
		if err := s.sealPassword(ctx, tx, a, e, c, f.decision.Device.SealKey); err != nil {
			return nil, err
		}
	}
	if err := e.into(a); err != nil {
		return nil, err
	}
	if repeat {
		return c, save(ctx, tx, a)
	}
	return c, s.move(ctx, tx, a, CauseDeliver, now, why{by: BySystem})
}

func nonce() string {
	var b [16]byte
	_, _ = rand.Read(b[:]) // never fails, by its contract
	return hex.EncodeToString(b[:])
}

// sealPackage puts the package into the command, a private source's credentials
// readable by this device only.
func (s *Service) sealPackage(ctx context.Context, tx *store.Tx, c *wire.Command, f found) error {
	if f.pack == nil {
		return nil
	}
	c.Package = &wire.PackageSpec{Manager: f.pack.Manager, ID: f.pack.ID, Version: f.pack.Version}
	from := f.pack.Source
	if from == nil {
		return nil
	}
	c.Package.Source = &wire.Source{URL: from.URL}
	plain, err := s.cfg.Catalogue.CredentialsTx(ctx, tx, from.ID)
	if err != nil || len(plain) == 0 {
		return err
	}
	c.Package.Source.SealedCredentials, err = wire.Seal(f.decision.Device.SealKey, wire.SecretOf(wire.SecretRepository, c.ID, c.Device), plain)
	return err
}
