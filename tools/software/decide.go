package software

import (
	"context"
	"errors"

	"github.com/conserje/conserje/portal/desk"
	"github.com/conserje/conserje/portal/notify"
	"github.com/conserje/conserje/portal/store"
	"github.com/conserje/conserje/portal/store/db"
	"github.com/conserje/conserje/portal/tickets"
	"github.com/conserje/conserje/prompts"
)

// Approval is what a request is approved with: a row of the catalogue, or a
// new one, which only an admin makes (R15).
type Approval struct {
	Software desk.ID   `json:"software_id,omitempty" doc:"A row of the catalogue."`
	New      *RowDraft `json:"new,omitempty" doc:"Or a new row; for admins."`
	Answer   string    `json:"answer,omitempty" maxLength:"2000"`
}

// Approve grants a request: the row's audience then includes the requester,
// and an install is proposed on the device that it is for, which the requester
// still confirms and verifies. The second of two who decide gets CodeConflict.
func (s *Service) Approve(ctx context.Context, id desk.ID, a Approval) (out Request, err error) {
	if (a.Software == "") == (a.New == nil) {
		return out, desk.Errorf(desk.CodeInvalid, "name a row of the catalogue or make one").On("software_id")
	}
	err = s.asStaff(ctx, func(ctx context.Context, tx *store.Tx, v desk.Viewer) error {
		r, owner, err := s.holdOpen(ctx, tx, id, a.Answer)
		if err != nil {
			return err
		}
		e, err := s.granted(ctx, tx, v, a)
		if err != nil {
			return err
		}
		if err := include(ctx, tx, e, owner); err != nil {
			return err
		}
		device, err := target(ctx, tx, r, e)
		if err != nil {
			return err
		}
		action, err := s.propose(ctx, tx, owner, r, e, device.ID)
		if err != nil {
			return err
		}
		key, status := "software_approved", tickets.StatusResolved
		if action != "" {
			key, status = "software_approved_card", tickets.StatusPending
		}
		text := prompts.Text(string(owner.Language), key, map[string]any{"Name": e.Name, "Device": device.Name})
		out, err = s.decide(ctx, tx, v, r, decision{
			state: RequestApproved, software: e.ID, action: action, answer: a.Answer, text: text, status: status, did: "software.approved",
		})
		return err
	})
	return out, err
}

// Decline refuses a request with an answer.
func (s *Service) Decline(ctx context.Context, id desk.ID, answer string) (out Request, err error) {
	if err := desk.CheckText(answer, maxReason); err != nil {
		return out, desk.OnField("answer", err)
	}
	err = s.asStaff(ctx, func(ctx context.Context, tx *store.Tx, v desk.Viewer) error {
		r, owner, err := s.holdOpen(ctx, tx, id, answer)
		if err != nil {
			return err
		}
		text := prompts.Text(string(owner.Language), "software_declined", map[string]any{"Name": r.Name})
		out, err = s.decide(ctx, tx, v, r, decision{
			state: RequestDeclined, answer: answer, text: text, status: tickets.StatusResolved, did: "software.declined",
		})
		return err
	})
	return out, err
}

// holdOpen locks a request that nobody has decided, and says whose it is. Its
// conversation is locked first, in the order that everybody keeps.
func (s *Service) holdOpen(ctx context.Context, tx *store.Tx, id desk.ID, answer string) (r db.SoftwareRequest, owner desk.Viewer, err error) {
	if answer != "" {
		if err := desk.CheckText(answer, maxReason); err != nil {
			return r, owner, desk.OnField("answer", err)
		}
	}
	seen, err := one(ctx, tx, desk.Viewer{Role: desk.RoleTechnician}, id)
	if err != nil {
		return r, owner, err
	}
	if seen.Conversation != "" {
		if _, err := tx.HoldConversation(ctx, seen.Conversation); err != nil {
			return r, owner, err
		}
	}
	if r, err = tx.HoldSoftwareRequest(ctx, id); err != nil {
		return r, owner, err
	}
	if r.State != string(RequestOpen) {
		return r, owner, decided()
	}
	u, err := tx.UserByID(ctx, r.UserID)
	owner = desk.Viewer{Tenant: tx.Tenant, User: u.ID, Company: store.OrZero(u.CompanyID), Role: u.Role, Name: u.Name, Language: u.Language}
	return r, owner, err
}

func decided() error {
	return desk.Errorf(desk.CodeConflict, "somebody decided this request meanwhile")
}

func (s *Service) granted(ctx context.Context, tx *store.Tx, v desk.Viewer, a Approval) (Row, error) {
	if a.New != nil {
		return CreateTx(ctx, tx, v, *a.New)
	}
	none := desk.Errorf(desk.CodeInvalid, "there is no such software").On("software_id")
	id, err := desk.ParseID(string(a.Software))
	if err != nil {
		return Row{}, none
	}
	if _, err := tx.HoldSoftware(ctx, id); store.NoRows(err) {
		return Row{}, none
	} else if err != nil {
		return Row{}, err
	}
	return entry(ctx, tx, id)
}

