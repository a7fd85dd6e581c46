package main

import (
	"context"

	"github.com/conserje/conserje/portal/desk"
	"github.com/conserje/conserje/portal/notify"
	"github.com/conserje/conserje/portal/store"
	"github.com/conserje/conserje/portal/verify"
	"github.com/conserje/conserje/tools"
	"github.com/conserje/conserje/tools/actions"
	"github.com/conserje/conserje/tools/software"
)

// catalogue is the software catalogue as the ledger asks it.
type catalogue struct{ software *software.Service }

// PackageTx reads what would be installed now.
func (c catalogue) PackageTx(ctx context.Context, tx *store.Tx, v desk.Viewer, id desk.ID, system string) (actions.Package, error) {
	p, err := c.software.PackageTx(ctx, tx, v, id, system)
	if err != nil {
		return actions.Package{}, err
	}
	out := actions.Package{Name: p.Name, Manager: p.Manager, ID: p.ID, Version: p.Version, SoftwareVersion: p.SoftwareVersion}
	if p.Source != nil {
		out.Source, out.SourceURL = p.Source.ID, p.Source.URL
		out.Credentials = func(ctx context.Context, tx *store.Tx) ([]byte, error) {
			return c.software.CredentialsTx(ctx, tx, p.Source.ID)
		}
	}
	return out, nil
}

// proposer puts the installation of an approved request into the ledger.
type proposer struct{ actions *actions.Service }

// ProposeInstallTx proposes it to its owner, who confirms and verifies as ever.
func (p proposer) ProposeInstallTx(ctx context.Context, tx *store.Tx, owner desk.Viewer, w software.Install) (desk.ID, error) {
	view, err := p.actions.ProposeTx(ctx, tx, owner, actions.Proposal{
		Device: w.Device, Operation: desk.OpInstallSoftware, Software: w.Software, Conversation: w.Conversation, Source: actions.SourceRequest,
	})
	return view.ID, err
}

// propose puts what a tool asked for into the ledger.
func (p proposer) propose(ctx context.Context, tx *store.Tx, v desk.Viewer, w tools.Wish) (desk.ID, error) {
	view, err := p.actions.ProposeTx(ctx, tx, v, actions.Proposal{
		Device: w.Device, Operation: w.Operation, Software: w.Software, Conversation: w.Conversation, Source: actions.SourceAssistant,
	})
	return view.ID, err
}

// secondFactor is the verifier as the ledger asks it.
type secondFactor struct{ verify *verify.Service }

func actOf(a actions.Act) verify.Act {
	return verify.Act{Action: a.Action, Digest: a.Digest, Operation: a.Operation, Device: a.Device, Software: a.Software}
}

// Status tells a person's factors, and how the newest code fares.
func (f secondFactor) Status(ctx context.Context, tx *store.Tx, user desk.ID, a actions.Act) (actions.ActionFactors, error) {
	s, err := f.verify.Status(ctx, tx, user)
	if err != nil {
		return actions.ActionFactors{}, err
	}
	sent, err := f.verify.SentFor(ctx, tx, user, a.Action)
	return actions.ActionFactors{
		PhoneMasked: s.PhoneMasked, PhoneVerified: s.PhoneVerified, TOTP: s.TOTP, ResendAt: sent.ResendAt, AttemptsLeft: sent.AttemptsLeft,
	}, err
}

// SendCode sends a code for one act.
func (f secondFactor) SendCode(ctx context.Context, v desk.Viewer, a actions.Act, phone string) error {
	return f.verify.SendCode(ctx, v, actOf(a), phone)
}

// Check takes a code for one act.
func (f secondFactor) Check(ctx context.Context, v desk.Viewer, a actions.Act, code string, then func(context.Context, *store.Tx, string) error) error {
	return f.verify.Check(ctx, v, actOf(a), code, then)
}

// passwords sends temporary passwords.
type passwords struct{ notify *notify.Service }

// Can reports whether text messages can be sent.
func (p passwords) Can() bool { return p.notify.Can(notify.SMS) }

// PasswordTx sends one to its owner's verified number.
func (p passwords) PasswordTx(ctx context.Context, tx *store.Tx, user desk.ID, account, device, password string) error {
	number, err := tx.VerifiedNumber(ctx, user)
	if err != nil {
		return err
	}
	return p.notify.SMS(ctx, tx, notify.Message{
		User: user, To: number, Template: "temporary_password", Params: map[string]string{"account": account, "device": device}, Secret: password,
	})
}
