package notify

import (
	"context"
	"encoding/json"
	"errors"
	"time"

	"github.com/conserje/conserje/portal/desk"
	"github.com/conserje/conserje/portal/store"
	"github.com/conserje/conserje/portal/store/db"
)

// TemplateInfo is one template in a list.
type TemplateInfo struct {
	Name    string          `json:"name"`
	Channel Channel         `json:"channel" enum:"sms,mail"`
	Changed []desk.Language `json:"changed" doc:"The languages whose text is the portal's own."`
}

// Template is a template in one language.
type Template struct {
	Name           string             `json:"name"`
	Language       desk.Language      `json:"language"`
	Channel        Channel            `json:"channel" enum:"sms,mail"`
	Subject        string             `json:"subject"`
	Text           string             `json:"text"`
	BuiltInSubject string             `json:"built_in_subject"`
	BuiltInText    string             `json:"built_in_text"`
	Version        int                `json:"version" doc:"0: the built-in text. Send it back when you change the template."`
	UpdatedAt      *time.Time         `json:"updated_at,omitempty"`
	Variables      []TemplateVariable `json:"variables"`
}

// TemplateWords is a template's subject and text, as an admin writes them.
type TemplateWords struct {
	Subject string `json:"subject" maxLength:"1000"`
	Text    string `json:"text" maxLength:"20000"`
}

// TemplatePreview is a message as it would look, with sample values.
type TemplatePreview struct {
	Subject string `json:"subject"`
	Text    string `json:"text"`
	HTML    string `json:"html" doc:"The other part of a mail; empty for text messages."`
}

func (s *Service) asAdmin(ctx context.Context, fn func(ctx context.Context, tx *store.Tx, v desk.Viewer) error) error {
	return s.store.ViewerTx(ctx, func(ctx context.Context, tx *store.Tx, v desk.Viewer) error {
		if v.Role != desk.RoleAdmin {
			return desk.Errorf(desk.CodeForbidden, "only an admin changes this")
		}
		return fn(ctx, tx, v)
	})
}

// Templates lists all templates.
func (s *Service) Templates(ctx context.Context) (list []TemplateInfo, err error) {
	err = s.asAdmin(ctx, func(ctx context.Context, tx *store.Tx, _ desk.Viewer) error {
		own, err := tx.OwnTemplates(ctx)
		for _, name := range templateNames() {
			t, _ := builtIn(desk.Languages()[0], name)
			info := TemplateInfo{Name: name, Channel: channelOf(t), Changed: []desk.Language{}}
			for _, o := range own {
				if o.Name == name {
					info.Changed = append(info.Changed, desk.Language(o.Language))
				}
			}
			list = append(list, info)
		}
		return err
	})
	return list, err
}

// Template reads one template in one language.
func (s *Service) Template(ctx context.Context, name string, l desk.Language) (t Template, err error) {
	err = s.asAdmin(ctx, func(ctx context.Context, tx *store.Tx, _ desk.Viewer) error {
		t, err = templateOf(ctx, tx, name, l)
		return err
	})
	return t, err
}

func templateOf(ctx context.Context, tx *store.Tx, name string, l desk.Language) (Template, error) {
	b, ok := texts()[l][name]
	if !ok {
		return Template{}, desk.Errorf(desk.CodeNotFound, "there is no such template")
	}
	t := Template{
		Name: name, Language: l, Channel: channelOf(b), Subject: b.Subject, Text: b.Text,
		BuiltInSubject: b.Subject, BuiltInText: b.Text, Variables: variablesOf(name, l),
	}
	own, err := tx.OwnTemplate(ctx, db.OwnTemplateParams{Name: name, Language: string(l)})
	if store.NoRows(err) {
		return t, nil
	}
	if err == nil {
		at := own.UpdatedAt.UTC()
		t.Subject, t.Text, t.Version, t.UpdatedAt = own.Subject, own.Text, int(own.Version), &at
	}
	return t, err
}

// SetTemplate replaces a template's text in one language. version is the one
// that the admin saw: a text that somebody changed meanwhile is CodeConflict.
func (s *Service) SetTemplate(ctx context.Context, name string, l desk.Language, w TemplateWords, version int) (t Template, err error) {
	err = s.asAdmin(ctx, func(ctx context.Context, tx *store.Tx, v desk.Viewer) error {
		t, err = SetTemplateTx(ctx, tx, v, name, l, w, version)
		return err
	})
	return t, err
}

