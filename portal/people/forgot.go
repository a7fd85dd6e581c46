package people

import (
	"context"
	"strings"
	"time"

	"github.com/riverqueue/river"

	"github.com/conserje/conserje/portal/desk"
	"github.com/conserje/conserje/portal/notify"
	"github.com/conserje/conserje/portal/store"
	"github.com/conserje/conserje/portal/store/db"
	"github.com/conserje/conserje/portal/verify"
)

// How often a code for another password is asked for and tried (ASVS 6.3.1).
const (
	codeLetters    = 8 // 40 bits: a code that comes by mail may be guessed at from anywhere
	forgotWindow   = time.Hour
	forgotByIP     = 20
	forgotByLogin  = 5
	forgotByPerson = 3
	tryByIP        = 50
	tryByLogin     = 10
)

// errCode is the one answer to every code that does not set a password: wrong,
// too old, used, or of an account that is none.
var errCode = desk.Errorf(desk.CodeResetCode, "the code is not right, or does not count any more")

// CanReset reports whether this portal can mail a code for another password.
func (s *Service) CanReset() bool {
	return s.verify != nil && s.notify != nil && s.notify.Can(notify.Mail)
}

// ForgotPassword mails a code for another password to whoever has this user
// name or mail address. Nobody learns whether there is such an account: the
// answer is the same, and so is the work before it; the mail is a job's.
func (s *Service) ForgotPassword(ctx context.Context, tenant desk.ID, login string, c Client) error {
	login = strings.ToLower(strings.TrimSpace(login))
	if login == "" || len(login) > maxEmail || strings.ContainsRune(login, 0) {
		return desk.Errorf(desk.CodeInvalid, "a user name or a mail address is needed").On("login")
	}
	if !s.CanReset() {
		return desk.Errorf(desk.CodeNoMail, "this portal has no mail server")
	}
	return s.store.Tenant(tenant).Tx(ctx, func(ctx context.Context, tx *store.Tx) error {
		if err := tx.Hit(ctx, "forgot-ip:"+c.network(), forgotWindow, forgotByIP, errTooMany); err != nil {
			return err
		}
		if err := tx.Hit(ctx, "forgot:"+login, forgotWindow, forgotByLogin, errTooMany); err != nil {
			return err
		}
		u, err := tx.UserByLogin(ctx, login)
		if err != nil && !store.NoRows(err) {
			return err
		}
		return tx.Enqueue(ctx, ForgotArgs{Tenant: tenant, User: u.ID}, &river.InsertOpts{Queue: store.QueueMail, MaxAttempts: 3})
	})
}

// ForgotArgs is the job that mails the code, if there is somebody to mail it
// to.
type ForgotArgs struct {
	Tenant desk.ID `json:"tenant"`
	User   desk.ID `json:"user"` // empty: nobody
}

// Kind names the job.
func (ForgotArgs) Kind() string { return "password_code" }

type forgetful struct {
	river.WorkerDefaults[ForgotArgs]

	service *Service
}

// Work mails the code.
func (w *forgetful) Work(ctx context.Context, job *river.Job[ForgotArgs]) error {
	if job.Args.User == "" {
		return nil
	}
	return w.service.store.Tenant(job.Args.Tenant).Tx(ctx, func(ctx context.Context, tx *store.Tx) error {
		return w.service.mailCode(ctx, tx, job.Args.User)
	})
}

// mailCode mails a code to somebody who can have one. Too many in an hour are
// not sent, and nobody is told: whoever asked need not be that person.
func (s *Service) mailCode(ctx context.Context, tx *store.Tx, user desk.ID) error {
	u, err := tx.HoldUser(ctx, user)
	if store.NoRows(err) || err == nil && (u.DisabledAt != nil || u.Email == nil) {
		return nil
	}
	if err != nil {
		return err
	}
	err = tx.Hit(ctx, "forgot-person:"+string(user), forgotWindow, forgotByPerson, errTooMany)
	if desk.CodeOf(err) == desk.CodeRateLimited {
		return nil
	}
	if err != nil {
		return err
	}
	code := letters(codeLetters)
	if err := s.verify.MailPasswordCode(ctx, tx, &u, *u.Email, code, code[:codeLetters/2]+"-"+code[codeLetters/2:]); err != nil {
		return err
	}
	return tx.Audit(ctx, store.AuditEntry{Action: "password.code_sent", Object: "user", ObjectID: user})
}

// SetByCode sets a person's password by the code of a mail, once, and returns
// the user name to log in with. All sessions of the person end; what else the
// log-in asks for, it still does. Whatever is wrong is one answer,
// CodeResetCode.
func (s *Service) SetByCode(ctx context.Context, tenant desk.ID, login, code, password string, c Client) (string, error) {
	login = strings.ToLower(strings.TrimSpace(login))
	if err := checkPassword(password); err != nil {
		return "", err
	}
	if s.verify == nil || login == "" || len(login) > maxEmail || strings.ContainsRune(login, 0) {
		return "", errCode
	}
	var u db.User
	var right bool
	var held verify.PasswordCode
	err := s.store.Tenant(tenant).Tx(ctx, func(ctx context.Context, tx *store.Tx) (err error) {
		if err := tx.Hit(ctx, "code-ip:"+c.network(), forgotWindow, tryByIP, errTooMany); err != nil {
			return err
		}
		if err := tx.Hit(ctx, "code-login:"+login, forgotWindow, tryByLogin, errTooMany); err != nil {
			return err
		}
		if u, err = tx.UserByLogin(ctx, login); store.NoRows(err) {
			u, err = db.User{ID: nilID}, nil
		}
		if err != nil {
			return err
		}
		held, right, err = s.verify.ChargePasswordCode(ctx, tx, u.ID, orEmpty(u.Email), plainCode(code))
		return err
	})
	if err != nil {
		return "", err
	}
	if !right {
		return "", errCode
	}
	hash, err := s.hashOf(ctx, password)
	if err != nil {
		return "", err
	}
	err = s.store.Tenant(tenant).Tx(ctx, func(ctx context.Context, tx *store.Tx) error {
		return s.chooseByCode(ctx, tx, &u, held, hash)
	})
	return u.Login, err
}

func (s *Service) chooseByCode(ctx context.Context, tx *store.Tx, u *db.User, held verify.PasswordCode, hash string) error {
	now, err := tx.HoldUser(ctx, u.ID)
	if err != nil {
		return err
	}
	if now.DisabledAt != nil || orEmpty(now.Email) != orEmpty(u.Email) {
		return errCode
	}
	if err := s.verify.UsePasswordCode(ctx, tx, held); err != nil {
		if desk.CodeOf(err) == desk.CodeUsed {
			return errCode
		}
		return err
	}
	ended, err := chosePassword(ctx, tx, u.ID, hash, nilID)
	if err != nil {
		return err
	}
	err = tx.Audit(ctx, store.AuditEntry{Actor: u.ID, Action: "password.set_by_code", Object: "user", ObjectID: u.ID, Detail: map[string]int{"sessions_ended": ended}})
	if err != nil {
		return err
	}
	return s.mail(ctx, tx, notify.Message{User: u.ID, Template: "mail_password_changed"})
}

// plainCode is a code without what people put between its letters.
func plainCode(typed string) string {
	return strings.Map(func(r rune) rune {
		if strings.ContainsRune(passwordLetters, r) {
			return r
		}
		return -1
	}, strings.ToLower(typed))
}
