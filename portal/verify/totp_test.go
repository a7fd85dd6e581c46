package verify_test

import (
	"context"
	"encoding/base32"
	"encoding/json"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/pquerna/otp"
	"github.com/pquerna/otp/hotp"
	"github.com/pquerna/otp/totp"

	"github.com/conserje/conserje/portal/desk"
	"github.com/conserje/conserje/portal/store"
	"github.com/conserje/conserje/portal/verify"
)

// app is an authenticator app.
func app(t *testing.T, secret string, at time.Time) string {
	t.Helper()
	code, err := totp.GenerateCode(secret, at)
	if err != nil {
		t.Fatal(err)
	}
	return code
}

func (w *world) enrolApp(t *testing.T, v desk.Viewer) (secret string) {
	t.Helper()
	e, err := w.nodes[0].BeginTOTP(w.as(t, v))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.nodes[0].FinishTOTP(w.as(t, v), app(t, e.Secret, w.clock), ""); err != nil {
		t.Fatal(err)
	}
	w.clock = w.clock.Add(time.Minute)
	return e.Secret
}

// D3: the library checks the code only; the memory is ours.
func TestATimeStepVerifiesOneActOnly(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	secret := w.enrolApp(t, w.ana)
	check := func(at time.Time) error {
		return w.nodes[1].Check(t.Context(), w.ana, act("LAPTOP"), app(t, secret, at), func(_ context.Context, _ *store.Tx, factor string) error {
			if factor != verify.FactorTOTP {
				t.Errorf("factor %q", factor)
			}
			return nil
		})
	}
	wants(t, check(w.clock), "")
	wants(t, check(w.clock), desk.CodeUsed)                      // the same step, for another act
	wants(t, check(w.clock.Add(-30*time.Second)), desk.CodeUsed) // one before, still within the skew
	wants(t, check(w.clock.Add(30*time.Second)), "")             // a clock that is fast
	wants(t, check(w.clock), desk.CodeUsed)
	w.clock = w.clock.Add(2 * time.Minute)
	wants(t, check(w.clock.Add(-30*time.Second)), "") // a clock that is slow
	wants(t, check(w.clock.Add(-90*time.Second)), desk.CodeWrong)
	wants(t, check(w.clock.Add(90*time.Second)), desk.CodeWrong)
}

func TestTheAppsGuessesAreCountedAndTheSMSCodesLockDoesNotTouchIt(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.enrol(t, w.ana, mobile)
	secret := w.enrolApp(t, w.ana) // waits: the number did not agree
	w.later(t, "25 hours")
	a := act("LAPTOP")
	code := w.send(t, w.ana, a, "")
	for i := range 5 {
		wants(t, w.nodes[0].Check(t.Context(), w.ana, a, other(code, i), done), desk.CodeWrong)
	}
	wants(t, w.nodes[0].Check(t.Context(), w.ana, a, code, done), desk.CodeWrong) // its attempts are spent (D8)
	wants(t, w.nodes[0].Check(t.Context(), w.ana, a, app(t, secret, w.clock), done), "")
	for i := range 4 {
		wants(t, w.nodes[0].Check(t.Context(), w.ana, a, other(code, i), done), desk.CodeWrong)
	}
	w.clock = w.clock.Add(time.Minute)
	wants(t, w.nodes[0].Check(t.Context(), w.ana, a, app(t, secret, w.clock), done), desk.CodeRateLimited)
}

