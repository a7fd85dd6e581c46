package actions

import (
	"context"
	"slices"

	"github.com/conserje/conserje/portal/desk"
	"github.com/conserje/conserje/portal/policy"
	"github.com/conserje/conserje/portal/store"
	"github.com/conserje/conserje/portal/tickets"
)

// Explanation says whether a person may have an operation done on a device,
// and which rule and switch decided it (B10).
type Explanation struct {
	Allowed bool          `json:"allowed"`
	Rule    string        `json:"rule,omitempty" doc:"The first rule that refused."`
	Switch  string        `json:"switch,omitempty" doc:"What an admin would change."`
	User    string        `json:"user_text,omitempty" doc:"What the person is told."`
	Lines   []Explained   `json:"lines"`
	Subject tickets.Ref   `json:"subject"`
	Device  *ActionDevice `json:"device,omitempty"`
}

// Explained is the answer of one rule, in the reader's language.
type Explained struct {
	policy.Line
	Text string `json:"text"`
}

// Explain is the effective policy for one person, one device and one
// operation, for staff.
func (s *Service) Explain(ctx context.Context, user, device desk.ID, op desk.Operation, software desk.ID) (e Explanation, err error) {
	if !slices.Contains(desk.Operations(), op) {
		return e, desk.Errorf(desk.CodeInvalid, "there is no such operation").On("operation")
	}
	if user, err = desk.ParseID(string(user)); err != nil {
		return e, desk.Errorf(desk.CodeInvalid, "not an id").On("user")
	}
	err = s.store.ViewerTx(ctx, func(ctx context.Context, tx *store.Tx, v desk.Viewer) error {
		if !v.Role.Staff() {
			return desk.Errorf(desk.CodeForbidden, "your role may not do this")
		}
		person, err := tx.PersonFor(ctx, user)
		if store.NoRows(err) {
			return desk.Errorf(desk.CodeNotFound, "no such person")
		}
		if err != nil {
			return err
		}
		owner := desk.Viewer{Tenant: tx.Tenant, User: user, Company: store.OrZero(person.CompanyID), Role: person.Role}
		q := policy.Question{Operation: op, Device: device}
		if op == desk.OpInstallSoftware && software != "" && device != "" {
			q.Named = true
			if _, q.Missing, err = s.packageFor(ctx, tx, owner, device, software); err != nil {
				return err
			}
		}
		if q.NoSMS, err = s.noSMS(ctx, tx, op); err != nil {
			return err
		}
		d, err := policy.Explain(ctx, tx, owner, q)
		if err != nil {
			return err
		}
		e = Explanation{Allowed: d.Allowed, Rule: d.Rule, Switch: d.Switch, Lines: []Explained{}, Subject: tickets.Ref{ID: user, Name: person.Name}}
		if d.Rule != "" {
			e.User = RuleText(v.Language, d.Rule)
		}
		if d.Device.ID != "" {
			e.Device = &ActionDevice{ID: d.Device.ID, Name: d.Device.Name, System: d.Device.System, Online: d.Device.Online}
		}
		for _, line := range d.Lines {
			e.Lines = append(e.Lines, Explained{Line: line, Text: ExplainText(v.Language, line)})
		}
		return nil
	})
	return e, err
}

// May says whether a person may have an operation done on a device, and in
// their own words why not.
type May struct {
	Operation desk.Operation `json:"operation"`
	Allowed   bool           `json:"allowed"`
	Rule      string         `json:"rule,omitempty" doc:"The policy that refuses."`
	Text      string         `json:"text,omitempty" doc:"The rule in words, in the reader's language."`
}

// MayTx asks for every operation what a proposal of it would be answered with,
// which software apart. What is shown and what is enforced are one.
func (s *Service) MayTx(ctx context.Context, tx *store.Tx, reader desk.Viewer, device desk.ID) ([]May, error) {
	list := make([]May, 0, len(desk.Operations()))
	for _, op := range desk.Operations() {
		q := policy.Question{Operation: op, Device: device}
		var err error
		if q.NoSMS, err = s.noSMS(ctx, tx, op); err != nil {
			return nil, err
		}
		d, err := policy.Explain(ctx, tx, reader, q)
		if err != nil {
			return nil, err
		}
		m := May{Operation: op, Allowed: d.Allowed, Rule: d.Rule}
		if d.Rule != "" {
			m.Text = RuleText(reader.Language, d.Rule)
		}
		list = append(list, m)
	}
	return list, nil
}
