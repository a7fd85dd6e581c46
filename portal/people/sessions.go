package people

import (
	"cmp"
	"context"
	"crypto/sha256"
	"errors"
	"net/netip"
	"strings"
	"time"

	"github.com/conserje/conserje/portal/desk"
	"github.com/conserje/conserje/portal/store"
	"github.com/conserje/conserje/portal/store/db"
	"github.com/conserje/conserje/portal/verify"
)

// How long a session lasts: without use, and at most (ASVS 7.3.1, 7.3.2).
const (
	IdleLifetime    = 7 * 24 * time.Hour
	SessionLifetime = 30 * 24 * time.Hour
)

// SessionsSubject is where the end of a session is announced, with its id as
// the message, so that its open sockets close.
func SessionsSubject(tenant desk.ID) string { return "session." + string(tenant) }

func announceEnd(tx *store.Tx, session desk.ID) {
	tx.Publish(SessionsSubject(tx.Tenant), []byte(session))
}

// Client is what a log-in tells about the other end.
type Client struct {
	IP, UserAgent string
	Known         string // the mark that an earlier log-in left in the browser
}

// limit is the key under which log-ins from there are counted.
func (c Client) limit() string { return "login-ip:" + c.network() }

// network is the address that attempts are counted by. Whoever has one IPv6
// address has 2^64 of them.
func (c Client) network() string {
	if a, err := netip.ParseAddr(c.IP); err == nil && a.Unmap().Is6() {
		if network, err := a.WithZone("").Prefix(64); err == nil {
			return network.String()
		}
	}
	return c.IP
}

// LogIn checks the password of a user name or mail address and opens a
// session. A wrong login and a wrong password are one answer,
// CodeBadCredentials, in the same time; after five attempts in 15 minutes the
// login is CodeAccountLocked whoever it names, but for browsers that know its
// person. The limits hold over restarts and nodes.
func (s *Service) LogIn(ctx context.Context, tenant desk.ID, login, password string, c Client) (token string, v desk.Viewer, err error) {
	return s.LogInBy(ctx, tenant, Credentials{Login: login, Password: password}, c)
}

// Credentials are what somebody logs in with.
type Credentials struct {
	Login, Password string
	Code            string // of the authenticator app, for staff who have one
}

// LogInBy is LogIn with all that may be asked for. Staff who have an
// authenticator app show its code, too (P13): a right password without one is
// CodeCodeNeeded, and there is no session before it.
func (s *Service) LogInBy(ctx context.Context, tenant desk.ID, by Credentials, c Client) (token string, v desk.Viewer, err error) {
	login, password := by.Login, by.Password
	login = strings.ToLower(strings.TrimSpace(login))
	if login == "" || password == "" || len(login) > 254 || len(password) > maxPassword || strings.ContainsRune(login, 0) {
		return "", v, errBadCredentials
	}
	for range 2 { // the password may change while it is looked at
		token, v, err = s.try(ctx, tenant, Credentials{login, password, by.Code}, c)
		if !errors.Is(err, errMeanwhile) {
			return token, v, err
		}
	}
	return "", v, errBadCredentials
}

var (
	errBadCredentials = desk.Errorf(desk.CodeBadCredentials, "user name or password is not right")
	errMeanwhile      = errors.New("the account changed while its password was looked at")
)

func (s *Service) try(ctx context.Context, tenant desk.ID, by Credentials, c Client) (token string, v desk.Viewer, err error) {
	a, err := s.attempt(ctx, tenant, by.Login, c)
	if err != nil {
		return "", v, err
	}
	user, given := a.user, a.given
	hash := s.decoy
	if user.PasswordHash != nil {
		hash = *user.PasswordHash
	}
	ok, err := s.matches(ctx, by.Password, hash)
	if err != nil {
		return "", v, err
	}
	if user.PasswordHash == nil {
		ok = given != "" && same(by.Password, given)
	}
	if !ok || user.DisabledAt != nil {
		return "", v, errBadCredentials
	}
	proof, err := s.secondStep(ctx, tenant, a, by, c)
	if err != nil {
		return "", v, err
	}
	first := ""
	if user.PasswordHash == nil {
		if first, err = s.hashOf(ctx, by.Password); err != nil {
			return "", v, err
		}
	}
	return s.open(ctx, tenant, a, entry{first: first, proof: proof}, c)
}

// attempt is a try to log in that is counted.
type attempt struct {
	user     db.User // empty: nobody has this login
	given    string  // the password that staff gave, while it has not been used
	countsAs string
}

// entry is what a log-in uses up.
type entry struct {
	first string // the hash of a password that staff gave: nobody can read that password any more
	proof verify.LogInProof
}