// include widens a row's audience by one person. It changes nothing of what
// others confirmed, so the row's version stays.
func include(ctx context.Context, tx *store.Tx, e Row, owner desk.Viewer) error {
	_, err := tx.SoftwareSeen(ctx, db.SoftwareSeenParams{ID: e.ID, Viewer: &owner.User, Company: store.Optional(owner.Company)})
	if !store.NoRows(err) {
		return err
	}
	return admit(ctx, tx, e.ID, "", owner.User)
}

// target is the device that the software goes to: the one that was named, or
// the only one that it fits. None is the zero value.
func target(ctx context.Context, tx *store.Tx, r db.SoftwareRequest, e Row) (db.ShelfDevicesRow, error) {
	devices, err := devicesOf(ctx, tx, r.UserID, "")
	if err != nil {
		return db.ShelfDevicesRow{}, err
	}
	var fit []db.ShelfDevicesRow
	for _, d := range devices {
		for _, p := range e.Packages {
			if p.System != d.System || r.DeviceID != nil && *r.DeviceID != d.ID {
				continue
			}
			fit = append(fit, d)
		}
	}
	if len(fit) != 1 {
		return db.ShelfDevicesRow{}, nil
	}
	return fit[0], nil
}

// propose offers the install to the requester. What the ledger refuses, such
// as self-service that is off by now, does not undo the approval.
func (s *Service) propose(ctx context.Context, tx *store.Tx, owner desk.Viewer, r db.SoftwareRequest, e Row, device desk.ID) (desk.ID, error) {
	if device == "" || s.proposer == nil {
		return "", nil
	}
	action, err := s.proposer.ProposeInstallTx(ctx, tx, owner, Install{
		Device: device, Software: e.ID, Conversation: store.OrZero(r.ConversationID), Request: r.ID,
	})
	var refused *desk.Error
	if errors.As(err, &refused) && refused.Code != desk.CodeInternal && refused.Code != desk.CodeUnavailable {
		return "", nil
	}
	return action, err
}

type decision struct {
	state            RequestState
	software, action desk.ID
	answer, text     string // text: what the requester is told; answer: the technician's own words
	status           tickets.Status
	did              string
}

// decide writes the decision and tells the requester in the ticket, which its
// conversation hears of.
func (s *Service) decide(ctx context.Context, tx *store.Tx, v desk.Viewer, r db.SoftwareRequest, d decision) (Request, error) {
	n, err := tx.DecideSoftwareRequest(ctx, db.DecideSoftwareRequestParams{
		ID: r.ID, State: string(d.state), SoftwareID: store.Optional(d.software), ActionID: store.Optional(d.action), DecidedBy: &v.User, Answer: d.answer,
	})
	if err == nil && n == 0 {
		err = decided()
	}
	if err != nil {
		return Request{}, err
	}
	if err := tx.Audit(ctx, store.AuditEntry{
		Actor: v.User, Action: d.did, Object: "software_request", ObjectID: r.ID,
		Detail: map[string]any{"requester": r.UserID, "software": d.software, "action": d.action},
	}); err != nil {
		return Request{}, err
	}
	if r.TicketID != nil {
		ctx := tickets.WithoutMail(ctx) // the mail below tells
		text := d.text
		if d.answer != "" {
			text += "\n\n" + d.answer
		}
		ticket, merged, err := tickets.WhereTx(ctx, tx, *r.TicketID)
		if err != nil {
			return Request{}, err
		}
		if _, err := tickets.ReplyTx(ctx, tx, v, ticket, text, false); err != nil {
			return Request{}, err
		}
		if !merged { // another ticket has other matters, too
			if _, err := tickets.ChangeTx(ctx, tx, v, ticket, tickets.Change{Status: &d.status}); err != nil {
				return Request{}, err
			}
		}
	}
	if err := s.mail(ctx, tx, r, d); err != nil {
		return Request{}, err
	}
	return one(ctx, tx, v, r.ID)
}

// mail tells the requester of the decision; the technician's own words stand in
// the portal.
func (s *Service) mail(ctx context.Context, tx *store.Tx, r db.SoftwareRequest, d decision) error {
	if s.mailer == nil {
		return nil
	}
	err := s.mailer.Mail(ctx, tx, notify.Message{User: r.UserID, Template: "mail_software_" + string(d.state), Params: map[string]string{"software": r.Name}})
	var cannot *desk.Error
	if errors.As(err, &cannot) && cannot.Code == desk.CodeInvalid {
		return nil // the address on file is none
	}
	return err
}
