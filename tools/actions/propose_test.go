package actions_test

import (
	"context"
	"testing"

	"github.com/conserje/conserje/portal/desk"
	"github.com/conserje/conserje/portal/store"
	"github.com/conserje/conserje/portal/store/storetest"
	"github.com/conserje/conserje/tools/software"
)

// What came of an approved request names it in the audit log, proposed or not.
func TestTheAuditSaysWhichRequestAnInstallCameFrom(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	request := desk.NewID()
	storetest.InTx(t, w.store, w.tenant, func(ctx context.Context, tx *store.Tx) error {
		_, err := w.service.ProposeInstallTx(ctx, tx, w.ana, software.Install{Device: w.laptop, Software: w.software, Request: request})
		return err
	})
	if n := w.count(t, "select count(*) from audit where action = 'action.proposed' and detail->>'request' = $1", request); n != 1 {
		t.Errorf("%d lines", n)
	}
}
