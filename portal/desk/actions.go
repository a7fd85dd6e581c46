package desk

import "time"

// Operation is one of the acts that a person may have done on a device of
// their own (R13). There is no other, and none takes a line to run.
type Operation string

// The operations.
const (
	OpRestart         Operation = "restart"
	OpLock            Operation = "lock"
	OpShutdown        Operation = "shutdown"
	OpResetPassword   Operation = "reset_password"
	OpLogout          Operation = "logout"
	OpInstallSoftware Operation = "install_software"
)

// Operations lists them in the order they are offered.
func Operations() []Operation {
	return []Operation{OpRestart, OpLock, OpShutdown, OpLogout, OpResetPassword, OpInstallSoftware}
}

// ActionState is where an action stands (DESIGN 4). The zero value is invalid.
type ActionState string

// The states. Those from StateSucceeded on are ends; StateUnknown may still
// be reconciled by the device's own report.
const (
	StateProposed  ActionState = "proposed"
	StateConfirmed ActionState = "confirmed"
	StateVerified  ActionState = "verified"
	StateQueued    ActionState = "queued"
	StateDelivered ActionState = "delivered"
	StateRunning   ActionState = "running"
	StateSucceeded ActionState = "succeeded"
	StateFailed    ActionState = "failed"
	StateUnknown   ActionState = "unknown"
	StateDeclined  ActionState = "declined"
	StateRefused   ActionState = "refused"
	StateExpired   ActionState = "expired"
	StateCancelled ActionState = "cancelled"
)

// ActionStates lists them in the order of an action's life.
func ActionStates() []ActionState {
	return []ActionState{
		StateProposed, StateConfirmed, StateVerified, StateQueued, StateDelivered, StateRunning, StateSucceeded, StateFailed, StateUnknown,
		StateDeclined, StateRefused, StateExpired, StateCancelled,
	}
}

// Outcome says how an action that is over is known to have ended (B4).
type Outcome string

// The outcomes. Empty while the action is under way.
const (
	OutcomeDeviceVerified Outcome = "device_verified" // the device's own evidence shows the effect
	OutcomeAssumed        Outcome = "assumed"         // accepted, and nothing contradicts it
	OutcomeNone           Outcome = "none"            // it did not happen
)

// ActionChange is the body of KindAction: ids and states only. The card that
// people read is rendered from the ledger in the reader's language.
type ActionChange struct {
	Action    ID          `json:"action_id"`
	Operation Operation   `json:"operation"`
	Device    ID          `json:"device"`
	Software  ID          `json:"software,omitempty"`
	State     ActionState `json:"state"`
	Code      Code        `json:"code,omitempty"` // why it was refused or failed
	At        time.Time   `json:"at"`
}
