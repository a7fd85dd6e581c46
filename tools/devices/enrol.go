package devices

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"net/http"
	"strings"
	"time"

	"github.com/gofiber/fiber/v2"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/conserje/conserje/portal/desk"
	"github.com/conserje/conserje/portal/people"
	"github.com/conserje/conserje/portal/store"
	"github.com/conserje/conserje/portal/store/db"
	"github.com/conserje/conserje/tools/devices/wire"
)

// Bounds of enrolment (SECURITY F4).
const (
	TokenLifetime  = time.Hour
	tokenPrefix    = "cje_"
	tokensPerHour  = 300 // that one member of staff makes
	enrolWindow    = 10 * time.Minute
	enrolsPerIP    = 60
	maxEnrolBytes  = 64 << 10
	tokenBytes     = 32
	maxTokenLength = 100
)

var (
	errTooMany = desk.Errorf(desk.CodeRateLimited, "too many attempts; try again later")
	// Unknown, used and run out are one answer.
	errToken = desk.Errorf(desk.CodeNotFound, "the token is not valid, was used, or has run out")
)

// EnrolmentToken lets one device in, once.
type EnrolmentToken struct {
	ID        desk.ID       `json:"id"`
	Token     string        `json:"token,omitempty" doc:"Shown once, when it is made."`
	Company   *people.Named `json:"company,omitempty"`
	User      *people.Named `json:"user,omitempty" doc:"Whoever the device will be assigned to."`
	CreatedAt time.Time     `json:"created_at"`
	ExpiresAt time.Time     `json:"expires_at"`
	UsedAt    *time.Time    `json:"used_at,omitempty"`
	Device    *desk.ID      `json:"device_id,omitempty"`

	Commands []EnrolCommand `json:"commands,omitempty" doc:"What to run on the device, for each system; with the token only."`
}

// NewToken makes a token for a device of a company, and of a person of it;
// both may be empty. The database keeps its hash only.
func (s *Service) NewToken(ctx context.Context, company, user desk.ID) (t EnrolmentToken, err error) {
	v, err := desk.ViewerFrom(ctx)
	if err != nil {
		return EnrolmentToken{}, err
	}
	err = s.staff(ctx, func(ctx context.Context, tx *store.Tx, _ desk.Viewer) error {
		if err := tx.Hit(ctx, "enrol-tokens:"+string(v.User), time.Hour, tokensPerHour, errTooMany); err != nil {
			return err
		}
		if company, err = s.companyOf(ctx, tx, company, user); err != nil {
			return err
		}
		secret := make([]byte, tokenBytes)
		if _, err := rand.Read(secret); err != nil {
			return err
		}
		t = EnrolmentToken{ID: desk.NewID(), Token: tokenPrefix + base64.RawURLEncoding.EncodeToString(secret), CreatedAt: time.Now().UTC()}
		t.ExpiresAt, err = tx.InsertEnrolmentToken(ctx, db.InsertEnrolmentTokenParams{
			TenantID: tx.Tenant, ID: t.ID, CompanyID: store.Optional(company), UserID: store.Optional(user),
			TokenHash: hashOf(t.Token), CreatedBy: v.User, LifetimeSeconds: TokenLifetime.Seconds(),
		})
		var pg *pgconn.PgError
		if errors.As(err, &pg) && pg.Code == "23503" {
			return desk.Errorf(desk.CodeNotFound, "no such company").On("company_id")
		}
		if err != nil {
			return err
		}
		return tx.Audit(ctx, store.AuditEntry{Actor: v.User, Action: "device.token_made", Object: "enrolment_token", ObjectID: t.ID})
	})
	return t, err
}

// companyOf is the company a token is bound to: the person's, if one is named.
func (s *Service) companyOf(ctx context.Context, tx *store.Tx, company, user desk.ID) (desk.ID, error) {
	if user == "" {
		return company, nil
	}
	of, err := tx.CompanyOfUser(ctx, user)
	if store.NoRows(err) {
		return "", desk.Errorf(desk.CodeNotFound, "no such person").On("user_id")
	}
	if err != nil {
		return "", err
	}
	if of == nil {
		return company, nil
	}
	if company != "" && company != *of {
		return "", desk.Errorf(desk.CodeInvalid, "the person is another company's").On("user_id")
	}
	return *of, nil
}

// Tokens lists what was made lately, without the tokens themselves.
func (s *Service) Tokens(ctx context.Context) (list []EnrolmentToken, err error) {
	err = s.staff(ctx, func(ctx context.Context, tx *store.Tx, _ desk.Viewer) error {
		rows, err := tx.EnrolmentTokens(ctx)
		list = make([]EnrolmentToken, len(rows))
		for i, r := range rows {
			list[i] = EnrolmentToken{ID: r.ID, CreatedAt: r.CreatedAt, ExpiresAt: r.ExpiresAt, UsedAt: r.UsedAt, Device: r.DeviceID}
			if r.CompanyID != nil && r.CompanyName != nil {
				list[i].Company = &people.Named{ID: *r.CompanyID, Name: *r.CompanyName}
			}
			if r.UserID != nil && r.UserName != nil {
				list[i].User = &people.Named{ID: *r.UserID, Name: *r.UserName}
			}
		}
		return err
	})
	return list, err
}

