package notify_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"math/big"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/emersion/go-sasl"
	"github.com/emersion/go-smtp"

	"github.com/conserje/conserje/portal/desk"
	"github.com/conserje/conserje/portal/notify"
)

// guarded is a mailbox that asks who is there.
type guarded struct{ *mailbox }

func (g guarded) NewSession(*smtp.Conn) (smtp.Session, error) {
	return &guardedSession{mailSession(g), false}, nil
}

type guardedSession struct {
	mailSession
	in bool
}

func (*guardedSession) AuthMechanisms() []string { return []string{sasl.Plain} }

func (s *guardedSession) Auth(string) (sasl.Server, error) {
	return sasl.NewPlainServer(func(_, user, password string) error {
		if user != "desk" || password != "right" {
			return &smtp.SMTPError{Code: 535, EnhancedCode: smtp.EnhancedCode{5, 7, 8}, Message: "no"}
		}
		s.in = true
		return nil
	}), nil
}

func (s *guardedSession) Mail(string, *smtp.MailOptions) error {
	if !s.in {
		return &smtp.SMTPError{Code: 530, EnhancedCode: smtp.EnhancedCode{5, 7, 0}, Message: "log in first"}
	}
	return nil
}

// certificate makes a server's certificate, and who trusts it.
func certificate(t *testing.T) (tls.Certificate, *x509.CertPool) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	c := &x509.Certificate{
		SerialNumber: big.NewInt(1), NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour), IsCA: true, BasicConstraintsValid: true,
		DNSNames: []string{"localhost"}, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign,
	}
	raw, err := x509.CreateCertificate(rand.Reader, c, c, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	parsed, err := x509.ParseCertificate(raw)
	if err != nil {
		t.Fatal(err)
	}
	pool := x509.NewCertPool()
	pool.AddCert(parsed)
	return tls.Certificate{Certificate: [][]byte{raw}, PrivateKey: key}, pool
}

func TestMailGoesByTLSAndWithOurAccount(t *testing.T) {
	t.Parallel()
	cert, roots := certificate(t)
	box := &mailbox{got: make(chan string, 4)}
	srv := smtp.NewServer(guarded{box})
	srv.TLSConfig = &tls.Config{Certificates: []tls.Certificate{cert}, MinVersion: tls.VersionTLS12}
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	go func() { _ = srv.Serve(ln) }()
	t.Cleanup(func() { _ = srv.Close() })
	s := notify.SMTP{Host: "127.0.0.1", Port: ln.Addr().(*net.TCPAddr).Port, Security: "starttls", User: "desk", Password: "right", From: "IT Support <desk@example.com>", Roots: roots}
	o := notify.Outgoing{ID: desk.NewID(), To: "ana@example.test", Subject: "[#7] It works", Text: "plain", HTML: "<p>rich</p>", Thread: "ticket-7"}
	if _, err := s.Send(t.Context(), o); err != nil {
		t.Fatal(err)
	}
	mail := <-box.got
	for _, want := range []string{"In-Reply-To: <ticket-7@example.com>", "References: <ticket-7@example.com>", "Message-ID: <" + string(o.ID) + "@example.com>", "Auto-Submitted: auto-generated", "multipart/alternative", "text/plain", "text/html"} {
		if !strings.Contains(mail, want) {
			t.Errorf("%q is missing in\n%s", want, mail)
		}
	}
	s.Password = "wrong"
	_, err = s.Send(t.Context(), o)
	var f *notify.Failure
	if !errors.As(err, &f) || f.Reason != notify.ReasonRejected || f.Again {
		t.Errorf("a wrong password: %v", err)
	}
	stranger := s
	stranger.Roots = nil
	if _, err := stranger.Send(t.Context(), o); err == nil {
		t.Error("a certificate that nobody vouches for is taken")
	}
	bad := o
	bad.Thread = "x>\r\nBcc: eve@example.test"
	if _, err := s.Send(t.Context(), bad); err == nil || len(box.got) != 0 {
		t.Errorf("a second line in a header: %v", err)
	}
}
