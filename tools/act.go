package tools

import (
	"context"

	"github.com/conserje/conserje/portal/desk"
	"github.com/conserje/conserje/portal/policy"
	"github.com/conserje/conserje/portal/store"
	"github.com/conserje/conserje/prompts"
)

type actArgs struct {
	Device    string `json:"device" max:"100"`
	Operation string `json:"operation" enum:"restart,lock,shutdown,logout,reset_password"`
}

// ProposeDeviceAction puts a card into the chat for one act on one of the
// viewer's devices. What comes of it is the ledger's and the viewer's.
func ProposeDeviceAction(l Ledger) Tool {
	wants := func(a actArgs) string { return a.Operation }
	return proposing(prompts.ToolAct, wants, func(ctx context.Context, tx *store.Tx, c Call, a actArgs) (Result, error) {
		v, err := desk.ViewerFrom(ctx)
		if err != nil {
			return Result{}, err
		}
		d, err := ownDevice(ctx, tx, l, v, &a.Device)
		if err != nil {
			return Result{}, err
		}
		line, err := l.ProposeTx(ctx, tx, v, Wish{Device: desk.ID(d.ID), Operation: desk.Operation(a.Operation), Conversation: c.Conversation})
		if err != nil {
			return Result{}, err
		}
		return proposed(prompts.ToolAct, line), nil
	})
}

type installArgs struct {
	Device   *string `json:"device" max:"100"`
	Software string  `json:"software" max:"100"`
}

// ProposeInstall puts a card into the chat for one row of the catalogue. What
// a model calls the software is looked up; no word of it goes any further.
func ProposeInstall(l Ledger) Tool {
	wants := func(installArgs) string { return string(desk.OpInstallSoftware) }
	return proposing(prompts.ToolInstall, wants, func(ctx context.Context, tx *store.Tx, c Call, a installArgs) (Result, error) {
		v, err := desk.ViewerFrom(ctx)
		if err != nil {
			return Result{}, err
		}
		d, err := ownDevice(ctx, tx, l, v, a.Device)
		if err != nil {
			return Result{}, err
		}
		shelf, err := l.SoftwareTx(ctx, tx, v)
		if err != nil {
			return Result{}, err
		}
		s, err := pick(shelf, a.Software, "software", "software in the catalogue", func(s prompts.SoftwareLine) (string, string) { return s.ID, s.Name })
		if err != nil {
			return Result{}, err
		}
		line, err := l.ProposeTx(ctx, tx, v, Wish{
			Device: desk.ID(d.ID), Operation: desk.OpInstallSoftware, Software: desk.ID(s.ID), Conversation: c.Conversation,
		})
		if err != nil {
			return Result{}, err
		}
		return proposed(prompts.ToolInstall, line), nil
	})
}

type requestArgs struct {
	Name   string `json:"name" max:"100"`
	Reason string `json:"reason" max:"1000"`
}

// RequestSoftware asks a person for what the catalogue does not have (B11).
func RequestSoftware(l Ledger) Tool {
	wants := func(requestArgs) string { return string(desk.OpInstallSoftware) }
	return proposing(prompts.ToolRequest, wants, func(ctx context.Context, tx *store.Tx, c Call, a requestArgs) (Result, error) {
		v, err := desk.ViewerFrom(ctx)
		if err != nil {
			return Result{}, err
		}
		ticket, err := l.RequestTx(ctx, tx, v, a.Name, a.Reason, c.Conversation)
		if err != nil {
			return Result{}, err
		}
		return Result{OK: true, Content: prompts.Data(prompts.ToolRequest, prompts.Requested{OK: true, Ticket: ticket, Name: a.Name})}, nil
	})
}

// proposing makes a tool whose effect only the person's own words of this turn
// can set off: wants names what they must have asked for.
func proposing[A any](name string, wants func(A) string, run func(context.Context, *store.Tx, Call, A) (Result, error)) Tool {
	s := spec[A](name, policy.RuleSelfService, true)
	s.Asked = true
	return typed[A]{spec: s, effect: run, wants: wants}
}
