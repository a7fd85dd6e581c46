package prompts

// The shapes of what the tools for devices and software answer.

// Devices is the result of list_my_devices.
type Devices struct {
	Devices []DeviceLine `json:"devices"`
}

// DeviceLine is one of the viewer's devices. The name was given by whoever set
// the computer up: it is data. System is windows, macos or linux.
type DeviceLine struct {
	ID     string `json:"id,omitempty"`
	Name   string `json:"name"`
	System string `json:"system"`
	Online bool   `json:"online"`
}

// Software is the result of list_software.
type Software struct {
	Software []SoftwareLine `json:"software"`
	More     bool           `json:"more,omitempty"` // there is other software beyond this
}

// SoftwareLine is a row of the catalogue that the viewer may install.
type SoftwareLine struct {
	ID          string           `json:"id"`
	Name        string           `json:"name"`
	Publisher   string           `json:"publisher,omitempty"`
	Description string           `json:"description,omitempty"`
	On          []SoftwareDevice `json:"on,omitempty"`
}

// SoftwareDevice is how it stands on one device: available, pending,
// installing, installed, failed or unsupported.
type SoftwareDevice struct {
	Device string `json:"device"`
	State  string `json:"state"`
}

// Proposed is the result of propose_device_action and propose_install. Nothing
// has happened: Done is false, always, and stands there so that a model reads it.
type Proposed struct {
	OK   bool   `json:"ok"`
	Done bool   `json:"done"`
	Card string `json:"card"` // "shown"
	Next string `json:"next"` // what has to follow, by the user, on the card
	ActionLine
}

// WhatFollows is what has to follow a proposal before anything happens.
const WhatFollows = "Nothing has happened yet. The user sees a card and must confirm there and enter a code there. " +
	"Say so in one sentence. Do not ask for the code and do not say that it was done."

// ActionLine is an action as the ledger has it. State is proposed, confirmed,
// verified, queued, delivered, running, succeeded, failed, unknown, declined,
// refused, expired or cancelled; only succeeded means that it happened.
type ActionLine struct {
	ID        string `json:"id,omitempty"`
	Operation string `json:"operation"`
	Device    string `json:"device"`
	Software  string `json:"software,omitempty"`
	State     string `json:"state"`
	Outcome   string `json:"outcome,omitempty"` // device_verified, assumed or none
	Code      string `json:"code,omitempty"`    // why it was refused or failed
	At        string `json:"at,omitempty"`      // when it was proposed, 2006-01-02 15:04 UTC
}

// Actions is the result of action_status, newest first.
type Actions struct {
	Actions []ActionLine `json:"actions"`
}

// Requested is the result of request_software: a person decides. Ticket is 0
// when the viewer may not see it.
type Requested struct {
	OK     bool   `json:"ok"`
	Ticket int64  `json:"ticket,omitempty"`
	Name   string `json:"name"`
}
