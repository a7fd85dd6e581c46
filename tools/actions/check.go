package actions

import (
	"bytes"
	"context"

	"github.com/conserje/conserje/portal/desk"
	"github.com/conserje/conserje/portal/notify"
	"github.com/conserje/conserje/portal/policy"
	"github.com/conserje/conserje/portal/store"
	"github.com/conserje/conserje/portal/store/db"
	"github.com/conserje/conserje/portal/verify"
	"github.com/conserje/conserje/tools/software"
)

// found is what an act would be now.
type found struct {
	decision policy.Decision
	params   Parameters
	pack     *software.Package
}

func (f found) softwareVersion() int {
	if f.pack == nil {
		return 0
	}
	return f.pack.SoftwareVersion
}

// look asks every rule and reads what would be done: the one gate of all four
// times. A refusal is in the decision; an error denies as well.
func (s *Service) look(ctx context.Context, tx *store.Tx, user, device desk.ID, op desk.Operation, row desk.ID) (f found, err error) {
	owner := desk.Viewer{Tenant: tx.Tenant, User: user}
	q := policy.Question{Operation: op, Device: device}
	if op == desk.OpInstallSoftware {
		p, err := tx.PersonFor(ctx, user)
		if err != nil && !store.NoRows(err) {
			return f, err
		}
		owner.Company, owner.Role, owner.Name, owner.Language = store.OrZero(p.CompanyID), p.Role, p.Name, p.Language
		q.Named = true
		if f.pack, q.Missing, err = s.packageFor(ctx, tx, owner, device, row); err != nil {
			return f, err
		}
	}
	if q.NoSMS, err = s.noSMS(ctx, tx, op); err != nil {
		return f, err
	}
	if f.decision, err = policy.Explain(ctx, tx, owner, q); err != nil {
		return f, err
	}
	switch op {
	case desk.OpLock, desk.OpLogout, desk.OpResetPassword:
		f.params.Account, f.params.AccountSID = f.decision.Device.Account, f.decision.Device.AccountSid
	case desk.OpInstallSoftware:
		if f.pack != nil {
			f.params.Manager, f.params.Package, f.params.Version = f.pack.Manager, f.pack.ID, f.pack.Version
			if from := f.pack.Source; from != nil {
				f.params.Source, f.params.SourceURL = from.ID, from.URL
			}
		}
	}
	return f, nil
}

// noSMS reports that a temporary password could reach nobody: this portal sends
// no text messages, because nobody carries them or an admin switched them off.
func (s *Service) noSMS(ctx context.Context, tx *store.Tx, op desk.Operation) (bool, error) {
	if op != desk.OpResetPassword {
		return false, nil
	}
	if s.cfg.SMS == nil || !s.cfg.SMS.Can(notify.SMS) {
		return true, nil
	}
	rules, err := verify.LoadRules(ctx, tx)
	return !rules.SMS, err
}

// packageFor reads the catalogue; missing is the rule by which it has nothing
// for this person and system.
func (s *Service) packageFor(ctx context.Context, tx *store.Tx, owner desk.Viewer, device, row desk.ID) (p *software.Package, missing string, err error) {
	d, err := tx.DeviceFor(ctx, db.DeviceForParams{UserID: owner.User, DeviceID: device})
	if store.NoRows(err) || err == nil && (s.cfg.Catalogue == nil || row == "" || !owner.Role.Valid()) {
		return nil, policy.RuleCatalogue, nil
	}
	if err != nil {
		return nil, "", err
	}
	got, err := s.cfg.Catalogue.PackageTx(ctx, tx, owner, row, d.System)
	switch desk.CodeOf(err) {
	case "":
		return &got, "", nil
	case desk.CodeNotFound:
		return nil, policy.RuleCatalogue, nil
	case desk.CodePolicy, desk.CodeUnsupported:
		return nil, policy.RuleSoftwareSystem, nil
	}
	return nil, "", err
}

// again asks whether an action may go on: the rules, and that it still is what
// was proposed. refusal is nil when it may.
func (s *Service) again(ctx context.Context, tx *store.Tx, a *db.Action) (f found, refusal *refused, err error) {
	f, err = s.look(ctx, tx, a.UserID, a.DeviceID, desk.Operation(a.Operation), store.OrZero(a.SoftwareID))
	if err != nil {
		return f, nil, err
	}
	if !f.decision.Allowed {
		return f, &refused{code: desk.CodePolicy, rule: f.decision.Rule, by: f.decision.Switch}, nil
	}
	if !bytes.Equal(digestOf(a, f.params, f.softwareVersion()), a.Digest) {
		return f, &refused{code: desk.CodeActionChanged}, nil
	}
	return f, nil, nil
}

// refused says why an action may not go on.
type refused struct {
	code     desk.Code
	rule, by string
}

// A temporary password goes to a verified number and nowhere else.
const (
	codeNoPhone desk.Code = "no_phone" // there is no such number
	codeNoSMS   desk.Code = "no_sms"   // or nobody who carries the message
)

func (r *refused) err() error {
	if r.code == codeNoPhone {
		return desk.Errorf(desk.CodeConflict, "a temporary password goes to a verified phone number; add one first").With("reason", codeNoPhone)
	}
	if r.code == codeNoSMS {
		return desk.Errorf(desk.CodeUnavailable, "this portal cannot send text messages").With("reason", codeNoSMS)
	}
	if r.code == desk.CodePolicy {
		return policy.Refuse(r.rule)
	}
	return desk.Errorf(r.code, "this is not what was confirmed any more; ask for it again")
}
