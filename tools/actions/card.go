package actions

import (
	"time"

	"github.com/conserje/conserje/portal/desk"
	"github.com/conserje/conserje/portal/tickets"
	"github.com/conserje/conserje/tools/devices/wire"
)

// Action is an action as one viewer sees it, in the viewer's language: the card
// in the chat, the line on the self-service page and in the ticket.
type Action struct {
	ID           desk.ID          `json:"id"`
	Operation    desk.Operation   `json:"operation"`
	State        desk.ActionState `json:"state"`
	Device       ActionDevice     `json:"device"`
	Software     *ActionSoftware  `json:"software,omitempty"`
	Account      string           `json:"account,omitempty"`
	Requester    tickets.Ref      `json:"requester"`
	Source       string           `json:"source" enum:"assistant,self_service,technician,request"`
	Conversation desk.ID          `json:"conversation_id,omitempty"`
	Ticket       *ActionTicket    `json:"ticket,omitempty"`
	ProposedAt   time.Time        `json:"proposed_at"`
	Deadline     *time.Time       `json:"deadline,omitempty"`
	EndedAt      *time.Time       `json:"ended_at,omitempty"`
	PostponedTo  *time.Time       `json:"postponed_until,omitempty" doc:"A person at the device put it off until then; only while it runs."`
	Outcome      desk.Outcome     `json:"outcome,omitempty"`
	Code         string           `json:"code,omitempty" doc:"Why it was refused or failed."`
	Rule         string           `json:"rule,omitempty" doc:"The policy that refused."`
	Next         []string         `json:"next" enum:"confirm,decline,send_code,verify,cancel,retry,password" doc:"What this viewer may do now."`
	Factor       *ActionFactors   `json:"factor,omitempty"`
	Text         ActionText       `json:"text"`
	Evidence     *ActionEvidence  `json:"evidence,omitempty"`
	History      []ActionStep     `json:"history"`
}

// View is Action, for those who speak of the ledger.
type View = Action

// ActionDevice is the device of an action.
type ActionDevice struct {
	ID     desk.ID `json:"id"`
	Name   string  `json:"name"`
	System string  `json:"system" enum:"windows,macos,linux"`
	Online bool    `json:"online"`
}

// ActionSoftware is the software of an installation.
type ActionSoftware struct {
	ID      desk.ID `json:"id"`
	Name    string  `json:"name"`
	Version string  `json:"version,omitempty"`
	Icon    string  `json:"icon,omitempty"`
}

// ActionTicket is the ticket that an action from no conversation has.
type ActionTicket struct {
	ID     desk.ID `json:"id"`
	Number int64   `json:"number"`
}

// ActionText is the words of the card.
type ActionText struct {
	Title   string            `json:"title"`
	Effect  string            `json:"effect"`
	State   string            `json:"state"`
	Detail  string            `json:"detail,omitempty"`
	Buttons map[string]string `json:"buttons"`
}

// ActionFactors is what the owner has to verify with.
type ActionFactors struct {
	PhoneMasked   string     `json:"phone_masked,omitempty"`
	PhoneVerified bool       `json:"phone_verified"`
	TOTP          bool       `json:"totp"`
	SMS           bool       `json:"sms" doc:"Whether this portal sends codes by SMS."`
	ResendAt      *time.Time `json:"resend_at,omitempty" doc:"No other code is sent before, for this or anything else."`
	AttemptsLeft  *int       `json:"attempts_left,omitempty" doc:"Of the code that was sent; absent when none is open."`
	WaitsUntil    *time.Time `json:"waits_until,omitempty" doc:"The phone or app that there is counts from then on."`
	Held          bool       `json:"held,omitempty" doc:"The support team gave the account a password or another address: what is set up now counts after 24 hours, unless an admin releases it."`
	SMSState      string     `json:"sms_state,omitempty" enum:"queued,sent,delivered,undelivered,failed" doc:"How the message with the newest code fares."`
	SMSReason     string     `json:"sms_reason,omitempty" doc:"Why it was not sent."`
}

// ActionEvidence is what the device showed of the effect.
type ActionEvidence struct {
	BootBefore    string         `json:"boot_before,omitempty"`
	BootAfter     string         `json:"boot_after,omitempty"`
	VersionBefore string         `json:"version_before,omitempty"`
	VersionAfter  string         `json:"version_after,omitempty"`
	Sessions      []string       `json:"sessions,omitempty"`
	Packages      []wire.Package `json:"packages,omitempty"`
	LinkLost      *time.Time     `json:"link_lost,omitempty"`
	ExitCode      int            `json:"exit_code,omitempty"`
	Output        string         `json:"output,omitempty" doc:"What the device's program printed; for display."`
	Signed        bool           `json:"signed" doc:"Whether there is a report that the device signed."`
}

// ActionStep is one line of the history.
type ActionStep struct {
	State desk.ActionState `json:"state"`
	At    time.Time        `json:"at"`
	By    string           `json:"by" enum:"user,staff,system,device,assistant"`
	Name  string           `json:"name,omitempty"`
	Code  string           `json:"code,omitempty"`
	Text  string           `json:"text"`
}
