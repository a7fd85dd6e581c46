package notify

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"net/mail"
	"strings"

	gomail "github.com/wneessen/go-mail"
)

// SMTP sends mail by a mail server.
type SMTP struct {
	Host           string
	Port           int
	Security       string // starttls (required), tls, or none for a server on this machine
	User, Password string
	From           string         // "IT Support <desk@example.com>"
	Roots          *x509.CertPool // who vouches for the server; nil: whom this machine trusts
}

// Check reports settings that cannot work.
func (s SMTP) Check() error {
	if _, err := mail.ParseAddress(s.From); err != nil {
		return errors.New("SMTP_FROM is no mail address")
	}
	if strings.ContainsAny(s.Host, "/@ ") || strings.Contains(s.Host, ":") && net.ParseIP(s.Host) == nil {
		return errors.New("SMTP_HOST is the name of a mail server, such as smtp.example.com; the port is SMTP_PORT")
	}
	if s.Port < 1 || s.Port > 65535 {
		return errors.New("SMTP_PORT is between 1 and 65535")
	}
	switch s.Security {
	case "starttls", "tls":
		return nil
	case "none":
		if ip := net.ParseIP(s.Host); s.Host != "localhost" && (ip == nil || !ip.IsLoopback()) {
			return errors.New("SMTP_SECURITY none is for a mail server on this machine")
		}
		return nil
	}
	return errors.New("SMTP_SECURITY is starttls, tls or none")
}

// Send hands the mail to the server.
func (s SMTP) Send(ctx context.Context, o Outgoing) (string, error) {
	m, err := s.message(o)
	if err != nil {
		return "", &Failure{Reason: ReasonNumber, Detail: "the address or the subject cannot stand in a mail"}
	}
	options := []gomail.Option{gomail.WithPort(s.Port), gomail.WithTimeout(sendTimeout)}
	if s.Roots != nil {
		options = append(options, gomail.WithTLSConfig(&tls.Config{ServerName: s.Host, RootCAs: s.Roots, MinVersion: tls.VersionTLS12}))
	}
	switch s.Security {
	case "tls":
		options = append(options, gomail.WithSSL())
	case "none":
		options = append(options, gomail.WithTLSPolicy(gomail.NoTLS))
	default:
		options = append(options, gomail.WithTLSPolicy(gomail.TLSMandatory))
	}
	if s.User != "" {
		options = append(options, gomail.WithSMTPAuth(gomail.SMTPAuthAutoDiscover), gomail.WithUsername(s.User), gomail.WithPassword(s.Password))
	}
	c, err := gomail.NewClient(s.Host, options...)
	if err != nil {
		return "", &Failure{Reason: ReasonRejected, Detail: "the mail server's settings are not right"}
	}
	if err := c.DialAndSendWithContext(ctx, m); err != nil {
		return "", mailFailure(ctx, err)
	}
	return m.GetMessageID(), nil
}

// message builds the mail. It says of itself that a machine wrote it, so that
// no machine answers (SECURITY H4), and its id is ours: two tries are one mail.
func (s SMTP) message(o Outgoing) (*gomail.Msg, error) {
	if strings.ContainsFunc(o.Subject+o.To+o.Thread+s.From, func(r rune) bool { return r < ' ' || r == 0x7f }) {
		return nil, errors.New("a control character in a header")
	}
	if err := checkRecipient(Mail, o.To); err != nil {
		return nil, err
	}
	m := gomail.NewMsg()
	if err := m.From(s.From); err != nil {
		return nil, err
	}
	if err := m.To(o.To); err != nil {
		return nil, err
	}
	from, err := mail.ParseAddress(s.From)
	if err != nil {
		return nil, err
	}
	_, domain, _ := strings.Cut(from.Address, "@")
	m.Subject(o.Subject)
	m.SetMessageIDWithValue(string(o.ID) + "@" + domain)
	m.SetDate()
	m.SetGenHeader("Auto-Submitted", "auto-generated")
	m.SetGenHeader("X-Auto-Response-Suppress", "All")
	if o.Thread != "" {
		// Mail programs put those of one ticket together; nobody ever wrote the
		// one that they all answer.
		thread := "<" + o.Thread + "@" + domain + ">"
		m.SetGenHeader("In-Reply-To", thread)
		m.SetGenHeader("References", thread)
	}
	m.SetBodyString(gomail.TypeTextPlain, o.Text)
	if o.HTML != "" {
		m.AddAlternativeString(gomail.TypeTextHTML, o.HTML)
	}
	return m, nil
}

func mailFailure(ctx context.Context, err error) *Failure {
	var s *gomail.SendError
	var network net.Error
	if errors.As(err, &s) && s.ErrorCode() > 0 {
		detail := fmt.Sprintf("smtp %d", s.ErrorCode())
		switch {
		case s.ErrorCode() == 421 || s.IsTemp():
			return &Failure{Reason: ReasonBusy, Detail: detail, Again: true}
		case errors.Is(err, gomail.ErrNoRcptAddresses) || s.Reason == gomail.ErrSMTPRcptTo:
			return &Failure{Reason: ReasonNumber, Detail: detail}
		}
		return &Failure{Reason: ReasonRejected, Detail: detail}
	}
	switch {
	case ctx.Err() != nil, errors.Is(err, context.DeadlineExceeded), errors.As(err, &network) && network.Timeout():
		return &Failure{Reason: ReasonSlow, Again: true}
	case strings.Contains(err.Error(), " auth"), strings.Contains(err.Error(), "535"):
		return &Failure{Reason: ReasonRejected, Detail: "the mail server refuses our account"}
	}
	return &Failure{Reason: ReasonDown, Again: true}
}
