package api_test

import (
	"context"
	"encoding/hex"
	"testing"

	"github.com/conserje/conserje/kb"
	"github.com/conserje/conserje/portal/desk"
	"github.com/conserje/conserje/portal/files/filestest"
	"github.com/conserje/conserje/portal/notify"
	"github.com/conserje/conserje/portal/people"
	"github.com/conserje/conserje/portal/store"
	"github.com/conserje/conserje/portal/store/db"
	"github.com/conserje/conserje/portal/store/storetest"
	"github.com/conserje/conserje/portal/tickets"
)

// sower plants the texts of the rooms beside tickets and articles, each of
// which a person of these writes.
type sower struct {
	*world
	t                      testing.TB
	contact, staff, admin  string
	readStaff, readAdmin   []string
	readContact, readOwn   []string // the contact's ticket, and what is the contact's alone
	all                    []planted
	ticketOwn, articleSeen desk.ID
}

func init() { plants = append(plants, (*world).plantRooms, (*world).plantRoomsAbroad) }

func (w *world) plantRooms(t testing.TB) []planted {
	s := &sower{
		world: w, t: t, contact: "ana", staff: "tess", admin: "adam",
		readStaff: staffRead, readAdmin: []string{"adam"}, readContact: readBy("ana", "ben"), readOwn: []string{"ana"},
	}
	s.ticketOwn, s.articleSeen = w.ticket(t, "ana"), w.article(t)
	return s.sow("")
}

func (w *world) plantRoomsAbroad(t testing.TB) []planted {
	s := &sower{world: w, t: t, contact: "zara", staff: "zara", admin: "zara", readStaff: zaraReads, readAdmin: zaraReads, readContact: zaraReads, readOwn: zaraReads}
	s.ticketOwn, s.articleSeen = w.ticket(t, "zara"), w.written(t, "zara", "", word("abroad"), "")
	return s.sow("the other tenant's ")
}

// sow plants everything; whose says of whom.
func (s *sower) sow(whose string) []planted {
	s.t.Helper()
	for _, room := range []func(){s.attached, s.drafts, s.views, s.macros, s.sources, s.judgements, s.newcomers, s.messages, s.log} {
		room()
	}
	for i := range s.all {
		s.all[i].what = whose + s.all[i].what
	}
	return s.all
}

func (s *sower) text(what string, readers []string, at ...string) string {
	p := planted{what, word("room"), readers, at}
	s.all = append(s.all, p)
	return p.text
}

// also names one more address for the text that was planted last.
func (s *sower) also(paths ...string) {
	last := &s.all[len(s.all)-1]
	last.at = append(last.at, paths...)
}

func (s *sower) must(err error) {
	s.t.Helper()
	if err != nil {
		s.t.Fatal(err)
	}
}

func (s *sower) exec(statement string, args ...any) {
	s.t.Helper()
	tenant := s.viewers[s.admin].Tenant
	storetest.InTx(s.t, s.store, tenant, func(ctx context.Context, tx *store.Tx) error {
		_, err := tx.Exec(ctx, statement, append([]any{tenant}, args...)...)
		return err
	})
}

// attached are files in a reply, in an internal note, and attached nowhere yet: by their
// names and by what is in them.
func (s *sower) attached() {
	ticket := "/tickets/" + string(s.ticketOwn)
	for _, c := range []struct {
		what, who string
		internal  bool
		readers   []string
	}{{"file", s.contact, false, s.readContact}, {"file of a note", s.staff, true, s.readStaff}} {
		name := s.text("name of a "+c.what, c.readers, ticket) + ".log"
		f := filestest.Send(s.t, s.files, s.viewers[c.who], name, []byte(s.text("words in a "+c.what, c.readers)))
		s.also("/files/" + string(f.ID))
		_, err := s.tickets.Answer(s.as(s.t, c.who), s.ticketOwn, tickets.Answer{Text: "See the file.", Internal: c.internal, Attachments: []desk.ID{f.ID}})
		s.must(err)
	}
	f := filestest.Send(s.t, s.files, s.viewers[s.contact], "loose.log", []byte(s.text("words in a file that is attached nowhere", s.readOwn)))
	s.also("/files/" + string(f.ID))
}

func (s *sower) drafts() {
	at := "/tickets/" + string(s.ticketOwn) + "/drafts"
	_, err := s.tickets.KeepDraft(s.as(s.t, s.contact), s.ticketOwn, tickets.DraftReply, s.text("person's unsent words", s.readOwn, at))
	s.must(err)
	_, err = s.tickets.KeepDraft(s.as(s.t, s.staff), s.ticketOwn, tickets.DraftNote, s.text("technician's unsent note", []string{s.staff}, at))
	s.must(err)
}

func (s *sower) views() {
	filter := &tickets.SavedFilter{View: tickets.ViewQueue}
	_, err := s.tickets.AddView(s.as(s.t, s.staff), tickets.ViewDraft{Name: new(s.text("technician's own view", []string{s.staff}, "/views")), Filter: filter})
	s.must(err)
	_, err = s.tickets.AddView(s.as(s.t, s.admin), tickets.ViewDraft{Name: new(s.text("shared view", s.readStaff, "/views")), Shared: new(true), Filter: filter})
	s.must(err)
}

