package notify

import (
	"context"
	"encoding/json"
	"time"

	"github.com/conserje/conserje/portal/desk"
	"github.com/conserje/conserje/portal/store"
	"github.com/conserje/conserje/portal/store/db"
)

// demo keeps messages in the demo's outbox, where a page shows them.
type demo struct {
	store   *store.Store
	channel Channel
}

const sealingDemo = "demo outbox"

func (d demo) Send(ctx context.Context, o Outgoing) (string, error) {
	plain, err := json.Marshal(content{Subject: o.Subject, Text: o.Text})
	if err != nil {
		return "", err
	}
	return "demo", d.store.Tenant(o.Tenant).Tx(ctx, func(ctx context.Context, tx *store.Tx) error {
		return tx.PutDemoMessage(ctx, db.PutDemoMessageParams{
			TenantID: o.Tenant, ID: o.ID, Channel: string(d.channel), UserID: store.Optional(o.User), Recipient: o.To,
			Sealed: d.store.Seal(sealingDemo, bound(o.Tenant, o.ID), plain),
		})
	})
}

// Delivered is a message as the demo's outbox shows it.
type Delivered struct {
	ID      desk.ID   `json:"id"`
	Channel Channel   `json:"channel" enum:"sms,mail"`
	To      string    `json:"to"`
	Subject string    `json:"subject,omitempty"`
	Text    string    `json:"text"`
	At      time.Time `json:"at"`
}

// Outbox lists the demo's messages, the latest first: the viewer's own, and
// all of them for staff. Without the demo there is no outbox.
func (s *Service) Outbox(ctx context.Context) (list []Delivered, err error) {
	v, err := desk.ViewerFrom(ctx)
	if err != nil {
		return nil, err
	}
	if !s.demo {
		return nil, desk.Errorf(desk.CodeNotFound, "there is no outbox outside the demo")
	}
	err = s.store.Tenant(v.Tenant).Tx(ctx, func(ctx context.Context, tx *store.Tx) error {
		rows, err := tx.DemoMessages(ctx, db.DemoMessagesParams{Everybody: v.Role.Staff(), UserID: &v.User})
		list = make([]Delivered, 0, len(rows))
		for _, r := range rows {
			plain, err := s.store.Unseal(sealingDemo, bound(tx.Tenant, r.ID), r.Sealed)
			if err != nil {
				return err
			}
			var c content
			if err := json.Unmarshal(plain, &c); err != nil {
				return err
			}
			list = append(list, Delivered{ID: r.ID, Channel: Channel(r.Channel), To: r.Recipient, Subject: c.Subject, Text: c.Text, At: r.CreatedAt})
		}
		return err
	})
	return list, err
}
