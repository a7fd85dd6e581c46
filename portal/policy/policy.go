// Package policy says who may what in a portal, and which switch decided it.
//
// A tenant's Switches are rows; For reads them inside the caller's transaction
// and works out what holds for one viewer, so a change holds at the next
// request without a new log-in (R26). Every rule is enforced where the act
// happens, on the server; a hidden button is not enforcement.
package policy

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"

	"github.com/conserje/conserje/portal/desk"
	"github.com/conserje/conserje/portal/store"
)

// Mode is who a switch with an audience is on for. The zero value is invalid.
type Mode string

// The modes of an audience.
const (
	Off      Mode = "off"
	Everyone Mode = "everyone"
	Selected Mode = "selected"
)

// Audience is a switch that can be on for selected users only.
type Audience struct {
	Mode  Mode      `json:"mode" enum:"off,everyone,selected"`
	Users []desk.ID `json:"users" doc:"Who it is on for when mode is selected."`
}

func (a Audience) includes(user desk.ID) bool {
	return a.Mode == Everyone || a.Mode == Selected && slices.Contains(a.Users, user)
}

// Switches are a tenant's policies as an admin sets them.
type Switches struct {
	Ticketing        Audience        `json:"ticketing" doc:"R7: who sees and opens tickets."`
	KnowledgeBase    Audience        `json:"knowledge_base" doc:"R8: who reads articles, and gets answers from them."`
	SelfService      Audience        `json:"self_service" doc:"R12: who may act on their devices."`
	Assistant        bool            `json:"assistant" doc:"R9: whether the assistant answers in the chat."`
	AssistantTickets bool            `json:"assistant_tickets" doc:"R10: whether every chat opens a ticket by itself."`
	ManualTickets    bool            `json:"manual_tickets" doc:"R11: whether users open tickets without a chat."`
	Operations       map[string]bool `json:"operations" doc:"R12: each operation on a device."`
	VisibleStatuses  []string        `json:"visible_statuses" doc:"R19: the statuses whose tickets users see."`
	Reopen           bool            `json:"reopen" doc:"R20: whether users reopen tickets."`
	WelcomeMail      bool            `json:"welcome_mail" doc:"R5: whether a new account gets its welcome mail by itself."`
	SignUp           bool            `json:"sign_up" doc:"R6: whether people without an account may write by a public form."`
	StaffTOTP        bool            `json:"staff_totp" doc:"P13: whether staff need an authenticator app to log in."`
}

// visibleStatuses is the one switch that stands elsewhere: with the statuses,
// so that none outlives its status.
const visibleStatuses = "visible_statuses"

// Defaults are the switches of a new tenant: everything on, but for mail that
// would go out before its text has been read, the form for strangers, and what
// would ask staff for an app that they do not have. Its statuses are rows from
// its first moment, and visible.
func Defaults() Switches {
	all := Audience{Mode: Everyone, Users: []desk.ID{}}
	return Switches{
		Ticketing: all, KnowledgeBase: all, SelfService: all,
		Assistant: true, AssistantTickets: true, ManualTickets: true, Reopen: true,
		Operations: map[string]bool{
			"restart": true, "lock": true, "shutdown": true, "reset_password": true, "logout": true, "install_software": true,
		},
	}
}

// Load reads the tenant's switches. A stored value that cannot be read is an
// error: a rule that nobody understands must not allow.
func Load(ctx context.Context, tx *store.Tx) (Switches, error) {
	s := Defaults()
	rows, err := tx.Policies(ctx)
	if err != nil {
		return Switches{}, err
	}
	for _, r := range rows {
		if err := s.read(r.Name, r.Value); err != nil {
			return Switches{}, err
		}
	}
	return s, nil
}

// loadFor is Load for questions about one person: of the people that a switch
// names, it reads whether they are among them.
func loadFor(ctx context.Context, tx *store.Tx, user desk.ID) (Switches, error) {
	s := Defaults()
	rows, err := tx.PoliciesFor(ctx, string(user))
	if err != nil {
		return Switches{}, err
	}
	for _, r := range rows {
		if err := s.read(r.Name, r.Value); err != nil {
			return Switches{}, err
		}
	}
	return s, nil
}

func (s *Switches) read(name string, value json.RawMessage) error {
	field, known := s.fields()[name]
	if !known {
		return nil // left by a newer version
	}
	if err := json.Unmarshal(value, field); err != nil {
		return fmt.Errorf("policy %s: %w", name, err)
	}
	return nil
}

// fields gives each switch by its name, for reading, writing and checking.
func (s *Switches) fields() map[string]any {
	return map[string]any{
		"ticketing": &s.Ticketing, "knowledge_base": &s.KnowledgeBase, "self_service": &s.SelfService,
		"assistant": &s.Assistant, "assistant_tickets": &s.AssistantTickets, "manual_tickets": &s.ManualTickets,
		"operations": &s.Operations, visibleStatuses: &s.VisibleStatuses, "reopen": &s.Reopen, "welcome_mail": &s.WelcomeMail,
		"sign_up": &s.SignUp, "staff_totp": &s.StaffTOTP,
	}
}

// The rules that can refuse, as they stand in an error's params and in the
// catalogues of the web interface.
const (
	RuleTicketing     = "ticketing"
	RuleKnowledgeBase = "knowledge_base"
	RuleSelfService   = "self_service"
	RuleAssistant     = "assistant"
	RuleManualTickets = "manual_tickets"
	RuleReopen        = "reopen"
	RuleSignUp        = "sign_up"
	RuleFieldReadOnly = "field_read_only" // R21; params: field
	RuleFieldHidden   = "field_hidden"    // R21, R22; params: field

	RuleInstallLinux   = "install_linux"   // R15: nothing is installed on Linux
	RuleSoftwareSystem = "software_system" // this software is not offered for the device's system
)

// Effective is what holds for one viewer. The zero value allows nothing.
type Effective struct {
	Ticketing        bool `json:"ticketing"`
	KnowledgeBase    bool `json:"knowledge_base"`
	SelfService      bool `json:"self_service"`
	Assistant        bool `json:"assistant"`
	AssistantTickets bool `json:"assistant_tickets"`
	ManualTickets    bool `json:"manual_tickets"`
	Reopen           bool `json:"reopen"`
	// VisibleStatuses bounds the tickets that a contact sees.
	VisibleStatuses []string `json:"-"`
}

// For works out what holds for the viewer. Staff are never bound by the
// switches of the portal's users; the assistant's own switches hold for all.
func For(ctx context.Context, tx *store.Tx, v desk.Viewer) (Effective, error) {
	s, err := loadFor(ctx, tx, v.User)
	if err != nil {
		return Effective{}, err
	}
	if !v.Role.Valid() {
		return Effective{}, desk.Errorf(desk.CodeUnauthenticated, "log in first")
	}
	staff := v.Role.Staff()
	ticketing := staff || s.Ticketing.includes(v.User)
	return Effective{
		Ticketing:        ticketing,
		KnowledgeBase:    staff || s.KnowledgeBase.includes(v.User),
		SelfService:      s.SelfService.includes(v.User),
		Assistant:        s.Assistant,
		AssistantTickets: s.AssistantTickets,
		ManualTickets:    ticketing && (staff || s.ManualTickets),
		Reopen:           staff || s.Reopen,
		VisibleStatuses:  s.VisibleStatuses,
	}, nil
}

// Refuse is the error for an act that a rule forbids; rule is one of the
// constants above.
func Refuse(rule string) *desk.Error {
	return desk.Errorf(desk.CodePolicy, "the portal's settings do not allow this (%s)", rule).With("rule", rule)
}