// secondStep asks staff for their authenticator. Being asked is no failure, and
// the attempt is given back.
func (s *Service) secondStep(ctx context.Context, tenant desk.ID, a attempt, by Credentials, c Client) (p verify.LogInProof, err error) {
	if s.verify == nil || !a.user.Role.Staff() {
		return p, nil
	}
	p, err = s.verify.LogInCode(ctx, desk.Viewer{Tenant: tenant, User: a.user.ID}, by.Code)
	if desk.CodeOf(err) != desk.CodeCodeNeeded {
		return p, err
	}
	refund := s.store.Tenant(tenant).Tx(ctx, func(ctx context.Context, tx *store.Tx) error {
		if err := tx.RefundLimit(ctx, c.limit()); err != nil {
			return err
		}
		return tx.RefundLimit(ctx, a.countsAs)
	})
	return p, cmp.Or(refund, err)
}

// attempt counts this log-in in a transaction of its own, before the password
// is looked at, and reads whose it is.
func (s *Service) attempt(ctx context.Context, tenant desk.ID, login string, c Client) (a attempt, err error) {
	var refused *desk.Error
	err = s.store.Tenant(tenant).Tx(ctx, func(ctx context.Context, tx *store.Tx) error {
		refused, a = nil, attempt{}
		if a.countsAs, err = s.countedAs(ctx, tx, login, c); err != nil {
			return err
		}
		hit := tx.Hit(ctx, c.limit(), ipWindow, ipAfter, errTooMany)
		if hit == nil { // else an address that may not try could still lock others out
			hit = tx.Hit(ctx, a.countsAs, lockWindow, lockAfter, errLocked)
		}
		if hit != nil && !errors.As(hit, &refused) {
			return hit
		}
		a.user, err = tx.UserByLogin(ctx, login)
		if store.NoRows(err) {
			return nil
		}
		if err == nil && a.user.PasswordHash == nil {
			a.given, err = s.first(ctx, tx, a.user.ID)
		}
		return err
	})
	if err == nil && refused != nil {
		err = refused // returned after the commit: the attempt is counted
	}
	return a, err
}

// open makes the session.
func (s *Service) open(ctx context.Context, tenant desk.ID, a attempt, e entry, c Client) (string, desk.Viewer, error) {
	user, token := a.user, newToken() // 256 bits (ASVS 7.2.3)
	v := desk.Viewer{Tenant: tenant, User: user.ID, Session: desk.NewID(), Role: user.Role, Name: user.Name, Language: user.Language, NewPassword: user.MustChange}
	if user.CompanyID != nil {
		v.Company = *user.CompanyID
	}
	err := s.store.Tenant(tenant).Tx(ctx, func(ctx context.Context, tx *store.Tx) error {
		if err := s.enterAs(ctx, tx, user, e); err != nil {
			return err
		}
		err := tx.CreateSession(ctx, db.CreateSessionParams{
			TenantID: tenant, ID: v.Session, UserID: user.ID, TokenHash: tokenHash(token),
			UserAgent: clip(c.UserAgent, 300), Ip: clip(c.IP, 64), LifetimeSeconds: SessionLifetime.Seconds(),
		})
		if err != nil {
			return err
		}
		if err := tx.ClearLimit(ctx, a.countsAs); err != nil {
			return err
		}
		// A whole office may come by one address: what counts against it are
		// failures, and each person's own log-ins against that person.
		if err := tx.RefundLimit(ctx, c.limit()); err != nil {
			return err
		}
		if err := tx.Hit(ctx, "log-ins:"+string(user.ID), ipWindow, ipAfter, errTooMany); err != nil {
			return err
		}
		err = tx.Audit(ctx, store.AuditEntry{Actor: user.ID, Action: "session.opened", Object: "session", ObjectID: v.Session})
		if err != nil {
			return err
		}
		r, err := tx.SessionByToken(ctx, db.SessionByTokenParams{TokenHash: tokenHash(token), IdleSeconds: IdleLifetime.Seconds()})
		v.NewFactor = r.MustEnrol
		return err
	})
	return token, v, err
}

// enterAs notes the log-in, if the account is still what was looked at.
func (s *Service) enterAs(ctx context.Context, tx *store.Tx, user db.User, e entry) error {
	now, err := tx.HoldUser(ctx, user.ID)
	if err != nil {
		return err
	}
	if now.DisabledAt != nil || now.Version != user.Version || orEmpty(now.PasswordHash) != orEmpty(user.PasswordHash) {
		return errMeanwhile
	}
	if s.verify != nil {
		if err := s.verify.UseLogIn(ctx, tx, desk.Viewer{Tenant: tx.Tenant, User: user.ID}, e.proof); err != nil {
			return err
		}
	}
	if e.first != "" {
		if err := tx.KeepPasswordHash(ctx, db.KeepPasswordHashParams{ID: user.ID, PasswordHash: e.first}); err != nil {
			return err
		}
		if err := tx.DropFirstPassword(ctx, user.ID); err != nil {
			return err
		}
	}
	return tx.UserSeen(ctx, user.ID)
}

