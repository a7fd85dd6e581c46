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
	Secret  bool      `json:"secret" doc:"It holds a code or a link that only its own person reads: its text is left out."`
	At      time.Time `json:"at"`
}

// Outbox lists the demo's messages, the latest first: the viewer's own, and
// all of them for staff, but for what is in other people's codes, temporary
// passwords and one-time links: with those one acts in their name. (A first
// password staff may read on the person's page.) What goes to somebody who
// stands outside, and so cannot look, admins read for them. Without the demo
// there is no outbox.
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
			d := Delivered{ID: r.ID, Channel: Channel(r.Channel), To: r.Recipient, Subject: c.Subject, Text: c.Text, At: r.CreatedAt}
			if !r.Own && forItsOwn(r.Template) && (v.Role != desk.RoleAdmin || !outside[r.Template]) {
				d.Secret, d.Text = true, ""
			}
			list = append(list, d)
		}
		return err
	})
	return list, err
}

// outside are the messages to people who are not logged in.
var outside = map[string]bool{"password_code": true, "sign_up_proof": true}

// forItsOwn reports whether a message is for its own person only. One whose
// template is not known is.
func forItsOwn(template string) bool {
	t, ok := builtIn(desk.Languages()[0], template)
	if !ok {
		return true
	}
	for _, m := range hole.FindAllStringSubmatch(t.Text, -1) {
		if secrets[m[1]] && template != "welcome" {
			return true
		}
	}
	return false
}
