package kb_test

import (
	"context"
	"strings"
	"testing"

	"github.com/conserje/conserje/kb"
	"github.com/conserje/conserje/portal/desk"
	"github.com/conserje/conserje/portal/store"
	"github.com/conserje/conserje/portal/store/db"
	"github.com/conserje/conserje/portal/store/storetest"
)

// said is one question and its answer in a conversation of their own.
type said struct {
	conversation desk.ID
	seq          int64 // of the answer
}

func (b bundle) exchange(t *testing.T, v desk.Viewer, question, answer string, cited ...desk.Citation) said {
	t.Helper()
	s := said{conversation: desk.NewID()}
	storetest.InTx(t, b.store, b.tenant, func(ctx context.Context, tx *store.Tx) error {
		_, err := tx.CreateConversation(ctx, db.CreateConversationParams{
			TenantID: tx.Tenant, ID: s.conversation, UserID: v.User, CompanyID: store.Optional(v.Company), Title: question, Language: "en",
		})
		if err != nil {
			return err
		}
		turn := desk.NewID()
		asked, err := tx.Append(ctx, s.conversation, desk.KindUserMessage, desk.UserMessage{ID: "1", Text: question, Author: v.User, Turn: turn})
		if err != nil {
			return err
		}
		_, err = tx.Exec(ctx, "insert into turns (tenant_id, id, conversation_id, message_seq, state, reason, ended_at) values ($1, $2, $3, $4, 'ended', 'answered', now())",
			tx.Tenant, turn, s.conversation, asked.Seq)
		if err != nil {
			return err
		}
		e, err := tx.Append(ctx, s.conversation, desk.KindAssistantMessage, desk.AssistantMessage{Turn: turn, Text: answer, Citations: cited})
		s.seq = e.Seq
		return err
	})
	return s
}

// judge is what the conversations' room writes when an answer is rated.
func (b bundle) judge(t *testing.T, v desk.Viewer, s said, rating, reason string) {
	t.Helper()
	storetest.InTx(t, b.store, b.tenant, func(ctx context.Context, tx *store.Tx) error {
		e, err := tx.Append(ctx, s.conversation, desk.KindRating, desk.Rating{Seq: s.seq, Rating: rating, Reason: reason})
		if err != nil {
			return err
		}
		return tx.RateAnswer(ctx, db.RateAnswerParams{
			TenantID: tx.Tenant, ID: desk.NewID(), UserID: v.User, Rating: rating, ConversationID: s.conversation, Seq: s.seq, RatingSeq: e.Seq,
		})
	})
}

func (b bundle) reviews(t *testing.T, f kb.ReviewFilter) []kb.Review {
	t.Helper()
	list, _, err := b.Reviews(t.Context(), b.admin, f)
	if err != nil {
		t.Fatal(err)
	}
	return list
}

