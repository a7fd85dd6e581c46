package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"

	"github.com/conserje/conserje/portal/store"
)

type verifyCmd struct {
	Ticket int64  `arg:"" help:"Number of the ticket."`
	Tenant string `default:"localhost" help:"Host name of the portal."`
}

// Run walks the chain of the ticket's conversation (B12) and fails when a
// record was changed or is missing.
func (c *verifyCmd) Run(ctx context.Context, s *Settings, log *slog.Logger) (err error) {
	d, err := openDatabase(ctx, s, log, func(string) {}, true)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, d.Close()) }()
	tenant, err := d.TenantByHost(ctx, c.Tenant)
	if err != nil {
		return fmt.Errorf("no portal at %q", c.Tenant)
	}
	return d.Tenant(tenant).Tx(ctx, func(ctx context.Context, tx *store.Tx) error {
		conversation, err := tx.ConversationOfTicket(ctx, c.Ticket)
		switch {
		case store.NoRows(err):
			return fmt.Errorf("there is no ticket %d", c.Ticket)
		case err != nil:
			return err
		case conversation == nil:
			fmt.Printf("ticket %d comes from no conversation: there is no chain to verify\n", c.Ticket)
			return nil
		}
		broken, err := tx.VerifyChain(ctx, *conversation)
		if err != nil {
			return err
		}
		if broken != 0 {
			return fmt.Errorf("ticket %d: the record is not as it was written, from event %d on", c.Ticket, broken)
		}
		head, err := tx.ConversationHead(ctx, *conversation)
		if err != nil {
			return err
		}
		fmt.Printf("ticket %d: all %d events are as they were written (%x)\n", c.Ticket, head.LastSeq, head.LastHash)
		return nil
	})
}
