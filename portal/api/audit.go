package api

import (
	"bufio"
	"context"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humafiber"
	"github.com/gofiber/fiber/v2"

	"github.com/conserje/conserje/portal/audit"
	"github.com/conserje/conserje/portal/desk"
)

// AuditFilter narrows the log. Its name is upper case because huma does not
// look into embedded types that are not exported.
type AuditFilter struct {
	Actor  string    `query:"actor" format:"uuid" doc:"Who did it."`
	Action []string  `query:"action" maxItems:"100" doc:"What was done: any of these."`
	Group  string    `query:"group" maxLength:"40" doc:"The kind of object: what stands before the dot of an action."`
	Object string    `query:"object" format:"uuid" doc:"To which object."`
	From   time.Time `query:"from" doc:"From this moment on."`
	To     time.Time `query:"to" doc:"Before this moment."`
}

type listAudit struct {
	AuditFilter
	Cursor string `query:"cursor" maxLength:"200"`
	Limit  int    `query:"limit" minimum:"1" maximum:"200" default:"50"`
}

type exportAudit struct {
	AuditFilter
	Format audit.Format `query:"format" enum:"csv,jsonl" default:"csv"`
}

func (f AuditFilter) filter() audit.Filter {
	return audit.Filter{Actor: desk.ID(f.Actor), Actions: f.Action, Group: f.Group, Object: desk.ID(f.Object), From: f.From, To: f.To}
}

// auditActions are the words that the log has for what was done.
type auditActions struct {
	Actions []string `json:"actions"`
}

func (a *API) mountAudit() {
	route(a, admins, http.MethodGet, "/admin/audit", "Who did what, newest first", func(ctx context.Context, in *listAudit) (*body[page[audit.LogEntry]], error) {
		f := in.filter()
		f.Cursor, f.Limit = in.Cursor, in.Limit
		list, next, err := a.audit.List(ctx, f)
		return pageOf(list, next), err
	})
	route(a, admins, http.MethodGet, "/admin/audit/actions", "What the log knows", func(context.Context, *nothing) (*body[auditActions], error) {
		return &body[auditActions]{auditActions{audit.Actions()}}, nil
	})
	route(a, admins, http.MethodGet, "/admin/audit/export", "The log as a file: the newest 200,000 entries that fit", a.exportAudit, func(op *huma.Operation) {
		text := &huma.MediaType{Schema: &huma.Schema{Type: huma.TypeString}}
		op.Responses = map[string]*huma.Response{"200": {Description: "OK", Content: map[string]*huma.MediaType{"text/csv": text, "application/jsonl": text}}}
	})
	route(a, admins, http.MethodPost, "/admin/audit/{id}/undo", "Take a change of a setting back", func(ctx context.Context, in *ByID) (*nothing, error) {
		id, err := in.id()
		if err != nil {
			return nil, err
		}
		return &nothing{}, a.audit.Undo(ctx, id)
	}, noContent)
}

// exportWithin is how long the reader of a file may take, and pageWithin how
// long for a part of it.
const (
	exportWithin = 10 * time.Minute
	pageWithin   = 30 * time.Second
)

func (a *API) exportAudit(ctx context.Context, in *exportAudit) (*huma.StreamResponse, error) {
	write, err := a.audit.Export(ctx, in.filter(), in.Format)
	if err != nil {
		return nil, err
	}
	return &huma.StreamResponse{Body: func(c huma.Context) { //nolint:contextcheck // as said below
		kind := csvType
		if in.Format == audit.JSONLines {
			kind = "application/jsonl; charset=utf-8"
		}
		c.SetHeader(fiber.HeaderContentType, kind)
		c.SetHeader(fiber.HeaderContentDisposition, `attachment; filename="audit.`+string(in.Format)+`"`)
		conn := humafiber.UnwrapV2(c).Context().Conn()
		humafiber.UnwrapV2(c).Context().SetBodyStreamWriter(func(w *bufio.Writer) {
			//nolint:forbidigo // the request, and what its context stands on, is over when this begins
			ctx, cancel := context.WithTimeout(context.Background(), exportWithin)
			defer cancel()
			err := write(ctx, timed{w, conn.SetWriteDeadline})
			if err == nil {
				err = w.Flush()
			}
			if err == nil {
				err = conn.SetWriteDeadline(time.Time{}) // the connection lives on
			}
			if err == nil {
				return
			}
			a.cfg.Log.WarnContext(ctx, "export broken off", "error", err)
			_ = conn.Close() // a file that ends early must not look whole
		})
	}}, nil
}

// timed gives each part of a file its own time to be taken.
type timed struct {
	*bufio.Writer
	deadline func(time.Time) error
}

func (t timed) Write(p []byte) (int, error) {
	if err := t.deadline(time.Now().Add(pageWithin)); err != nil {
		return 0, err
	}
	return t.Writer.Write(p)
}