func TestP10AReviewHasTheQuestionTheAnswerAndWhatItRestedOn(t *testing.T) {
	t.Parallel()
	b := setup(t)
	acme, globex := b.contact(t, "Acme"), b.contact(t, "Globex")
	b.put(t, "", article("printer", "en", "Printers", "Turn it on."))
	id := b.find(t, b.admin, "printers", "en")[0].Article
	one := b.exchange(t, acme, "Why does it blink?", "Turn it on [1].", desk.Citation{N: 1, Article: id, Lang: "en", Title: "Printers", Quote: "Turn it on."})
	b.judge(t, acme, one, "down", "")
	b.judge(t, acme, one, "down", "It was on already.")
	other := b.exchange(t, globex, "And the fax?", "No idea.")
	b.judge(t, globex, other, "up", "")
	list := b.reviews(t, kb.ReviewFilter{State: "open"})
	if len(list) != 1 {
		t.Fatalf("%+v", list)
	}
	r := list[0]
	if r.Kind != "answer" || r.Question != "Why does it blink?" || r.Answer != "Turn it on [1]." || r.Reason != "It was on already." || r.Person.Company != "Acme" ||
		r.Conversation != one.conversation || len(r.Citations) != 1 || r.Citations[0].Article != id || r.State != "open" {
		t.Errorf("%+v", r)
	}
	done, err := b.SetReview(t.Context(), b.admin, r.ID, kb.Verdict{State: "done", Note: "Wrote what the lamp means."})
	if err != nil || done.State != "done" || done.DoneBy == "" || done.Note != "Wrote what the lamp means." {
		t.Errorf("%+v %v", done, err)
	}
	if n := len(b.reviews(t, kb.ReviewFilter{State: "open"})); n != 0 {
		t.Errorf("%d are open", n)
	}
	for closed, want := range map[desk.ID]int{b.admin.User: 1, acme.User: 0} {
		if n := len(b.reviews(t, kb.ReviewFilter{State: "done", Closed: closed})); n != want {
			t.Errorf("%d closed by %s, %d wanted", n, closed, want)
		}
	}
	if n := b.count(t, "select count(*) from audit where action = 'review.done' and detail::text not like '%lamp%'"); n != 1 {
		t.Errorf("%d entries in the audit", n)
	}
	b.judge(t, acme, one, "down", "Still wrong.")
	if again := b.reviews(t, kb.ReviewFilter{State: "open"}); len(again) != 1 || again[0].Reason != "Still wrong." || again[0].Note == "" {
		t.Errorf("said again, it is %+v", again)
	}
	// What is erased in the log is gone from here too.
	storetest.InTx(t, b.store, b.tenant, func(ctx context.Context, tx *store.Tx) error {
		_, err := tx.Exec(ctx, "update conversation_events set body = null, salt = null where conversation_id = $1", one.conversation)
		return err
	})
	if gone := b.reviews(t, kb.ReviewFilter{}); len(gone) != 1 || gone[0].Question+gone[0].Answer+gone[0].Reason != "" {
		t.Errorf("%+v", gone)
	}
}

func TestP10AReaderHasOneJudgementOfATextAndTheLastCounts(t *testing.T) {
	t.Parallel()
	b := setup(t)
	acme, globex := b.contact(t, "Acme"), b.contact(t, "Globex")
	b.put(t, acme.Company, article("door", "en", "Door", "Push."))
	id := b.find(t, acme, "door", "en")[0].Article
	read := func(v desk.Viewer) kb.Article {
		a, err := b.Article(t.Context(), v, id, "en")
		if err != nil {
			t.Fatal(err)
		}
		return a
	}
	a := read(acme)
	if a.Own != nil {
		t.Errorf("rated before it was: %+v", a.Own)
	}
	for _, r := range []kb.ArticleRating{{"down", "Which door?"}, {"up", ""}, {"down", "  The other one.  "}} {
		if err := b.Rate(t.Context(), acme, id, "en", a.Change, r); err != nil {
			t.Fatal(err)
		}
	}
	if own := read(acme).Own; own == nil || own.Rating != "down" || own.Reason != "The other one." {
		t.Errorf("%+v", own)
	}
	if own := read(b.admin).Own; own != nil {
		t.Errorf("another's is %+v", own)
	}
	list := b.reviews(t, kb.ReviewFilter{Kind: "article"})
	if len(list) != 1 || list[0].Article == nil || list[0].Article.Title != "Door" || list[0].Article.Changed || list[0].Reason != "The other one." {
		t.Fatalf("%+v", list)
	}
	b.put(t, acme.Company, article("door", "en", "Door", "Pull."))
	if own := read(acme).Own; own != nil {
		t.Errorf("the next text begins with %+v", own)
	}
	if list := b.reviews(t, kb.ReviewFilter{}); len(list) != 1 || !list[0].Article.Changed {
		t.Errorf("%+v", list)
	}
	for name, c := range map[string]struct {
		v      desk.Viewer
		change int64
		r      kb.ArticleRating
		want   desk.Code
	}{
		"another company's reader": {globex, a.Change, kb.ArticleRating{Rating: "down"}, desk.CodeNotFound},
		"a text that never was":    {acme, 99, kb.ArticleRating{Rating: "down"}, desk.CodeNotFound},
		"no thumb":                 {acme, a.Change, kb.ArticleRating{Rating: "sideways"}, desk.CodeInvalid},
		"too long":                 {acme, a.Change, kb.ArticleRating{Rating: "down", Reason: strings.Repeat("x", 501)}, desk.CodeTextTooLong},
		"nobody":                   {desk.Viewer{}, a.Change, kb.ArticleRating{Rating: "up"}, desk.CodeUnauthenticated},
	} {
		if err := b.Rate(t.Context(), c.v, id, "en", c.change, c.r); desk.CodeOf(err) != c.want {
			t.Errorf("%s: %v, want %s", name, err, c.want)
		}
	}
}