func hashOf(token string) []byte {
	sum := sha256.Sum256([]byte(token)) // 256 random bits need no slow hash
	return sum[:]
}

// Enrol lets a device in. The attempt is counted, and committed, before the
// token is looked at; the token is spent in the same transaction that makes
// the device. A request that is malformed spends nothing.
func (s *Service) Enrol(ctx context.Context, tenant desk.ID, ip string, e wire.Enrol) (desk.ID, error) {
	if err := checkEnrol(e); err != nil {
		return "", err
	}
	err := s.store.Tenant(tenant).Tx(ctx, func(ctx context.Context, tx *store.Tx) error {
		return tx.Hit(ctx, "enrol:"+ip, enrolWindow, enrolsPerIP, errTooMany)
	})
	if err != nil {
		return "", err
	}
	var device desk.ID
	err = s.store.Tenant(tenant).Tx(ctx, func(ctx context.Context, tx *store.Tx) error {
		device = desk.NewID()
		return s.admit(ctx, tx, device, e)
	})
	if err != nil {
		return "", err
	}
	return device, nil
}

func checkEnrol(e wire.Enrol) error {
	if !strings.HasPrefix(e.Token, tokenPrefix) || len(e.Token) > maxTokenLength {
		return errToken
	}
	if len(e.SignKey) != 32 {
		return desk.Errorf(desk.CodeInvalid, "not an Ed25519 key").On("sign_key")
	}
	if wire.CheckSealKey(e.SealKey) != nil {
		return desk.Errorf(desk.CodeInvalid, "not an X25519 key").On("seal_key")
	}
	if err := e.Facts.Check(); err != nil {
		return desk.Wrap(desk.CodeInvalid, err, "the facts are not as they must be").On("facts")
	}
	return nil
}

func (s *Service) admit(ctx context.Context, tx *store.Tx, device desk.ID, e wire.Enrol) error {
	t, err := tx.UseEnrolmentToken(ctx, hashOf(e.Token))
	if store.NoRows(err) {
		return errToken
	}
	if err != nil {
		return err
	}
	err = tx.InsertDevice(ctx, db.InsertDeviceParams{
		TenantID: tx.Tenant, ID: device, CompanyID: t.CompanyID, Name: nameOf(e.Facts, device), System: e.Facts.System,
		SignKey: e.SignKey, SealKey: e.SealKey, Simulated: e.Facts.Simulated,
	})
	var pg *pgconn.PgError
	if errors.As(err, &pg) && pg.Code == "23505" {
		return desk.Errorf(desk.CodeConflict, "this key is enrolled already")
	}
	if err != nil {
		return err
	}
	if err := setFacts(ctx, tx, device, e.Facts, time.Time{}); err != nil {
		return err
	}
	if t.UserID != nil {
		err := tx.AssignDevice(ctx, db.AssignDeviceParams{TenantID: tx.Tenant, DeviceID: device, UserID: *t.UserID, CreatedBy: t.CreatedBy})
		if err != nil {
			return err
		}
	}
	if err := tx.TokenEnrolled(ctx, db.TokenEnrolledParams{DeviceID: device, ID: t.ID}); err != nil {
		return err
	}
	return tx.Audit(ctx, store.AuditEntry{Action: "device.enrolled", Object: "device", ObjectID: device, Detail: map[string]any{"token": t.ID}})
}

// EnrolHandler returns the handler of POST /agent/v1/enrol.
func (s *LinkServer) EnrolHandler() fiber.Handler { return s.enrol }

func (s *LinkServer) enrol(c *fiber.Ctx) error {
	cfg := s.hub.cfg
	if c.Get(fiber.HeaderOrigin) != "" {
		return desk.Errorf(desk.CodeForbidden, "this address is for devices")
	}
	host := wire.Host(c.Hostname())
	tenant, err := cfg.Store.TenantByHost(c.UserContext(), host)
	if err != nil {
		return err
	}
	var in wire.Enrol
	if err := wire.Decode(c.Request().Body(), maxEnrolBytes, &in); err != nil {
		return desk.Wrap(desk.CodeInvalid, err, "the request is not as it must be")
	}
	device, err := cfg.Registry.Enrol(c.UserContext(), tenant, c.IP(), in)
	if err != nil {
		return err
	}
	c.Set(fiber.HeaderCacheControl, "no-store")
	return c.Status(http.StatusCreated).JSON(wire.Enrolled{Device: string(device), Host: host, ServerKey: s.hub.serverKey})
}
