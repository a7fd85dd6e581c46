package policy

import (
	"context"
	"encoding/json"
	"maps"
	"slices"

	"github.com/conserje/conserje/portal/desk"
	"github.com/conserje/conserje/portal/store"
)

// AccessLine is what one rule gives a person. Switch names what decided: a
// policy, or "role" for staff, whom the switches of the users do not bind.
type AccessLine struct {
	Rule     string `json:"rule"`
	Allowed  bool   `json:"allowed"`
	Switch   string `json:"switch"`
	Mode     Mode   `json:"mode,omitempty" enum:"off,everyone,selected"`
	Selected *bool  `json:"selected,omitempty" doc:"Whether the person is on the switch's list of selected users."`
}

// AccessOf says what each switch gives a person, and which one decided it.
func AccessOf(ctx context.Context, tx *store.Tx, person desk.Viewer) ([]AccessLine, error) {
	s, err := loadFor(ctx, tx, person.User)
	if err != nil {
		return nil, err
	}
	e, err := For(ctx, tx, person)
	if err != nil {
		return nil, err
	}
	staff := person.Role.Staff()
	by := func(name string) string {
		if staff {
			return "role"
		}
		return name
	}
	audience := func(rule string, a Audience, allowed bool, decided string) AccessLine {
		selected := slices.Contains(a.Users, person.User)
		return AccessLine{Rule: rule, Allowed: allowed, Switch: decided, Mode: a.Mode, Selected: &selected}
	}
	manual := by(RuleManualTickets)
	if !staff && !e.Ticketing {
		manual = RuleTicketing
	}
	lines := []AccessLine{
		audience(RuleTicketing, s.Ticketing, e.Ticketing, by(RuleTicketing)),
		audience(RuleKnowledgeBase, s.KnowledgeBase, e.KnowledgeBase, by(RuleKnowledgeBase)),
		audience(RuleSelfService, s.SelfService, e.SelfService, RuleSelfService),
		{Rule: RuleAssistant, Allowed: e.Assistant, Switch: RuleAssistant},
		{Rule: RuleManualTickets, Allowed: e.ManualTickets, Switch: manual},
		{Rule: RuleReopen, Allowed: e.Reopen, Switch: by(RuleReopen)},
	}
	for _, op := range desk.Operations() {
		line := AccessLine{Rule: "operations." + string(op), Allowed: e.SelfService && s.Operations[string(op)], Switch: "operations." + string(op)}
		if !e.SelfService {
			line.Switch = RuleSelfService
		}
		lines = append(lines, line)
	}
	return lines, nil
}

// Select puts a person on the lists of the named switches, or takes them off.
// Whether a list counts is the switch's mode, which stays as it is.
func Select(ctx context.Context, tx *store.Tx, v desk.Viewer, person desk.ID, on map[string]bool) error {
	if err := tx.LockTenant(ctx); err != nil {
		return err
	}
	s, err := Load(ctx, tx)
	if err != nil {
		return err
	}
	patch := map[string]json.RawMessage{}
	for _, name := range slices.Sorted(maps.Keys(on)) {
		a, ok := s.fields()[name].(*Audience)
		if !ok {
			return desk.Errorf(desk.CodeInvalid, "the policy %q has no list of users", name).On(name)
		}
		users := slices.DeleteFunc(slices.Clone(a.Users), func(id desk.ID) bool { return id == person })
		if on[name] {
			users = append(users, person)
		}
		if slices.Contains(a.Users, person) == on[name] {
			continue
		}
		raw, err := json.Marshal(Audience{Mode: a.Mode, Users: users})
		if err != nil {
			return err
		}
		patch[name] = raw
	}
	_, err = Change(ctx, tx, v, patch)
	return err
}