func TestP10OnlyStaffOfTheTenantReview(t *testing.T) {
	t.Parallel()
	b := setup(t)
	acme := b.contact(t, "Acme")
	s := b.exchange(t, acme, "Why?", "Because.")
	b.judge(t, acme, s, "down", "no")
	id := b.reviews(t, kb.ReviewFilter{})[0].ID
	abroad := on(t, b.store, nil)
	for name, v := range map[string]desk.Viewer{"contact": acme, "nobody": {}} {
		if _, _, err := b.Reviews(t.Context(), v, kb.ReviewFilter{}); desk.CodeOf(err) != desk.CodeForbidden {
			t.Errorf("%s: %v", name, err)
		}
		if _, _, err := b.Unanswered(t.Context(), v, "open", "", 10); desk.CodeOf(err) != desk.CodeForbidden {
			t.Errorf("%s: %v", name, err)
		}
		if _, err := b.SetReview(t.Context(), v, id, kb.Verdict{State: "done"}); desk.CodeOf(err) != desk.CodeForbidden {
			t.Errorf("%s: %v", name, err)
		}
	}
	if list, _, err := b.Reviews(t.Context(), abroad.admin, kb.ReviewFilter{}); err != nil || len(list) != 0 {
		t.Errorf("another tenant's staff see %+v %v", list, err)
	}
	if _, err := b.SetReview(t.Context(), abroad.admin, id, kb.Verdict{State: "done"}); desk.CodeOf(err) != desk.CodeNotFound {
		t.Errorf("another tenant's staff close it: %v", err)
	}
	tech := storetest.User(t, b.store, b.tenant, "", desk.RoleTechnician, "tess")
	if list, _, err := b.Reviews(t.Context(), tech, kb.ReviewFilter{Company: acme.Company, Person: acme.User, Kind: "answer", State: "open"}); err != nil || len(list) != 1 {
		t.Errorf("a technician sees %+v %v", list, err)
	}
	if list, _, err := b.Reviews(t.Context(), tech, kb.ReviewFilter{Company: desk.NewID()}); err != nil || len(list) != 0 {
		t.Errorf("of no company: %+v %v", list, err)
	}
}

func TestReviewsComeInPagesWithoutGapOrDouble(t *testing.T) {
	t.Parallel()
	b := setup(t)
	acme := b.contact(t, "Acme")
	for range 7 {
		b.judge(t, acme, b.exchange(t, acme, "Why?", "Because."), "down", "no")
	}
	seen := map[desk.ID]bool{}
	cursor := ""
	for range 4 {
		list, next, err := b.Reviews(t.Context(), b.admin, kb.ReviewFilter{Limit: 3, Cursor: cursor})
		if err != nil {
			t.Fatal(err)
		}
		for _, r := range list {
			if seen[r.ID] {
				t.Errorf("%s twice", r.ID)
			}
			seen[r.ID] = true
		}
		if cursor = next; cursor == "" {
			break
		}
	}
	if len(seen) != 7 || cursor != "" {
		t.Errorf("%d reviews, then %q", len(seen), cursor)
	}
	for _, bad := range []string{"x", "MTIz", "OTk5OTk5OTk5OTk5OTk5OTk5IHg"} {
		if _, _, err := b.Reviews(t.Context(), b.admin, kb.ReviewFilter{Cursor: bad}); desk.CodeOf(err) != desk.CodeInvalid {
			t.Errorf("%q: %v", bad, err)
		}
	}
}

func (b bundle) missed(t *testing.T, s said, key string) {
	t.Helper()
	storetest.InTx(t, b.store, b.tenant, func(ctx context.Context, tx *store.Tx) error {
		return tx.AddUnanswered(ctx, db.AddUnansweredParams{TenantID: tx.Tenant, ConversationID: s.conversation, Seq: s.seq, QuestionSeq: 1, Key: []byte(key), Lang: "en"})
	})
}

