package tools

import (
	"context"

	"github.com/conserje/conserje/portal/desk"
	"github.com/conserje/conserje/portal/policy"
	"github.com/conserje/conserje/portal/tickets"
	"github.com/conserje/conserje/prompts"
)

const maxTickets = 20

type listArgs struct {
	Status *string `json:"status" enum:"new,open,pending,resolved,closed"`
}

// ListMyTickets lists the viewer's own tickets.
func ListMyTickets(service *tickets.Service) Tool {
	return reading(prompts.ToolList, policy.RuleTicketing, func(ctx context.Context, _ Call, a listArgs) (Result, error) {
		f := tickets.Filter{View: tickets.ViewMine, Limit: maxTickets}
		if a.Status != nil {
			f.Kinds = []tickets.StatusKind{tickets.StatusKind(*a.Status)}
		}
		v, err := desk.ViewerFrom(ctx)
		if err != nil {
			return Result{}, err
		}
		page, err := service.List(ctx, f)
		if err != nil {
			return Result{}, err
		}
		out := prompts.Tickets{Tickets: []prompts.TicketLine{}, More: page.Next != ""}
		for _, t := range page.Items {
			out.Tickets = append(out.Tickets, line(v, t))
		}
		return Result{OK: true, Content: prompts.Data(prompts.ToolList, out)}, nil
	})
}

// line is a ticket for the model: the kind of its status, which it understands,
// and the name, where an admin gave one.
func line(v desk.Viewer, t tickets.Ticket) prompts.TicketLine {
	return prompts.TicketLine{Number: t.Number, Subject: t.Subject, Status: string(t.Kind), StatusName: t.StatusName(v), Updated: t.UpdatedAt.Format("2006-01-02")}
}
