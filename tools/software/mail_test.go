package software_test

import (
	"context"
	"testing"

	"github.com/conserje/conserje/portal/notify"
	"github.com/conserje/conserje/portal/store"
	"github.com/conserje/conserje/tools/software"
)

// post keeps what is to be mailed.
type post struct{ got []notify.Message }

func (p *post) Mail(_ context.Context, _ *store.Tx, m notify.Message) error {
	p.got = append(p.got, m)
	return nil
}

// A decision is mailed to whoever asked, once; the ticket's own mails are left
// out, and the technician's words stay in the portal.
func TestADecisionIsMailedOnceToWhoAsked(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		template string
		decide   func(b *bundle, r software.Request) error
	}{
		{"mail_software_approved", func(b *bundle, r software.Request) error {
			_, err := b.service.Approve(as(b.t, b.tess), r.ID, software.Approval{Software: b.create(draft("Inkscape")).ID})
			return err
		}},
		{"mail_software_declined", func(b *bundle, r software.Request) error {
			_, err := b.service.Decline(as(b.t, b.tess), r.ID, "SECRETREASON: no licence")
			return err
		}},
	} {
		b := setup(t)
		p := &post{}
		b.service.PlugMail(p)
		r := b.wish(b.ana, b.device(b.ana, software.Windows), "")
		before := b.count(b.tenant, "select count(*) from river.river_job where kind = 'ticket_mail'")
		if err := c.decide(b, r); err != nil {
			t.Fatal(err)
		}
		if len(p.got) != 1 || p.got[0].Template != c.template || p.got[0].User != b.ana.User || p.got[0].Params["software"] != "Inkscape" || len(p.got[0].Params) != 1 {
			t.Errorf("%s: %+v", c.template, p.got)
		}
		if n := b.count(b.tenant, "select count(*) from river.river_job where kind = 'ticket_mail'"); n != before {
			t.Errorf("%s: %d mails besides", c.template, n-before)
		}
	}
}
