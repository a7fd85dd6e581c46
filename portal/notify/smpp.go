package notify

import (
	"context"
	"crypto/tls"
	"errors"
	"net"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/linxGnu/gosmpp"
	"github.com/linxGnu/gosmpp/data"
	"github.com/linxGnu/gosmpp/pdu"
)

// SMPP sends by a message centre's own protocol, version 3.4. Each message has
// a connection of its own: codes are few, and a broken connection then costs
// one of them a retry instead of all of them a wait.
type SMPP struct {
	Address        string // host:port
	TLS            bool
	User, Password string
	SystemType     string
	From           string
}

// The kinds of an address (SMPP 3.4, 5.2.5 and 5.2.6).
const (
	tonInternational = 1
	tonAlphanumeric  = 5
	npiISDN          = 1
)

const smppReadTimeout = time.Minute

// Check reports settings that cannot work.
func (s SMPP) Check() error {
	host, port, err := net.SplitHostPort(s.Address)
	if n, bad := strconv.Atoi(port); err != nil || bad != nil || host == "" || n < 1 || n > 65535 {
		return errors.New("SMPP_ADDRESS is host:port, such as smsc.example.com:2775")
	}
	return nil
}

// Send binds, submits every part and waits for each answer.
func (s SMPP) Send(ctx context.Context, o Outgoing) (string, error) {
	parts, err := s.parts(o)
	if err != nil {
		return "", &Failure{Reason: ReasonRejected, Detail: "the text or the sender does not fit the protocol"}
	}
	answers, lost := make(chan *pdu.SubmitSMResp, len(parts)), make(chan struct{})
	var once sync.Once
	gone := func() { once.Do(func() { close(lost) }) }
	session, err := gosmpp.NewSession(gosmpp.TXConnector(s.dialer(ctx), gosmpp.Auth{SMSC: s.Address, SystemID: s.User, Password: s.Password, SystemType: s.SystemType}), gosmpp.Settings{
		ReadTimeout: smppReadTimeout, WriteTimeout: sendTimeout,
		OnPDU: func(p pdu.PDU, _ bool) {
			if r, ok := p.(*pdu.SubmitSMResp); ok {
				select {
				case answers <- r:
				default: // more answers than parts
				}
			}
		},
		OnReceivingError: func(error) { gone() },
		OnSubmitError:    func(pdu.PDU, error) { gone() },
		OnClosed:         func(gosmpp.State) { gone() },
	}, 0)
	if err != nil {
		return "", bindFailure(ctx, err)
	}
	defer session.Close()
	id := ""
	for _, p := range parts {
		if err := session.Transmitter().Submit(p); err != nil {
			return "", &Failure{Reason: ReasonDown, Again: true}
		}
		select {
		case r := <-answers:
			if f := smppFailure(r.CommandStatus); f != nil {
				return "", f
			}
			id = r.MessageID
		case <-lost:
			return "", &Failure{Reason: ReasonDown, Again: true}
		case <-ctx.Done():
			return "", &Failure{Reason: ReasonSlow, Again: true}
		}
	}
	return id, nil
}

// dialer bounds the connection by the message's own time: the library waits
// for the answer to a bind for ever.
func (s SMPP) dialer(ctx context.Context) gosmpp.Dialer {
	return func(address string) (net.Conn, error) {
		var d interface {
			DialContext(ctx context.Context, network, address string) (net.Conn, error)
		} = &net.Dialer{}
		if s.TLS {
			d = &tls.Dialer{Config: &tls.Config{MinVersion: tls.VersionTLS12}}
		}
		conn, err := d.DialContext(ctx, "tcp", address)
		if err != nil {
			return nil, err
		}
		if end, ok := ctx.Deadline(); ok {
			err = conn.SetDeadline(end)
		}
		return conn, err
	}
}

func (s SMPP) parts(o Outgoing) ([]*pdu.SubmitSM, error) {
	encoding := data.UCS2
	if len(data.ValidateGSM7String(o.Text)) == 0 {
		encoding = data.GSM7BIT
	}
	ton := byte(tonAlphanumeric)
	if strings.HasPrefix(s.From, "+") {
		ton = tonInternational
	}
	from, err := pdu.NewAddressWithTonNpiAddr(ton, npiISDN, strings.TrimPrefix(s.From, "+"))
	if err != nil {
		return nil, err
	}
	to, err := pdu.NewAddressWithTonNpiAddr(tonInternational, npiISDN, strings.TrimPrefix(o.To, "+"))
	if err != nil {
		return nil, err
	}
	whole, ok := pdu.NewSubmitSM().(*pdu.SubmitSM)
	if !ok {
		return nil, errors.New("the library has another submit_sm")
	}
	whole.SourceAddr, whole.DestAddr = from, to
	if err := whole.Message.SetLongMessageWithEnc(o.Text, encoding); err != nil {
		return nil, err
	}
	return whole.Split()
}

func bindFailure(ctx context.Context, err error) *Failure {
	var b gosmpp.BindError
	var network net.Error
	switch {
	case errors.As(err, &b):
		return &Failure{Reason: ReasonRejected, Detail: "bind: " + b.CommandStatus.String()}
	case ctx.Err() != nil, errors.As(err, &network) && network.Timeout():
		return &Failure{Reason: ReasonSlow, Again: true}
	}
	return &Failure{Reason: ReasonDown, Again: true}
}

func smppFailure(status data.CommandStatusType) *Failure {
	switch status {
	case data.ESME_ROK:
		return nil
	case data.ESME_RTHROTTLED, data.ESME_RMSGQFUL:
		return &Failure{Reason: ReasonBusy, Detail: status.String(), Again: true}
	case data.ESME_RINVDSTADR, data.ESME_RINVDSTTON, data.ESME_RINVDSTNPI, data.ESME_RSUBMITFAIL:
		return &Failure{Reason: ReasonNumber, Detail: status.String()}
	case data.ESME_RSYSERR:
		return &Failure{Reason: ReasonDown, Detail: status.String(), Again: true}
	}
	return &Failure{Reason: ReasonRejected, Detail: status.String()}
}
