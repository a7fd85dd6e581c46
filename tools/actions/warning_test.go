package actions_test

import (
	"testing"

	"github.com/conserje/conserje/portal/desk"
	"github.com/conserje/conserje/tools/actions"
)

func TestTheDeviceWarnsInItsOwnersLanguage(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.sql(t, "update users set language = 'es' where id = $1", w.ana.User)
	for op, warns := range map[desk.Operation]bool{desk.OpRestart: true, desk.OpShutdown: true, desk.OpLock: false} {
		id := w.queued(t, actions.Proposal{Device: w.laptop, Operation: op})
		list, err := w.service.Deliverable(t.Context(), w.tenant, w.laptop)
		if err != nil || len(list) != 1 || list[0].ID != string(id) {
			t.Fatalf("%s: %+v %v", op, list, err)
		}
		if c := list[0]; (c.WarnSeconds > 0) != warns || (c.Language == "es") != warns {
			t.Errorf("%s: warns %d s in %q", op, c.WarnSeconds, c.Language)
		}
		if err := w.service.Progress(t.Context(), w.tenant, w.laptop, id, "delivered", 0); err != nil {
			t.Fatal(err)
		}
	}
}
