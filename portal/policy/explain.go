package policy

import (
	"context"

	"github.com/conserje/conserje/portal/desk"
	"github.com/conserje/conserje/portal/store"
	"github.com/conserje/conserje/portal/store/db"
)

// The rules of acts on devices, in the order they are asked.
const (
	RulePerson    = "person"         // the person's account is in use
	RuleOperation = "operation"      // R12: the operation is switched on
	RuleAssigned  = "assigned"       // R14: the device is this person's
	RuleOthers    = "assignment_new" // it was not somebody else's a day ago, or an admin gave it to them
	RuleTrusted   = "device_trusted" // it is not revoked, and no second device speaks with its key
	RuleAccount   = "account"        // staff named the person's account on it, of a kind that the operation takes
	RuleSMS       = "sms"            // a temporary password goes by text message, so the portal sends them
	RuleCatalogue = "catalogue"      // R15: the software is in the catalogue, for this person
)

// Question asks whether a person may have an operation done on a device.
type Question struct {
	Operation desk.Operation
	Device    desk.ID
	// Named says that a piece of software was asked for, and Missing which rule
	// of the catalogue refused it to this person on this system; empty: none.
	Named   bool
	Missing string
	// NoSMS says that this portal sends no text messages.
	NoSMS bool
}

// Line is the answer of one rule. Switch names what an admin would change: a
// policy, or the object that decided.
type Line struct {
	Rule    string `json:"rule"`
	Allowed bool   `json:"allowed"`
	Switch  string `json:"switch"`
}

// Decision is the answer of all rules. Rule and Switch are those of the first
// that refused. The zero value refuses.
type Decision struct {
	Allowed bool
	Rule    string
	Switch  string
	Lines   []Line
	// Device is what was looked at; the zero value for none.
	Device db.DeviceForRow
}

// Err is nil when the act is allowed. A device that is not the person's does
// not exist for them; everything else says which rule refused.
func (d *Decision) Err() error {
	switch {
	case d.Allowed:
		return nil
	case d.Rule == RuleAssigned:
		return desk.Errorf(desk.CodeNotFound, "no such device")
	case d.Rule == "":
		return desk.Errorf(desk.CodeForbidden, "not allowed")
	}
	return Refuse(d.Rule)
}

// Explain says whether the subject may have it done now, which rules say so,
// and which switch decided (B10). It is asked when an act is proposed,
// confirmed, dispatched and delivered, and by whoever wants to know why not.
// Whatever cannot be read is an error, and errors do not allow.
func Explain(ctx context.Context, tx *store.Tx, subject desk.Viewer, q Question) (Decision, error) {
	s, err := loadFor(ctx, tx, subject.User)
	if err != nil {
		return Decision{}, err
	}
	person, err := tx.PersonAndDevice(ctx, db.PersonAndDeviceParams{UserID: subject.User, DeviceID: store.Optional(q.Device)})
	if err != nil && !store.NoRows(err) {
		return Decision{}, err
	}
	known := err == nil
	var d Decision
	if person.Found {
		d.Device = db.DeviceForRow{
			ID: q.Device, Name: person.Name, System: person.System, SealKey: person.SealKey, BootID: person.BootID, BootedAt: person.BootedAt,
			LastSeenAt: person.LastSeenAt, Online: person.Online, Revoked: person.Revoked, Suspect: person.Suspect, Assigned: person.Assigned,
			Account: person.Account, AccountSid: person.AccountSid, AccountKind: person.AccountKind,
		}
	}
	d.ask(RulePerson, "users", known && !person.Disabled && person.Role.Valid())
	d.ask(RuleSelfService, "self_service", s.SelfService.includes(subject.User))
	d.ask(RuleOperation, "operations."+string(q.Operation), s.Operations[string(q.Operation)])
	if q.Operation == desk.OpResetPassword {
		d.ask(RuleSMS, "second_factor.sms", !q.NoSMS)
	}
	if q.Device != "" {
		d.ask(RuleAssigned, "assignments", d.Device.Assigned)
		d.ask(RuleOthers, "assignments", d.Device.Assigned && !person.Waits)
		d.ask(RuleTrusted, "devices", d.Device.Assigned && !d.Device.Revoked && !d.Device.Suspect)
		d.ask(RuleAccount, "assignments.account", d.Device.Assigned && accountFits(q.Operation, d.Device))
	}
	if q.Operation == desk.OpInstallSoftware {
		if q.Device != "" {
			d.ask(RuleInstallLinux, "devices.system", d.Device.System == "windows" || d.Device.System == "macos")
		}
		if q.Named {
			d.ask(RuleCatalogue, "software", q.Missing != RuleCatalogue)
			d.ask(RuleSoftwareSystem, "software.packages", q.Missing == "")
		}
	}
	d.Allowed = d.Rule == ""
	return d, nil
}

func (d *Decision) ask(rule, by string, allowed bool) {
	d.Lines = append(d.Lines, Line{Rule: rule, Allowed: allowed, Switch: by})
	if !allowed && d.Rule == "" {
		d.Rule, d.Switch = rule, by
	}
}

// accountFits: a session is found by the account that staff confirmed, and a
// password is only ever set on a local one.
func accountFits(op desk.Operation, d db.DeviceForRow) bool {
	switch op {
	case desk.OpLock, desk.OpLogout:
		return d.Account != ""
	case desk.OpResetPassword:
		return d.Account != "" && d.AccountKind == "local"
	default:
		return true
	}
}
