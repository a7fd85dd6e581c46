package tickets

import (
	"context"
	"encoding/json"

	"github.com/conserje/conserje/portal/desk"
	"github.com/conserje/conserje/portal/store"
)

// ShownEventsTx is a conversation's log as the viewer may see it: where the
// portal hides statuses from users (R21), what tells of one does not say which.
// The log itself stays as it was.
func ShownEventsTx(ctx context.Context, tx *store.Tx, v desk.Viewer, events []desk.Event) ([]desk.Event, error) {
	told := false
	for _, e := range events {
		told = told || e.Kind == desk.KindTicket
	}
	if !told {
		return events, nil
	}
	hidden, err := HidesTx(ctx, tx, v, FieldStatus)
	if err != nil || !hidden {
		return events, err
	}
	for i, e := range events {
		if e.Kind != desk.KindTicket || len(e.Body) == 0 {
			continue
		}
		var c desk.TicketChange
		if err := json.Unmarshal(e.Body, &c); err != nil {
			return nil, err
		}
		if c.Change == "status" {
			c.Change = "changed"
		}
		c.Status = ""
		if events[i].Body, err = json.Marshal(c); err != nil {
			return nil, err
		}
	}
	return events, nil
}

func appendShown(ctx context.Context, tx *store.Tx, v desk.Viewer, to, events []desk.Event) ([]desk.Event, error) {
	shown, err := ShownEventsTx(ctx, tx, v, events)
	return append(to, shown...), err
}
