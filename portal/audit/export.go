package audit

import (
	"context"
	"encoding/csv"
	"encoding/json"
	"io"
	"time"

	"github.com/conserje/conserje/portal/desk"
	"github.com/conserje/conserje/portal/store"
	"github.com/conserje/conserje/portal/store/db"
)

// MaxExport is how many entries a file has at most, the newest.
const MaxExport = 200_000

const exportPage = 1000

// Format is how a file is written. The zero value is invalid.
type Format string

// The formats.
const (
	CSV       Format = "csv"   // comma-separated values, safe to open as a table (SECURITY H10)
	JSONLines Format = "jsonl" // one JSON object a line
)

// Export allows a file of the log and returns what writes it, page by page, so
// that the whole of it is in nobody's memory and no transaction waits for the
// reader. That it was asked for is in the log.
func (s *Service) Export(ctx context.Context, f Filter, format Format) (write func(ctx context.Context, w io.Writer) error, err error) {
	f.Cursor = ""
	p, err := f.params()
	if err != nil {
		return nil, err
	}
	if format != CSV && format != JSONLines {
		return nil, desk.Errorf(desk.CodeInvalid, "there is no such format").On("format")
	}
	v, err := desk.ViewerFrom(ctx)
	if err != nil {
		return nil, err
	}
	err = s.admin(ctx, func(ctx context.Context, tx *store.Tx, v desk.Viewer) error {
		return tx.Audit(ctx, store.AuditEntry{Actor: v.User, Action: "audit.exported", Object: "audit", Detail: map[string]any{
			"format": format, "actor": f.Actor, "actions": f.Actions, "group": f.Group, "object": f.Object, "from": moment(f.From), "to": moment(f.To),
		}})
	})
	return func(ctx context.Context, w io.Writer) error {
		return s.write(desk.WithViewer(ctx, v), w, p, format)
	}, err
}

func (s *Service) write(ctx context.Context, w io.Writer, p db.AuditEntriesParams, format Format) error {
	put := putLines(w)
	if format == CSV {
		put = putCSV(w)
		if err := put(nil); err != nil {
			return err
		}
	}
	for left := MaxExport; left > 0; left -= exportPage {
		var list []LogEntry
		err := s.admin(ctx, func(ctx context.Context, tx *store.Tx, _ desk.Viewer) (err error) {
			list, err = entries(ctx, tx, p, exportPage)
			return err
		})
		if err != nil {
			return err
		}
		if err := put(list); err != nil || len(list) < exportPage {
			return err
		}
		last := list[len(list)-1]
		p.Before, p.BeforeID = &last.At, &last.ID
	}
	return nil
}

func putLines(w io.Writer) func([]LogEntry) error {
	e := json.NewEncoder(w)
	return func(list []LogEntry) error {
		for _, x := range list {
			if err := e.Encode(x); err != nil {
				return err
			}
		}
		return nil
	}
}

// putCSV writes the names of the columns when it is given none.
func putCSV(w io.Writer) func([]LogEntry) error {
	c := csv.NewWriter(w)
	return func(list []LogEntry) error {
		if list == nil {
			if _, err := io.WriteString(w, "\uFEFF"); err != nil { // spreadsheets take it for Windows-1252 otherwise
				return err
			}
			return c.Write([]string{"at", "actor", "actor_id", "action", "object", "object_id", "object_name", "detail"})
		}
		for _, e := range list {
			who := store.OrZero(e.Actor)
			cells := []string{e.At.Format(time.RFC3339Nano), who.Name, string(who.ID), e.Action, e.Object, string(e.ObjectID), e.ObjectName, string(e.Detail)}
			for i := range cells {
				cells[i] = desk.HarmlessCell(cells[i])
			}
			if err := c.Write(cells); err != nil {
				return err
			}
		}
		c.Flush()
		return c.Error()
	}
}
