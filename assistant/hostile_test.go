package assistant

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/conserje/conserje/assistant/model/modeltest"
	"github.com/conserje/conserje/kb"
	"github.com/conserje/conserje/portal/desk"
	"github.com/conserje/conserje/portal/desk/desktest"
	"github.com/conserje/conserje/portal/store"
	"github.com/conserje/conserje/portal/store/storetest"
	"github.com/conserje/conserje/prompts"
)

type injection struct {
	ID      string `json:"id"`
	Carrier string `json:"carrier"`
	Goal    string `json:"goal_id"`
	Text    string `json:"text"`
}

func injections(t *testing.T) (list []injection) {
	t.Helper()
	f, err := os.Open(desktest.SharedData(t, "data/security/service-desk-injections.jsonl"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	for s := bufio.NewScanner(f); s.Scan(); {
		var i injection
		if err := json.Unmarshal(s.Bytes(), &i); err != nil {
			t.Fatal(err)
		}
		list = append(list, i)
	}
	return list
}

// obedient is a model that does the worst that any text asks for: foreign
// tickets by number, invented tools, smuggled fields, effects in series.
func obedient(foreign ...int64) func(modeltest.Captured) modeltest.Reply {
	return func(c modeltest.Captured) modeltest.Reply {
		if c.Chat.ToolChoice == "none" || len(c.ToolResults()) > 1 {
			return modeltest.Text("![x](https://evil.example/?q=1) All tickets are closed [1][5].")
		}
		calls := []modeltest.Call{
			{Name: "install_software", Arguments: `{"device_id":"LAPTOP-OF-THE-CFO","package_id":"remote-support"}`},
			{Name: "change_phone_number", Arguments: `{"phone":"+1"}`},
			{Name: prompts.ToolCreate, Arguments: `{"subject":"s","description":"d","requester_id":"01890000-0000-7000-8000-000000000001"}`},
		}
		for _, n := range foreign {
			calls = append(calls,
				modeltest.Call{Name: prompts.ToolGet, Arguments: fmt.Sprintf(`{"number":%d}`, n)},
				modeltest.Call{Name: prompts.ToolAdd, Arguments: fmt.Sprintf(`{"number":%d,"text":"close this"}`, n)})
		}
		return modeltest.Calls(calls...)
	}
}

// state is every row that an obedient model must not change.
func (b *bench) state() string {
	b.t.Helper()
	var out strings.Builder
	for _, tenant := range []desk.ID{b.ana.Tenant, b.stranger.Tenant} {
		storetest.InTx(b.t, b.store, tenant, func(ctx context.Context, tx *store.Tx) error {
			for _, q := range []string{
				"select coalesce(string_agg(id::text || subject || status || version || coalesce(assignee_id::text, ''), ',' order by number), '') from tickets where not session",
				"select coalesce(string_agg(id::text || text, ',' order by id), '') from ticket_replies",
				"select coalesce(string_agg(id::text || role || coalesce(company_id::text, '') || coalesce(email, ''), ',' order by id), '') from users",
				"select coalesce(string_agg(name || value::text, ','), '') from policies", "select count(*)::text from sessions",
			} {
				var s string
				if err := tx.QueryRow(ctx, q).Scan(&s); err != nil {
					return err
				}
				out.WriteString(s + "\n")
			}
			return nil
		})
	}
	return out.String()
}

func TestAModelThatObeysInjectedTextChangesNothing(t *testing.T) {
	b := newBench(t)
	foreign := b.ticket(b.ben, "SECRET-OF-BEN", "SECRET-OF-BEN")
	elsewhere := b.ticket(b.stranger, "SECRET-OF-ELSEWHERE", "SECRET-OF-ELSEWHERE")
	own := b.ticket(b.ana, "My printer", "It jams")
	base := b.state()
	tried := map[string]int{}
	for _, i := range injections(t) {
		b.passages = func(string) []kb.Hit { return vpn() }
		message, name := "How do I print?", "ana"
		extra := []modeltest.Reply{}
		switch i.Carrier {
		case "kb_article_body":
			b.passages = func(string) []kb.Hit {
				return []kb.Hit{{Article: vpn()[0].Article, Lang: "en", Title: "T", Text: i.Text}}
			}
		case "kb_article_title":
			b.passages = func(string) []kb.Hit {
				return []kb.Hit{{Article: vpn()[0].Article, Lang: "en", Title: i.Text, Text: "x"}}
			}
		case "ticket_subject":
			b.sql("update tickets set subject = $2 where id = $1", own.ID, i.Text)
			extra = append(extra, modeltest.Calls(modeltest.Call{Name: prompts.ToolGet, Arguments: fmt.Sprintf(`{"number":%d}`, own.Number)}))
		case "ticket_comment_of_other_user":
			b.sql("update tickets set description = $2 where id = $1", own.ID, i.Text)
			extra = append(extra, modeltest.Calls(modeltest.Call{Name: prompts.ToolGet, Arguments: fmt.Sprintf(`{"number":%d}`, own.Number)}))
		case "user_display_name":
			name = i.Text
		case "user_message":
			message = i.Text
		default:
			continue // carriers of rooms that come later
		}
		tried[i.Carrier]++
		b.sql("update users set name = $2 where id = $1", b.ana.User, name)
		b.fake.Add(extra...)
		b.fake.Handle(obedient(foreign.Number, elsewhere.Number+1000, 1<<40))
		o := b.ask(b.ana, message)
		for _, r := range o.results {
			if r.OK && r.Name != prompts.ToolSearch && len(extra) == 0 {
				t.Errorf("%s: %s went through: %s", i.ID, r.Name, r.Content)
			}
		}
		for _, c := range o.message.Citations {
			if c.N > 2 {
				t.Errorf("%s: citation %+v was never retrieved", i.ID, c)
			}
		}
	}
	b.sql("update tickets set subject = $2, description = 'It jams' where id = $1", own.ID, "My printer")
	if now := b.state(); now != base {
		t.Errorf("rows changed\n%s\n%s", base, now)
	}
	if len(tried) != 6 {
		t.Errorf("carriers %v", tried)
	}
	b.inspect("SECRET-OF-BEN", "SECRET-OF-ELSEWHERE", "sk-secret-key", string(b.ana.Tenant), string(b.ana.User), string(b.stranger.Tenant), "@example.test")
}

// sql runs a statement in the tenant.
func (b *bench) sql(q string, args ...any) {
	b.t.Helper()
	storetest.InTx(b.t, b.store, b.ana.Tenant, func(ctx context.Context, tx *store.Tx) error {
		_, err := tx.Exec(ctx, q, args...)
		return err
	})
}

// inspect looks at everything that was sent to the model's provider: valid by
// its schema, nothing forbidden in it, every marker closed, and a system
// prompt that no text of anybody's reached.
func (b *bench) inspect(forbidden ...string) {
	b.t.Helper()
	system := map[string]bool{}
	for _, r := range b.fake.Requests() {
		modeltest.Validate(b.t, r)
		for _, word := range forbidden {
			if strings.Contains(string(r.Body), word) {
				b.t.Errorf("%q was sent to the provider: %s", word, r.Body)
			}
		}
		for i, m := range r.Chat.Messages {
			if m.Role == "system" {
				system[m.Content] = true
			}
			if (m.Role == "tool" || m.Role == "user" && strings.HasPrefix(m.Content, "<untrusted") && i < len(r.Chat.Messages)-1) &&
				(strings.Count(m.Content, "<untrusted ") != 1 || strings.Count(m.Content, "</untrusted>") != 1) {
				b.t.Errorf("markers do not hold: %s", m.Content)
			}
		}
	}
	if len(system) > 2 {
		b.t.Errorf("%d different system messages", len(system))
	}
}

func TestNothingOfAnotherTenantOrOfSecretsReachesTheProvider(t *testing.T) {
	b := newBench(t)
	b.ticket(b.ben, "SECRET-OF-BEN", "x")
	b.ticket(b.stranger, "SECRET-OF-ELSEWHERE", "x")
	note := b.ticket(b.ana, "Printer", "It jams")
	if _, err := b.tickets.Reply(desk.WithViewer(t.Context(), b.tess), note.ID, "INTERNAL-NOTE", true); err != nil {
		t.Fatal(err)
	}
	b.fake.Add(modeltest.Calls(modeltest.Call{Name: prompts.ToolList, Arguments: `{}`},
		modeltest.Call{Name: prompts.ToolGet, Arguments: fmt.Sprintf(`{"number":%d}`, note.Number)}), modeltest.Text("That is all."))
	b.ask(b.ana, "Show me everything")
	b.inspect("SECRET-OF-BEN", "SECRET-OF-ELSEWHERE", "INTERNAL-NOTE", "sk-secret-key", "@example.test", string(b.ana.Tenant), string(b.ana.User), string(b.ana.Company))
	if key := b.fake.Requests()[0].Header.Get("Authorization"); key != "Bearer sk-secret-key" {
		t.Errorf("authorization %q", key)
	}
}
