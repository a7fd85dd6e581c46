package people

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"net/netip"
	"strconv"
	"time"

	"github.com/conserje/conserje/portal/desk"
	"github.com/conserje/conserje/portal/notify"
	"github.com/conserje/conserje/portal/policy"
	"github.com/conserje/conserje/portal/store"
	"github.com/conserje/conserje/portal/store/db"
)

// LinkLife is how long the link of a welcome mail can be used.
const LinkLife = 24 * time.Hour

// Welcome is how the last welcome mail of a person fared.
type Welcome struct {
	State  string    `json:"state" enum:"queued,sent,delivered,failed"`
	Reason string    `json:"reason,omitempty" doc:"Why it failed, or has not gone out yet, in a word."`
	Detail string    `json:"detail,omitempty" doc:"What the mail server said, for technicians."`
	At     time.Time `json:"at"`
}

// The texts of the welcome mail: with the password that nobody has used yet,
// and with a link for everybody else.
const (
	welcomeText     = "welcome"
	welcomeLinkText = "welcome_link"
)

// SendWelcome mails somebody the portal's address, the user name and the
// password; after the first log-in a link to set another one instead (R5).
func (s *Service) SendWelcome(ctx context.Context, user desk.ID) (p Person, err error) {
	err = s.managed(ctx, user, func(ctx context.Context, tx *store.Tx, v desk.Viewer, u *db.User) error {
		switch {
		case s.notify == nil || !s.notify.Can(notify.Mail):
			return desk.Errorf(desk.CodeNoMail, "this portal has no mail server")
		case u.Email == nil:
			return desk.Errorf(desk.CodeNoAddress, "this person has no mail address").On("email")
		case u.DisabledAt != nil:
			return policy.Refuse(policy.RulePerson)
		}
		if err := tx.Hit(ctx, "welcome:"+string(user), time.Hour, 5, errTooMany); err != nil {
			return err
		}
		if err := s.welcome(ctx, tx, u); err != nil {
			return err
		}
		if err := tx.Audit(ctx, store.AuditEntry{Actor: v.User, Action: "welcome.sent", Object: "user", ObjectID: user}); err != nil {
			return err
		}
		p, err = onePerson(ctx, tx, v, user)
		return err
	})
	return p, err
}

// welcomeNew sends the mail to somebody who was just created, if the portal is
// to do so by itself.
func (s *Service) welcomeNew(ctx context.Context, tx *store.Tx, user desk.ID) error {
	if s.notify == nil {
		return nil
	}
	switches, err := policy.Load(ctx, tx)
	if err != nil || !switches.WelcomeMail {
		return err
	}
	u, err := tx.UserByID(ctx, user)
	if err != nil {
		return err
	}
	return s.welcome(ctx, tx, &u)
}

func (s *Service) welcome(ctx context.Context, tx *store.Tx, u *db.User) error {
	address, err := s.AddressTx(ctx, tx)
	if err != nil {
		return err
	}
	m := notify.Message{User: u.ID, Template: welcomeText, Params: map[string]string{"name": u.Name, "login": u.Login, "address": address}}
	if m.Secret, err = s.first(ctx, tx, u.ID); err != nil {
		return err
	}
	if m.Secret == "" {
		token, err := putLink(ctx, tx, u.ID)
		if err != nil {
			return err
		}
		m.Template, m.Secret = welcomeLinkText, address+"/set-password#"+token
	}
	return s.notify.Mail(ctx, tx, m)
}

// AddressTx is where the tenant's portal is, by what is stored and not by what a
// request says (SECURITY H8): the first host name that others can reach.
func (s *Service) AddressTx(ctx context.Context, tx *store.Tx) (string, error) {
	hosts, err := tx.TenantHosts(ctx)
	if err != nil {
		return "", err
	}
	for _, h := range hosts {
		if _, err := netip.ParseAddr(h); err != nil && h != localhost {
			return "https://" + h, nil
		}
	}
	if s.localPort == 0 {
		return "http://" + localhost, nil
	}
	return "http://" + localhost + ":" + strconv.Itoa(s.localPort), nil
}

const localhost = "localhost"

// ListensOn tells the port of this machine, for the address of a portal that is
// reached at localhost only. It is called before anything is served.
func (s *Service) ListensOn(port int) { s.localPort = port }

// putLink makes the one link of a person that counts.
func putLink(ctx context.Context, tx *store.Tx, user desk.ID) (token string, err error) {
	if err := tx.DropPasswordLinks(ctx, user); err != nil {
		return "", err
	}
	token = newToken()
	return token, tx.PutPasswordLink(ctx, db.PutPasswordLinkParams{
		TenantID: tx.Tenant, ID: desk.NewID(), UserID: user, TokenHash: tokenHash(token), LifeSeconds: LinkLife.Seconds(),
	})
}

// newToken is 256 bits that fit into an address.
func newToken() string {
	secret := make([]byte, 32)
	_, _ = rand.Read(secret) // never fails, by its contract
	return base64.RawURLEncoding.EncodeToString(secret)
}

// LinkOwner says whose a link is that still counts: the user name, for the page
// that asks for the password.
func (s *Service) LinkOwner(ctx context.Context, tenant desk.ID, token string, c Client) (login string, err error) {
	u, err := s.byLink(ctx, tenant, token, c)
	return u.Login, err
}

// byLink finds the person of a link. Looks are counted by address, before the
// token is looked at.
func (s *Service) byLink(ctx context.Context, tenant desk.ID, token string, c Client) (u db.User, err error) {
	err = s.store.Tenant(tenant).Tx(ctx, func(ctx context.Context, tx *store.Tx) error {
		return tx.Hit(ctx, "password-link:"+c.IP, ipWindow, ipAfter, errTooMany)
	})
	if err != nil {
		return u, err
	}
	err = s.store.Tenant(tenant).Tx(ctx, func(ctx context.Context, tx *store.Tx) error {
		u, err = tx.UserByLink(ctx, tokenHash(token))
		if store.NoRows(err) {
			return errLinkOver
		}
		return err
	})
	return u, err
}

var errLinkOver = desk.Errorf(desk.CodeLinkOver, "the link has been used, has run out, or the password was changed since")

// SetByLink sets a person's password by the link of a welcome mail, once, and
// returns the user name to log in with. All sessions of the person end.
func (s *Service) SetByLink(ctx context.Context, tenant desk.ID, token, password string, c Client) (login string, err error) {
	if err := checkPassword(password); err != nil {
		return "", err
	}
	if _, err := s.byLink(ctx, tenant, token, c); err != nil {
		return "", err
	}
	hash, err := s.hashOf(ctx, password)
	if err != nil {
		return "", err
	}
	err = s.store.Tenant(tenant).Tx(ctx, func(ctx context.Context, tx *store.Tx) error {
		u, err := tx.UserByLink(ctx, tokenHash(token))
		if store.NoRows(err) {
			return errLinkOver
		}
		if err != nil {
			return err
		}
		n, err := tx.UsePasswordLink(ctx, tokenHash(token))
		if err != nil {
			return err
		}
		if n == 0 {
			return errLinkOver // somebody was faster
		}
		ended, err := chosePassword(ctx, tx, u.ID, hash, nilID)
		if err != nil {
			return err
		}
		login = u.Login
		return tx.Audit(ctx, store.AuditEntry{Actor: u.ID, Action: "password.set_by_link", Object: "user", ObjectID: u.ID, Detail: map[string]int{"sessions_ended": ended}})
	})
	return login, err
}
