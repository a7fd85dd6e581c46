package verify

import (
	"context"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"fmt"
	"io"
	"math/big"
	"time"

	"github.com/conserje/conserje/portal/desk"
	"github.com/conserje/conserje/portal/notify"
	"github.com/conserje/conserje/portal/store"
	"github.com/conserje/conserje/portal/store/db"
	"github.com/conserje/conserje/portal/store/failpoint"
)

// What a code can be for, as in the table's own check.
const (
	purposeAction = "action" // one action of the ledger
	purposePhone  = "phone"  // this number is mine
	purposeChange = "change" // the old factor agrees to a change of factors

	purposePassword = "password" // another password for who forgot it; by mail
)

// target is what a code is for. An empty digest fits any of its purpose: the
// number that is to be proved stands in the code's own row.
type target struct {
	purpose string
	action  desk.ID
	digest  []byte
}

func actTarget(a Act) (target, error) {
	if a.Action == "" || len(a.Digest) == 0 {
		return target{}, desk.Errorf(desk.CodeInternal, "an act without a digest cannot be verified")
	}
	return target{purpose: purposeAction, action: a.Action, digest: a.Digest}, nil
}

// changeDigest binds the old factor's code to one very change.
func changeDigest(change, to string) []byte {
	sum := sha256.Sum256([]byte("conserje change of factors\x00" + change + "\x00" + to))
	return sum[:]
}

// newCode is uniform over all six-digit texts (ASVS 6.5.3, 6.5.4).
func newCode() (string, error) { return codeFrom(rand.Reader) }

func codeFrom(random io.Reader) (string, error) {
	n, err := rand.Int(random, big.NewInt(1_000_000))
	if err != nil {
		return "", err
	}
	return fmt.Sprintf("%06d", n), nil
}

// mac is what is kept of a code. Each part has its length in front, so that no
// two inputs read alike.
func (s *Service) mac(tenant, user, id desk.ID, salt, digest []byte, code string) []byte {
	m := hmac.New(sha256.New, s.key)
	for _, part := range [][]byte{[]byte(tenant), []byte(user), []byte(id), salt, digest, []byte(code)} {
		_, _ = fmt.Fprintf(m, "%d:", len(part))
		_, _ = m.Write(part)
	}
	return m.Sum(nil)
}

// sixDigits refuses what cannot be a code before any work is done for it.
// ASCII digits only: one code has one spelling.
func sixDigits(field, code string) error {
	ok := len(code) == 6
	for i := 0; ok && i < len(code); i++ {
		ok = code[i] >= '0' && code[i] <= '9'
	}
	if !ok {
		return desk.Errorf(desk.CodeInvalid, "a code has six digits").On(field)
	}
	return nil
}

// issue makes a code for the target, voids the one before, and sends it to the
// number. The new code brings its own life and attempts; the person's count of
// guesses goes on.
func (s *Service) issue(ctx context.Context, tx *store.Tx, v desk.Viewer, t target, number, template string, params map[string]string) error {
	code, err := newCode()
	if err != nil {
		return err
	}
	id, err := s.challenge(ctx, tx, v, t, number, code, codeLife)
	if err != nil {
		return err
	}
	return s.notify.SMS(ctx, tx, notify.Message{ID: id, User: v.User, To: number, Template: template, Params: params, Secret: code, Life: codeLife})
}

// challenge keeps what a code is checked against and voids the one before. to
// is where the code goes.
func (s *Service) challenge(ctx context.Context, tx *store.Tx, v desk.Viewer, t target, to, code string, life time.Duration) (id desk.ID, err error) {
	err = tx.VoidChallenges(ctx, db.VoidChallengesParams{UserID: v.User, Purpose: &t.purpose, ActionID: store.Optional(t.action)})
	if err != nil {
		return "", err
	}
	id = desk.NewID()
	salt := make([]byte, 16)
	if _, err := rand.Read(salt); err != nil {
		return "", err
	}
	return id, tx.CreateChallenge(ctx, db.CreateChallengeParams{
		TenantID: tx.Tenant, ID: id, UserID: v.User, Purpose: t.purpose, ActionID: store.Optional(t.action), Digest: t.digest, Number: to,
		Salt: salt, CodeMac: s.mac(tx.Tenant, v.User, id, salt, t.digest, code), LifeSeconds: life.Seconds(),
	})
}

// SendCode sends the code for an act («Save and send code»): to the verified
// number, or, as long as the person has no factor at all, to the number given
// or on file. That number becomes the factor when its code comes back.
func (s *Service) SendCode(ctx context.Context, v desk.Viewer, act Act, phone string) error {
	t, err := actTarget(act)
	if err != nil {
		return err
	}
	var number string
	to := func(ctx context.Context, tx *store.Tx) (err error) {
		number, err = s.numberFor(ctx, tx, v, phone)
		return err
	}
	if err := s.spend(ctx, v, to, func() []string { return []string{number} }); err != nil {
		return err
	}
	failpoint.Hit("code.spent")
	err = s.store.Tenant(v.Tenant).Tx(ctx, func(ctx context.Context, tx *store.Tx) error {
		if _, err := lock(ctx, tx, v.User); err != nil {
			return err
		}
		if err := to(ctx, tx); err != nil { // what held a moment ago must hold under the lock
			return err
		}
		params := map[string]string{"device": act.Device, "software": act.Software}
		return s.issue(ctx, tx, v, t, number, "code_"+string(act.Operation), params)
	})
	if err == nil {
		failpoint.Hit("code.sent")
	}
	return err
}

// numberFor is where a code for an act goes.
func (s *Service) numberFor(ctx context.Context, tx *store.Tx, v desk.Viewer, phone string) (string, error) {
	rules, err := s.smsRules(ctx, tx)
	if err != nil {
		return "", err
	}
	f, err := loadFactors(ctx, tx, v.User)
	if err != nil {
		return "", err
	}
	given := ""
	if phone != "" {
		if given, err = rules.Number(phone); err != nil {
			return "", err
		}
	}
	switch {
	case f.phoneReady() && (given == "" || given == f.phone.Number):
		return f.phone.Number, rules.check(f.phone.Number)
	case f.phone != nil && f.phone.VerifiedAt != nil && !f.phone.Ready:
		return "", waitError(f.phone.FactorFrom, f.phone.Held)
	case f.waiting() != nil:
		return "", f.waiting()
	case f.any():
		// Whoever holds the session must not make a number of their own the
		// factor on the way to an act (SECURITY D6).
		return "", desk.Errorf(desk.CodeOldFactor, "another number, or the first beside an app, is added in the settings")
	case given != "":
		return given, sharedTooOften(ctx, tx, v.User, given)
	case f.phone != nil:
		if err := rules.check(f.phone.Number); err != nil {
			return "", err
		}
		return f.phone.Number, sharedTooOften(ctx, tx, v.User, f.phone.Number)
	}
	return "", desk.Errorf(desk.CodePhoneNeeded, "there is no number on file yet").On("phone")
}