// clip keeps at most n bytes of valid UTF-8 that Postgres can hold.
func clip(s string, n int) string {
	s = strings.ReplaceAll(s, "\x00", "")
	return strings.ToValidUTF8(s[:min(len(s), n)], "")
}

func tokenHash(token string) []byte {
	sum := sha256.Sum256([]byte(token))
	return sum[:]
}

// Authenticate finds who a session's token stands for, by the database and
// at this moment. No token or an unknown one is CodeUnauthenticated; a session
// that was revoked, ran out, or whose user was disabled is CodeSessionExpired.
func (s *Service) Authenticate(ctx context.Context, tenant desk.ID, token string) (v desk.Viewer, err error) {
	if token == "" {
		return v, desk.Errorf(desk.CodeUnauthenticated, "log in first")
	}
	err = s.store.Tenant(tenant).Tx(ctx, func(ctx context.Context, tx *store.Tx) error {
		r, err := tx.SessionByToken(ctx, db.SessionByTokenParams{TokenHash: tokenHash(token), IdleSeconds: IdleLifetime.Seconds()})
		if store.NoRows(err) {
			return desk.Errorf(desk.CodeUnauthenticated, "log in first")
		}
		if err != nil {
			return err
		}
		if !r.Valid {
			return desk.Errorf(desk.CodeSessionExpired, "the session has ended; log in again")
		}
		v = desk.Viewer{Tenant: tenant, User: r.UserID, Session: r.ID, Role: r.Role, Name: r.Name, Language: r.Language, NewPassword: r.MustChange, NewFactor: r.MustEnrol}
		if r.CompanyID != nil {
			v.Company = *r.CompanyID
		}
		if r.Stale {
			return tx.TouchSession(ctx, r.ID)
		}
		return nil
	})
	return v, err
}

// Session is one place where a person is logged in.
type Session struct {
	ID         desk.ID   `json:"id"`
	Current    bool      `json:"current"`
	UserAgent  string    `json:"user_agent"`
	IP         string    `json:"ip"`
	CreatedAt  time.Time `json:"created_at"`
	LastSeenAt time.Time `json:"last_seen_at"`
}

// Sessions lists where the viewer is logged in, the latest use first.
func (s *Service) Sessions(ctx context.Context) (list []Session, err error) {
	v, err := desk.LoggedIn(ctx)
	if err != nil {
		return nil, err
	}
	err = s.store.Tenant(v.Tenant).Tx(ctx, func(ctx context.Context, tx *store.Tx) error {
		rows, err := tx.SessionsOf(ctx, db.SessionsOfParams{UserID: v.User, IdleSeconds: IdleLifetime.Seconds()})
		list = make([]Session, len(rows))
		for i, r := range rows {
			list[i] = Session{ID: r.ID, Current: r.ID == v.Session, UserAgent: r.UserAgent, IP: r.Ip, CreatedAt: r.CreatedAt, LastSeenAt: r.LastSeenAt}
		}
		return err
	})
	return list, err
}

// Revoke ends one of the viewer's own sessions; any other id is CodeNotFound.
func (s *Service) Revoke(ctx context.Context, session desk.ID) error {
	v, err := desk.LoggedIn(ctx)
	if err != nil {
		return err
	}
	return s.store.Tenant(v.Tenant).Tx(ctx, func(ctx context.Context, tx *store.Tx) error {
		n, err := tx.RevokeSession(ctx, db.RevokeSessionParams{ID: session, UserID: v.User})
		if err != nil {
			return err
		}
		if n == 0 {
			return desk.Errorf(desk.CodeNotFound, "no such session")
		}
		announceEnd(tx, session)
		return tx.Audit(ctx, store.AuditEntry{Actor: v.User, Action: "session.revoked", Object: "session", ObjectID: session})
	})
}

// LogOut ends the session of this request.
func (s *Service) LogOut(ctx context.Context) error {
	v, err := desk.LoggedIn(ctx)
	if err != nil {
		return err
	}
	return s.Revoke(ctx, v.Session)
}

// StillOpen returns those of the sessions that hold at this moment, for the
// sockets that were opened with them. Being asked about is no use of a
// session: an open page that nobody touches runs out all the same.
func (s *Service) StillOpen(ctx context.Context, tenant desk.ID, sessions []desk.ID) (open []desk.ID, err error) {
	err = s.store.Tenant(tenant).Tx(ctx, func(ctx context.Context, tx *store.Tx) error {
		open, err = tx.OpenSessions(ctx, db.OpenSessionsParams{Ids: sessions, IdleSeconds: IdleLifetime.Seconds()})
		return err
	})
	return open, err
}
