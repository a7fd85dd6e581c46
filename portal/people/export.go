package people

import (
	"bytes"
	"context"
	"encoding/csv"

	"github.com/conserje/conserje/portal/desk"
	"github.com/conserje/conserje/portal/store"
	"github.com/conserje/conserje/portal/store/db"
)

// Export writes the people that fit the filter as comma-separated values that
// spreadsheets open as text (SECURITY H10), for staff. Import reads it again.
func (s *Service) Export(ctx context.Context, f PeopleFilter) (file []byte, err error) {
	var b bytes.Buffer
	b.WriteString("\uFEFF") // spreadsheets take it for Windows-1252 otherwise
	w := csv.NewWriter(&b)
	err = s.staff(ctx, func(ctx context.Context, tx *store.Tx, v desk.Viewer) error {
		rows, err := tx.ExportUsers(ctx, db.ExportUsersParams{
			Company: store.Optional(f.Company), Role: string(f.Role), State: f.State, Words: words(f.Query),
		})
		if err != nil {
			return err
		}
		if err := w.Write([]string{"name", "email", "login", "company", "phone", "language", "role", "state"}); err != nil {
			return err
		}
		for _, r := range rows {
			state := "active"
			if r.DisabledAt != nil {
				state = "disabled"
			}
			cells := []string{r.Name, orEmpty(r.Email), r.Login, orEmpty(r.CompanyName), orEmpty(r.Number), string(r.Language), string(r.Role), state}
			for i := range cells {
				cells[i] = desk.HarmlessCell(cells[i])
			}
			if err := w.Write(cells); err != nil {
				return err
			}
		}
		w.Flush()
		return tx.Audit(ctx, store.AuditEntry{Actor: v.User, Action: "users.exported", Object: "users", Detail: map[string]int{"people": len(rows)}})
	})
	return b.Bytes(), err
}
