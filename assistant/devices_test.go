package assistant

import (
	"context"

	"github.com/conserje/conserje/portal/desk"
	"github.com/conserje/conserje/portal/store"
	"github.com/conserje/conserje/portal/store/storetest"
	"github.com/conserje/conserje/tools"
	"github.com/conserje/conserje/tools/actions"
	"github.com/conserje/conserje/tools/software"
)

// shelf is the catalogue as the ledger asks it.
type shelf struct{ *software.Service }

func (s shelf) PackageTx(ctx context.Context, tx *store.Tx, v desk.Viewer, id desk.ID, system string) (actions.Package, error) {
	p, err := s.Service.PackageTx(ctx, tx, v, id, system)
	return actions.Package{Name: p.Name, Manager: p.Manager, ID: p.ID, Version: p.Version, SoftwareVersion: p.SoftwareVersion}, err
}

// ledger is the real one; nothing in it can be verified here.
func (b *bench) ledger() *tools.Own {
	catalogue := software.New(b.store)
	service := actions.New(actions.Config{Store: b.store, Catalog: shelf{catalogue}, Log: storetest.Log(b.t), ProposalsAtMost: 100_000})
	b.actions = service
	return &tools.Own{Software: catalogue, Propose: func(ctx context.Context, tx *store.Tx, v desk.Viewer, w tools.Wish) (desk.ID, error) {
		view, err := service.ProposeTx(ctx, tx, v, actions.Proposal{
			Device: w.Device, Operation: w.Operation, Software: w.Software, Conversation: w.Conversation, Source: actions.SourceAssistant,
		})
		return view.ID, err
	}}
}