func TestUnansweredQuestionsAreCountedAndComeBackWhenAskedAgain(t *testing.T) {
	t.Parallel()
	b := setup(t)
	acme, globex := b.contact(t, "Acme"), b.contact(t, "Globex")
	fax, key := strings.Repeat("f", 32), strings.Repeat("k", 32)
	b.missed(t, b.exchange(t, acme, "how is the key cut?", "I found nothing."), key)
	b.missed(t, b.exchange(t, acme, "Where is the fax?", "I found nothing."), fax)
	last := b.exchange(t, globex, "where is the FAX", "I found nothing.")
	b.missed(t, last, fax)
	list, next, err := b.Unanswered(t.Context(), b.admin, "open", "", 10)
	if err != nil || next != "" || len(list) != 2 {
		t.Fatalf("%+v %q %v", list, next, err)
	}
	if q := list[0]; q.Times != 2 || q.People != 2 || q.Question != "where is the FAX" || q.Conversation != last.conversation {
		t.Errorf("%+v", q)
	}
	if first, next, err := b.Unanswered(t.Context(), b.admin, "open", "", 1); err != nil || len(first) != 1 || next != "1" {
		t.Errorf("%+v %q %v", first, next, err)
	}
	done, err := b.SetUnanswered(t.Context(), b.admin, list[0].Key, kb.Verdict{State: "done", Note: "in the article on fax"})
	if err != nil || done.State != "done" || done.Times != 2 || done.DoneBy == "" {
		t.Errorf("%+v %v", done, err)
	}
	if w, err := b.Waiting(t.Context(), b.admin); err != nil || w.Unanswered != 1 {
		t.Errorf("%+v %v", w, err)
	}
	b.missed(t, b.exchange(t, acme, "where is the fax?", "I found nothing."), fax)
	list, _, err = b.Unanswered(t.Context(), b.admin, "open", "", 10)
	if err != nil || len(list) != 2 || list[0].Times != 1 || list[1].Times != 1 {
		t.Errorf("asked again: %+v %v", list, err)
	}
	for _, bad := range []string{"zz", "", strings.Repeat("00", 32)} {
		if _, err := b.SetUnanswered(t.Context(), b.admin, bad, kb.Verdict{State: "done"}); desk.CodeOf(err) != desk.CodeNotFound {
			t.Errorf("%q: %v", bad, err)
		}
	}
}

func TestRelatedArticlesAreThoseThatTheReaderMayRead(t *testing.T) {
	t.Parallel()
	b := setup(t)
	acme, globex := b.contact(t, "Acme"), b.contact(t, "Globex")
	b.put(t, "", article("jam", "en", "Paper jam in the printer", "Open the printer and take the paper out."),
		article("toner", "en", "Printer toner is empty", "Open the printer and change the toner."),
		article("toner", "de", "Der Toner des Druckers ist leer", "Öffnen Sie den Drucker."),
		article("vpn", "en", "Connect to the VPN", "Start the client and log in."))
	b.put(t, acme.Company, article("secret", "en", "Printer of the board", "Open the printer of the board with the key."))
	id := b.find(t, acme, "paper jam", "en")[0].Article
	keys := func(v desk.Viewer, lang desk.Language) (out []string) {
		list, err := b.Related(t.Context(), v, id, lang)
		if err != nil {
			t.Fatal(err)
		}
		for _, s := range list {
			out = append(out, s.Key)
			if s.Lang != lang {
				t.Errorf("%s comes in %s", s.Key, s.Lang)
			}
		}
		return out
	}
	if got := keys(acme, "en"); len(got) == 0 || got[0] == "vpn" || !strings.Contains(strings.Join(got, " "), "secret") || strings.Contains(strings.Join(got, " "), "jam") {
		t.Errorf("for Acme: %v", got)
	}
	if got := strings.Join(keys(globex, "en"), " "); !strings.Contains(got, "toner") || strings.Contains(got, "secret") {
		t.Errorf("for Globex: %v", got)
	}
	if got := keys(acme, "fr"); len(got) != 0 {
		t.Errorf("in French, which it is not in: %v", got)
	}
	hidden := b.find(t, acme, "board", "en")[0].Article
	if list, err := b.Related(t.Context(), globex, hidden, "en"); err != nil || len(list) != 0 {
		t.Errorf("of what is not theirs: %+v %v", list, err)
	}
}
