package api_test

import (
	"context"
	"maps"
	"strings"
	"testing"

	"github.com/conserje/conserje/portal/desk"
	"github.com/conserje/conserje/portal/store"
	"github.com/conserje/conserje/portal/store/storetest"
)

// target makes what one row of the table is asked about, fresh for each call,
// and puts its id in the address where that says {id}.
type target func(w *world, t *testing.T, c *call) desk.ID

// targets are what rows may be about. A room adds its own beside its rows.
var targets = map[string]target{
	"ticket": func(w *world, t *testing.T, c *call) desk.ID {
		id := w.ticket(t, "ana")
		c.body = strings.Replace(c.body, "{id}", string(id), 1)
		return id
	},
	"asked": func(w *world, t *testing.T, _ *call) desk.ID {
		id := w.ticket(t, "ana")
		if _, err := w.tickets.AskIfFixed(w.as(t, "tess"), id); err != nil {
			t.Fatal(err)
		}
		return id
	},
	"status":   (*world).aStatus,
	"statuses": (*world).aStatus,
	"field":    (*world).aField,
	"fields":   (*world).aField,
	"conversation": func(w *world, t *testing.T, _ *call) desk.ID {
		return w.conversation(t, "ana")
	},
	"article":  func(w *world, t *testing.T, _ *call) desk.ID { return w.article(t) },
	"settings": editing("settings"),
	"draft":    editing("draft"),
	"category": editing("category"),
	"laptop": func(w *world, t *testing.T, c *call) desk.ID {
		id := w.laptop(t, "ana")
		c.body = strings.Replace(c.body, "{id}", string(id), 1)
		return id
	},
	"action":    acting("action"),
	"confirmed": acting("confirmed"),
	"declined":  acting("declined"),
	"explain": func(w *world, t *testing.T, c *call) desk.ID {
		c.path += "?operation=restart&user=" + string(w.viewers["ana"].User) + "&device=" + string(w.laptop(t, "ana"))
		return ""
	},
	"session": func(w *world, t *testing.T, _ *call) desk.ID {
		_, id := w.logIn(t, "ana")
		return id
	},
	"software": func(w *world, t *testing.T, _ *call) desk.ID { return w.row(t) },
	"source":   func(w *world, t *testing.T, _ *call) desk.ID { return w.source(t) },
	"request": func(w *world, t *testing.T, c *call) desk.ID {
		c.body = strings.Replace(c.body, "{software}", string(w.row(t)), 1)
		return w.request(t, "ana")
	},
	"device":         enrolled(false),
	"suspect device": enrolled(true),
	"agent": func(_ *world, _ *testing.T, c *call) desk.ID {
		c.path = strings.Replace(c.path, "{name}", anAgent, 1)
		return ""
	},
	"spare": func(w *world, t *testing.T, _ *call) desk.ID { return w.spare(t, desk.RoleContact) },
	"mailed": func(w *world, t *testing.T, _ *call) desk.ID {
		id := w.spare(t, desk.RoleContact)
		storetest.InTx(t, w.store, w.tenant, func(ctx context.Context, tx *store.Tx) error {
			_, err := tx.Exec(ctx, "update users set email = id::text || '@example.test' where id = $1", id)
			return err
		})
		return id
	},
	"two tickets": twoTickets(false),
	"merged":      twoTickets(true),
	"macro":       func(w *world, t *testing.T, _ *call) desk.ID { return w.macro(t) },
	"macro on ticket": func(w *world, t *testing.T, c *call) desk.ID {
		c.path = strings.Replace(c.path, "{macro}", string(w.macro(t)), 1)
		return w.ticket(t, "ana")
	},
	"view": func(w *world, t *testing.T, _ *call) desk.ID { return w.sharedView(t) },
	"file": func(w *world, t *testing.T, _ *call) desk.ID { return w.file(t, "ana") },
	"a file to send": func(_ *world, t *testing.T, c *call) desk.ID {
		var kind string
		c.body, kind = upload(t, "file", "app.log", "it broke\n")
		c.header = map[string]string{"Content-Type": kind}
		return ""
	},
	"review":     missing("review"),
	"unanswered": missing("unanswered"),
	"web source": missing("web source"),
	"template": func(_ *world, _ *testing.T, c *call) desk.ID {
		c.path = strings.NewReplacer("{name}", "mail_action", "{language}", "en").Replace(c.path)
		return ""
	},
	"message":  func(w *world, t *testing.T, _ *call) desk.ID { return w.failedMail(t, "ana") },
	"change":   func(w *world, t *testing.T, _ *call) desk.ID { return w.changed(t) },
	"newcomer": func(w *world, t *testing.T, _ *call) desk.ID { return w.newcomer(t) },
	"company": func(w *world, t *testing.T, _ *call) desk.ID {
		return storetest.Company(t, w.store, w.tenant, string(desk.NewID()))
	},
	"own": func(w *world, t *testing.T, _ *call) desk.ID {
		w.forgetFactors(t)
		return ""
	},
	"person": withFactor("person"),
	"phone":  withFactor("phone"),
	"totp":   withFactor("totp"),
	"table": func(_ *world, t *testing.T, c *call) desk.ID {
		var kind string
		c.body, kind = upload(t, "file", "people.csv", "name,email\nNora New,"+string(desk.NewID())+"@new.test\n")
		c.header = map[string]string{"Content-Type": kind}
		return ""
	},
	"files": func(_ *world, t *testing.T, c *call) desk.ID {
		var kind string
		c.body, kind = files(t, "new-"+string(desk.NewID())+".md", "---\ntitle: New\nlang: en\n---\n# New\n\nText.\n")
		c.header = map[string]string{"Content-Type": kind}
		return ""
	},
}

