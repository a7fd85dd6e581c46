package tools

import (
	"context"

	"github.com/conserje/conserje/portal/desk"
	"github.com/conserje/conserje/portal/policy"
	"github.com/conserje/conserje/portal/tickets"
	"github.com/conserje/conserje/prompts"
)

// Bounds of a ticket that the model reads.
const (
	maxDescription = 3_000 // characters
	maxReply       = 1_500
	maxReplies     = 12 // the latest
)

type getArgs struct {
	Number int64 `json:"number"`
}

// GetTicket reads one of the tickets that the viewer may see, without the
// internal notes, whoever asks: a note must not leave by way of an answer.
func GetTicket(service *tickets.Service) Tool {
	return reading(prompts.ToolGet, policy.RuleTicketing, func(ctx context.Context, _ Call, a getArgs) (Result, error) {
		v, err := desk.ViewerFrom(ctx)
		if err != nil {
			return Result{}, err
		}
		d, err := service.ByNumber(ctx, a.Number)
		if err != nil {
			return Result{}, err
		}
		out := prompts.Ticket{TicketLine: line(v, d.Ticket), Description: shorten(d.Description, maxDescription)}
		if d.Handoff != "none" {
			out.Handoff = d.Handoff
		}
		for _, r := range d.Replies {
			if !r.Internal {
				out.Replies = append(out.Replies, prompts.Reply{
					Author: r.Author.Name, Staff: r.Author.Staff, At: r.At.Format("2006-01-02 15:04"), Text: shorten(r.Text, maxReply),
				})
			}
		}
		out.Replies = out.Replies[max(0, len(out.Replies)-maxReplies):]
		content := prompts.Data(prompts.ToolGet, out)
		for len(content) > prompts.MaxToolBytes && len(out.Replies) > 0 {
			out.Replies = out.Replies[1:]
			content = prompts.Data(prompts.ToolGet, out)
		}
		return Result{OK: true, Content: content}, nil
	})
}