// SetTemplateTx is SetTemplate inside the caller's transaction. Words equal to
// the built-in ones are the built-in ones.
func SetTemplateTx(ctx context.Context, tx *store.Tx, v desk.Viewer, name string, l desk.Language, w TemplateWords, version int) (Template, error) {
	if err := tx.LockTenant(ctx); err != nil {
		return Template{}, err
	}
	old, err := templateOf(ctx, tx, name, l)
	if err != nil {
		return Template{}, err
	}
	if old.Version != version {
		return Template{}, desk.Errorf(desk.CodeConflict, "somebody changed the text meanwhile").With("version", old.Version)
	}
	if err := checkText(name, text(w)); err != nil {
		return Template{}, err
	}
	if w.Subject == old.Subject && w.Text == old.Text {
		return old, nil
	}
	action := "template.changed"
	if w.Subject == old.BuiltInSubject && w.Text == old.BuiltInText {
		action = "template.restored"
		err = tx.DropTemplate(ctx, db.DropTemplateParams{Name: name, Language: string(l)})
	} else {
		err = tx.PutTemplate(ctx, db.PutTemplateParams{
			TenantID: tx.Tenant, Name: name, Language: string(l), Subject: w.Subject, Text: w.Text, UpdatedBy: &v.User,
		})
	}
	if err != nil {
		return Template{}, err
	}
	err = tx.Audit(ctx, store.AuditEntry{
		Actor: v.User, Action: action, Object: "template " + name,
		Detail: map[string]any{"name": name, "language": l, "old": TemplateWords{old.Subject, old.Text}, "new": w},
	})
	if err != nil {
		return Template{}, err
	}
	return templateOf(ctx, tx, name, l)
}

// UndoTemplateTx takes a change of a text back, as the audit log has it. A text
// that has changed since is CodeChangedMeanwhile and stays as it is.
func UndoTemplateTx(ctx context.Context, tx *store.Tx, v desk.Viewer, name string, l desk.Language, old, now json.RawMessage) error {
	var before, after TemplateWords
	if err := errors.Join(json.Unmarshal(old, &before), json.Unmarshal(now, &after)); err != nil {
		return err
	}
	t, err := templateOf(ctx, tx, name, l)
	if err != nil {
		return err
	}
	if t.Subject != after.Subject || t.Text != after.Text {
		return desk.Errorf(desk.CodeChangedMeanwhile, "this has been changed since, and stays as it is now")
	}
	_, err = SetTemplateTx(ctx, tx, v, name, l, before, t.Version)
	return err
}

// RestoreTemplate takes an admin's text away: the built-in one holds again.
func (s *Service) RestoreTemplate(ctx context.Context, name string, l desk.Language, version int) (t Template, err error) {
	b, ok := texts()[l][name]
	if !ok {
		return Template{}, desk.Errorf(desk.CodeNotFound, "there is no such template")
	}
	return s.SetTemplate(ctx, name, l, TemplateWords(b), version)
}

// PreviewTemplate shows a text, saved or not, with sample values.
func (s *Service) PreviewTemplate(ctx context.Context, name string, l desk.Language, w TemplateWords) (p TemplatePreview, err error) {
	err = s.asAdmin(ctx, func(ctx context.Context, tx *store.Tx, _ desk.Viewer) error {
		c, err := sampled(ctx, tx, name, l, w)
		p = TemplatePreview(c)
		return err
	})
	return p, err
}

func sampled(ctx context.Context, tx *store.Tx, name string, l desk.Language, w TemplateWords) (content, error) {
	if err := checkText(name, text(w)); err != nil {
		return content{}, err
	}
	tenant, err := tx.ThisTenant(ctx)
	if err != nil {
		return content{}, err
	}
	f := fillings{params: map[string]string{}, portal: tenant.Name}
	for _, v := range variablesOf(name, l) {
		f.params[v.Name] = v.Example
		if v.Secret {
			f.secret = v.Example
		}
	}
	return render(name, text(w), f)
}

const testsAnHour = 20

// TestTemplate mails a text, saved or not, to the admin who writes it, with
// sample values.
func (s *Service) TestTemplate(ctx context.Context, name string, l desk.Language, w TemplateWords) error {
	return s.asAdmin(ctx, func(ctx context.Context, tx *store.Tx, v desk.Viewer) error {
		if t, ok := texts()[l][name]; !ok || channelOf(t) != Mail {
			return desk.Errorf(desk.CodeInvalid, "only mails can be tried")
		}
		c, err := sampled(ctx, tx, name, l, w)
		if err != nil {
			return err
		}
		u, err := tx.UserByID(ctx, v.User)
		switch {
		case err != nil:
			return err
		case !s.Can(Mail):
			return desk.Errorf(desk.CodeNoMail, "this portal has no mail server")
		case u.Email == nil:
			return desk.Errorf(desk.CodeNoAddress, "this person has no mail address")
		}
		if err := tx.Hit(ctx, "template-test:"+string(v.User), time.Hour, testsAnHour, desk.Errorf(desk.CodeRateLimited, "too many tests; wait a little")); err != nil {
			return err
		}
		m := Message{User: v.User, To: *u.Email, Template: name}
		if err := checkRecipient(Mail, m.To); err != nil {
			return err
		}
		return s.putSealed(ctx, tx, Mail, m, l, c)
	})
}

// wordsFor is what a message is written with: an admin's text, if there is one
// that this version of the program can still fill.
func wordsFor(ctx context.Context, tx *store.Tx, name string, l desk.Language) (text, error) {
	b, _ := builtIn(l, name)
	own, err := tx.OwnTemplate(ctx, db.OwnTemplateParams{Name: name, Language: string(l)})
	if store.NoRows(err) {
		return b, nil
	}
	if err != nil {
		return text{}, err
	}
	t := text{Subject: own.Subject, Text: own.Text}
	if checkText(name, t) != nil {
		return b, nil //nolint:nilerr // its variables are another version's
	}
	return t, nil
}