func missing(what string) target {
	return func(w *world, t *testing.T, c *call) desk.ID { return w.missed(t, c, what) }
}

func twoTickets(merged bool) target {
	return func(w *world, t *testing.T, c *call) desk.ID {
		id, other := w.ticket(t, "ana"), w.ticket(t, "ana")
		c.body = strings.Replace(c.body, "{other}", string(other), 1)
		if !merged {
			return id
		}
		if _, err := w.tickets.Merge(w.as(t, "tess"), id, other); err != nil {
			t.Fatal(err)
		}
		return id
	}
}

func (w *world) aStatus(t *testing.T, c *call) desk.ID {
	c.path = strings.Replace(c.path, "{key}", w.status(t), 1)
	c.body = strings.Replace(c.body, "{keys}", w.statusKeys(t), 1)
	return ""
}

func (w *world) aField(t *testing.T, c *call) desk.ID {
	id := w.field(t)
	c.body = strings.Replace(c.body, "{ids}", w.fieldIDs(t), 1)
	return id
}

func editing(what string) target {
	return func(w *world, t *testing.T, c *call) (id desk.ID) {
		id, c.header = w.edited(t, c, what)
		return id
	}
}

func acting(state string) target {
	return func(w *world, t *testing.T, _ *call) desk.ID { return w.action(t, "ana", state) }
}

func enrolled(suspect bool) target {
	return func(w *world, t *testing.T, c *call) desk.ID {
		c.path = strings.Replace(c.path, "{user}", string(w.viewers["ana"].User), 1)
		c.body = strings.Replace(c.body, "$carl", string(w.viewers["carl"].User), 1)
		return w.device(t, "ana", suspect)
	}
}

func withFactor(kind string) target {
	return func(w *world, t *testing.T, _ *call) desk.ID {
		id := w.viewers["ana"].User
		w.factor(t, id, kind)
		return id
	}
}

// prepare makes a fresh object of ana's and a request about it.
func (w *world) prepare(t *testing.T, route string, r row, actor string) call {
	t.Helper()
	c := call{body: r.body}
	c.method, c.path, _ = strings.Cut(route, " ")
	w.forgetLogIns(t) // nobody logs in or opens tickets as often as this table
	var id desk.ID
	if r.target != "" {
		fresh, ok := targets[r.target]
		if !ok {
			t.Fatalf("%s is about %q, which nobody makes", route, r.target)
		}
		id = fresh(w, t, &c)
	}
	c.path = strings.Replace(strings.Replace(c.path, "{id}", string(id), 1), "{kind}", "reply", 1)
	c.body = strings.ReplaceAll(c.body, "{company}", string(w.acme))
	c.body = strings.ReplaceAll(c.body, "{fresh}", string(desk.NewID()))
	w.present(t, &c, actor)
	return c
}

// present gives a request what an actor has to show.
func (w *world) present(t testing.TB, c *call, actor string) {
	t.Helper()
	switch actor {
	case "anonymous":
	case "device":
		c.token = w.held[0]
		c.header = maps.Clone(c.header)
		if c.header == nil {
			c.header = map[string]string{}
		}
		c.header["Authorization"] = "Bearer " + w.held[1]
	case "expired":
		token, session := w.logIn(t, "ana")
		w.expire(t, session)
		c.token = token
	case "visitor":
		c.token, _ = w.logIn(t, "ana")
		c.host = abroad
	case "zara":
		c.token, _ = w.logIn(t, "zara")
		c.host = abroad
	default:
		c.token, _ = w.logIn(t, actor)
	}
}
