package tools

import (
	"context"
	"strings"

	"golang.org/x/text/cases"

	"github.com/conserje/conserje/portal/desk"
	"github.com/conserje/conserje/portal/store"
	"github.com/conserje/conserje/prompts"
)

// Ledger is all that the assistant may do about devices: look, and propose.
// There is no method that confirms, verifies or runs anything, so no tool can.
// Everything is the viewer's own: what is somebody else's does not exist.
type Ledger interface {
	DevicesTx(ctx context.Context, tx *store.Tx, v desk.Viewer) ([]prompts.DeviceLine, error)
	// ActionsTx lists the viewer's latest actions, newest first.
	ActionsTx(ctx context.Context, tx *store.Tx, v desk.Viewer, atMost int) ([]prompts.ActionLine, error)
	SoftwareTx(ctx context.Context, tx *store.Tx, v desk.Viewer) ([]prompts.SoftwareLine, error)
	ProposeTx(ctx context.Context, tx *store.Tx, v desk.Viewer, w Wish) (prompts.ActionLine, error)
	// RequestTx asks for software that is not in the catalogue; the number is
	// of the ticket, 0 when the viewer may not see it.
	RequestTx(ctx context.Context, tx *store.Tx, v desk.Viewer, name, reason string, conversation desk.ID) (ticket int64, err error)
}

// Wish is what a tool proposes. All ids come from the ledger's own lists.
type Wish struct {
	Device       desk.ID
	Operation    desk.Operation
	Software     desk.ID
	Conversation desk.ID
}

// sameWord compares names as people write them.
func sameWord(a, b string) bool {
	fold := func(s string) string {
		return cases.Fold().String(strings.Join(strings.Fields(s), " "))
	}
	return fold(a) == fold(b)
}

// pick finds the one of a list that is named by its id or its name. Foreign
// and absent are the same: the list holds only what is the viewer's.
func pick[T any](list []T, wanted, field, what string, of func(T) (id, name string)) (found T, err error) {
	var fits []T
	for _, item := range list {
		id, name := of(item)
		if id == wanted {
			return item, nil
		}
		if sameWord(name, wanted) {
			fits = append(fits, item)
		}
	}
	switch len(fits) {
	case 0:
		return found, desk.Errorf(desk.CodeNotFound, "the user has no such %s", what).On(field)
	case 1:
		return fits[0], nil
	}
	return found, desk.Errorf(desk.CodeInvalid, "several have this name; give the id of the %s", what).On(field)
}

// ownDevice is the device that is meant: the named one, or the only one.
func ownDevice(ctx context.Context, tx *store.Tx, l Ledger, v desk.Viewer, wanted *string) (prompts.DeviceLine, error) {
	list, err := l.DevicesTx(ctx, tx, v)
	if err != nil {
		return prompts.DeviceLine{}, err
	}
	if wanted != nil {
		return pick(list, *wanted, "device", "device", func(d prompts.DeviceLine) (string, string) { return d.ID, d.Name })
	}
	switch len(list) {
	case 0:
		return prompts.DeviceLine{}, desk.Errorf(desk.CodeNotFound, "the user has no device").On("device")
	case 1:
		return list[0], nil
	}
	return prompts.DeviceLine{}, desk.Errorf(desk.CodeInvalid, "the user has several devices; ask which one").On("device")
}

func proposed(tool string, a prompts.ActionLine) Result {
	return Result{OK: true, Content: prompts.Data(tool, prompts.Proposed{OK: true, Card: "shown", Next: prompts.WhatFollows, ActionLine: a})}
}