func TestAnAppBesideANumberWaitsUnlessTheNumberAgrees(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.enrol(t, w.ana, mobile)
	secret := w.enrolApp(t, w.ana)
	wants(t, w.nodes[0].Check(t.Context(), w.ana, act("LAPTOP"), app(t, secret, w.clock), done), desk.CodeExpired)
	w.later(t, "25 hours")
	wants(t, w.nodes[0].Check(t.Context(), w.ana, act("LAPTOP"), app(t, secret, w.clock), done), "")

	w.enrol(t, w.ben, another)
	e, err := w.nodes[0].BeginTOTP(w.as(t, w.ben))
	if err != nil || !e.OldCode {
		t.Fatalf("no code went to the old number: %v", err)
	}
	_, agreed := w.sms(t, another, "code_totp")
	if _, err := w.nodes[0].FinishTOTP(w.as(t, w.ben), app(t, e.Secret, w.clock), agreed); err != nil {
		t.Fatal(err)
	}
	w.clock = w.clock.Add(time.Minute)
	wants(t, w.nodes[0].Check(t.Context(), w.ben, act("MAC"), app(t, e.Secret, w.clock), done), "")
}

func TestAnAppGoesByItsOwnCodeOnly(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	secret := w.enrolApp(t, w.ana)
	_, err := w.nodes[0].BeginTOTP(w.as(t, w.ana))
	wants(t, err, desk.CodeConflict)
	code := app(t, secret, w.clock)
	_, err = w.nodes[0].DisableTOTP(w.as(t, w.ana), other(code, 3))
	wants(t, err, desk.CodeWrong)
	f, err := w.nodes[0].DisableTOTP(w.as(t, w.ana), code)
	if err != nil || f.TOTP {
		t.Fatal(f, err)
	}
}

// The vectors of RFC 4226 and RFC 6238 hold for the library as we call it, and
// for the secret as the app is given it.
func TestVectorsOfTheRFCs(t *testing.T) {
	t.Parallel()
	shared := os.Getenv("CONSERJE_SHARED")
	if shared == "" {
		shared = "../../../shared"
	}
	raw, err := os.ReadFile(filepath.Join(shared, "data/security/otp/rfc-otp-vectors.json"))
	if err != nil {
		t.Skip("the vectors are not here")
	}
	var v struct {
		HOTP []struct {
			Secret  string `json:"secret_ascii"`
			Counter uint64 `json:"counter"`
			Code    string `json:"code"`
		} `json:"rfc4226_hotp"`
		TOTP []struct {
			Time      int64  `json:"unix_time"`
			Algorithm string `json:"algorithm"`
			Secret    string `json:"secret_ascii"`
			Digits    int    `json:"digits"`
			Period    uint   `json:"period"`
			Code      string `json:"code"`
		} `json:"rfc6238_totp"`
	}
	if err := json.Unmarshal(raw, &v); err != nil {
		t.Fatal(err)
	}
	text := base32.StdEncoding.WithPadding(base32.NoPadding).EncodeToString
	for _, c := range v.HOTP {
		got, err := hotp.GenerateCodeCustom(text([]byte(c.Secret)), c.Counter, hotp.ValidateOpts{Digits: otp.DigitsSix, Algorithm: otp.AlgorithmSHA1})
		if err != nil || got != c.Code {
			t.Errorf("counter %d: %s %v", c.Counter, got, err)
		}
	}
	algorithms := map[string]otp.Algorithm{"SHA1": otp.AlgorithmSHA1, "SHA256": otp.AlgorithmSHA256, "SHA512": otp.AlgorithmSHA512}
	ours := 0
	for _, c := range v.TOTP {
		got, err := totp.GenerateCodeCustom(text([]byte(c.Secret)), time.Unix(c.Time, 0), totp.ValidateOpts{Period: c.Period, Digits: otp.Digits(c.Digits), Algorithm: algorithms[c.Algorithm]})
		if err != nil || got != c.Code {
			t.Errorf("%d %s: %s %v", c.Time, c.Algorithm, got, err)
		}
		if c.Algorithm == "SHA1" { // the last six digits are ours
			step, fresh, err := verify.StepOf(text([]byte(c.Secret)), c.Code[2:], c.Time, 0)
			if err != nil || !fresh || step != c.Time/30 {
				t.Errorf("%d: step %d %v %v", c.Time, step, fresh, err)
			}
			ours++
		}
	}
	if len(v.HOTP) < 10 || ours < 6 {
		t.Errorf("%d and %d vectors", len(v.HOTP), ours)
	}
}