func (s *sower) macros() {
	_, err := s.tickets.AddMacro(s.as(s.t, s.admin), tickets.MacroDraft{
		Names: &tickets.Names{"en": s.text("name of a macro", s.readStaff, "/macros")}, Texts: &tickets.Names{"en": s.text("words of a macro", s.readStaff, "/macros")},
	})
	s.must(err)
}

func (s *sower) sources() {
	source, err := s.kb.AddSource(s.t.Context(), s.viewers[s.admin], kb.NewSource{URL: "https://example.com/" + s.text("address of a source", s.readStaff, "/admin/sources"), Kind: "list", Lang: "en"})
	s.must(err)
	s.exec("insert into kb_source_pages (tenant_id, id, source_id, url) values ($1, $2, $3, 'https://example.com/' || $4::text)",
		desk.NewID(), source.ID, s.text("page of a source", s.readStaff, "/admin/sources/"+string(source.ID)+"/pages"))
}

// judgements are what somebody thinks of an article, and what staff note about
// that and about a question without an answer.
func (s *sower) judgements() {
	reason := s.text("reader's reason", append([]string{s.contact}, s.readStaff...), "/articles/"+string(s.articleSeen), "/admin/feedback")
	s.must(s.kb.Rate(s.t.Context(), s.viewers[s.contact], s.articleSeen, "en", 1, kb.ArticleRating{Rating: "down", Reason: reason}))
	const fingerprint = "thirty-two bytes of a question's"
	var review desk.ID
	asked := s.conversation(s.t, s.contact)
	storetest.InTx(s.t, s.store, s.viewers[s.contact].Tenant, func(ctx context.Context, tx *store.Tx) error {
		if err := tx.QueryRow(ctx, "select id from feedback where article_id = $1", s.articleSeen).Scan(&review); err != nil {
			return err
		}
		return tx.AddUnanswered(ctx, db.AddUnansweredParams{TenantID: tx.Tenant, ConversationID: asked, Seq: 2, QuestionSeq: 1, Key: []byte(fingerprint), Lang: "en"})
	})
	_, err := s.kb.SetReview(s.t.Context(), s.viewers[s.staff], review, kb.Verdict{State: "done", Note: s.text("note about a judgement", s.readStaff, "/admin/feedback?state=done")})
	s.must(err)
	_, err = s.kb.SetUnanswered(s.t.Context(), s.viewers[s.staff], hex.EncodeToString([]byte(fingerprint)), kb.Verdict{State: "done", Note: s.text("note about a question", s.readStaff, "/admin/unanswered?state=done")})
	s.must(err)
}

func (s *sower) newcomers() {
	storetest.InTx(s.t, s.store, s.viewers[s.admin].Tenant, func(ctx context.Context, tx *store.Tx) error {
		_, err := s.people.FirstContact(ctx, tx, people.FirstMessage{
			Name: "Nora New", Email: s.text("newcomer's address", s.readStaff, "/admin/newcomers") + "@nobody.test", Text: s.text("newcomer's words", s.readStaff, "/admin/newcomers"), Source: people.FromMail,
		})
		return err
	})
}

// messages are what went to whom, without what it was made of, and the texts
// that an admin wrote.
func (s *sower) messages() {
	s.exec(`insert into messages_out (tenant_id, id, channel, template, user_id, recipient, sealed, state, detail, params)
		values ($1, $2, 'mail', 'mail_totp_added', $3, $4, false, 'failed', 'refused_number: ' || $5::text, jsonb_build_object('x', $6::text))`,
		desk.NewID(), s.viewers[s.contact].User, s.text("address that a mail went to", s.readStaff, "/admin/messages"),
		s.text("provider's word", s.readStaff, "/admin/messages"), s.text("word that a mail is made of", nil))
	storetest.InTx(s.t, s.store, s.viewers[s.admin].Tenant, func(ctx context.Context, tx *store.Tx) error {
		words := notify.TemplateWords{Subject: "An app was added", Text: s.text("admin's own mail", s.readAdmin, "/admin/templates/mail_totp_added/en", "/admin/audit?action=template.changed")}
		_, err := notify.SetTemplateTx(ctx, tx, s.viewers[s.admin], "mail_totp_added", "en", words, 0)
		return err
	})
}

// log is the audit's.
func (s *sower) log() {
	storetest.InTx(s.t, s.store, s.viewers[s.admin].Tenant, func(ctx context.Context, tx *store.Tx) error {
		return tx.Audit(ctx, store.AuditEntry{Actor: s.viewers[s.admin].User, Action: "portal.opened", Object: "portal", Detail: map[string]string{
			"name": s.text("particular of the audit log", s.readAdmin, "/admin/audit?action=portal.opened", "/admin/audit/export", "/admin/audit/export?format=jsonl"),
		}})
	})
}
