package actions

import (
	"slices"

	"github.com/conserje/conserje/portal/desk"
)

// Cause is why a state changes. The zero value is none.
type Cause string

// The causes.
const (
	CauseConfirm  Cause = "confirm"  // the owner pressed the button
	CauseDecline  Cause = "decline"  // or the other one
	CauseVerify   Cause = "verify"   // the second factor was right
	CauseDispatch Cause = "dispatch" // everything was checked again: it waits for the device
	CauseCancel   Cause = "cancel"
	CauseRefuse   Cause = "refuse"  // a rule does not allow it any more
	CauseExpire   Cause = "expire"  // its time is up
	CauseDeliver  Cause = "deliver" // the command goes out
	CauseRun      Cause = "run"     // the device has begun
	CauseSucceed  Cause = "succeed"
	CauseFail     Cause = "fail"
	CauseLose     Cause = "lose"   // nobody knows what became of it
	CauseSettle   Cause = "settle" // the device had accepted, and nothing contradicts it
)

// By is who causes a change. The zero value is nobody.
type By string

// Who may. The owner and staff are people; the link speaks for the device.
const (
	ByUser      By = "user"
	ByStaff     By = "staff"
	BySystem    By = "system"
	ByDevice    By = "device"
	ByAssistant By = "assistant" // proposes, and nothing else
)

type transition struct {
	by   []By
	from []desk.ActionState
	to   desk.ActionState
}

var (
	waiting = []desk.ActionState{desk.StateProposed, desk.StateConfirmed, desk.StateVerified, desk.StateQueued}
	out     = []desk.ActionState{desk.StateDelivered, desk.StateRunning}
	// What a device may still report on: the command went out.
	reportable = []desk.ActionState{desk.StateDelivered, desk.StateRunning, desk.StateUnknown}
)

// transitions is the one table of what may change into what, and by whom.
// What is not in it does not happen.
var transitions = map[Cause]transition{
	CauseConfirm:  {[]By{ByUser}, []desk.ActionState{desk.StateProposed}, desk.StateConfirmed},
	CauseDecline:  {[]By{ByUser}, []desk.ActionState{desk.StateProposed, desk.StateConfirmed}, desk.StateDeclined},
	CauseVerify:   {[]By{ByUser}, []desk.ActionState{desk.StateConfirmed}, desk.StateVerified},
	CauseDispatch: {[]By{BySystem}, []desk.ActionState{desk.StateVerified}, desk.StateQueued},
	CauseCancel:   {[]By{ByUser, ByStaff}, waiting, desk.StateCancelled},
	CauseRefuse:   {[]By{BySystem}, waiting, desk.StateRefused},
	CauseExpire:   {[]By{BySystem}, waiting, desk.StateExpired},
	CauseDeliver:  {[]By{BySystem}, []desk.ActionState{desk.StateQueued}, desk.StateDelivered},
	CauseRun:      {[]By{ByDevice}, []desk.ActionState{desk.StateDelivered}, desk.StateRunning},
	CauseSucceed:  {[]By{ByDevice}, reportable, desk.StateSucceeded},
	CauseFail:     {[]By{ByDevice}, reportable, desk.StateFailed},
	CauseLose:     {[]By{BySystem, ByDevice}, out, desk.StateUnknown},
	CauseSettle:   {[]By{BySystem}, out, desk.StateSucceeded},
}

// next says where a cause leads from a state, if by may cause it there.
func next(state desk.ActionState, c Cause, by By) (desk.ActionState, bool) {
	t, known := transitions[c]
	if !known || !slices.Contains(t.by, by) || !slices.Contains(t.from, state) {
		return "", false
	}
	return t.to, true
}

// over reports an end. Unknown is one too, until the device says more.
func over(s desk.ActionState) bool {
	return !slices.Contains(waiting, s) && !slices.Contains(out, s)
}
