package notify_test

import (
	"bufio"
	"context"
	"encoding/binary"
	"encoding/json"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/emersion/go-smtp"
	"github.com/linxGnu/gosmpp/data"
	"github.com/linxGnu/gosmpp/pdu"

	"github.com/conserje/conserje/portal/desk"
	"github.com/conserje/conserje/portal/notify"
)

func message() notify.Outgoing {
	return notify.Outgoing{ID: desk.NewID(), To: "+34600111222", Text: canary + " reinicia LAPTOP-7. ¿No es usted?", Subject: "Número añadido"}
}

func reason(t *testing.T, err error) notify.Reason {
	t.Helper()
	var f *notify.Failure
	if err == nil {
		return ""
	}
	if !errors.As(err, &f) {
		t.Fatalf("%v is no failure with a reason", err)
	}
	if strings.Contains(err.Error(), canary) || strings.Contains(err.Error(), "600111222") {
		t.Errorf("the error quotes the message: %v", err)
	}
	return f.Reason
}

func short(t *testing.T) context.Context {
	ctx, cancel := context.WithTimeout(t.Context(), 500*time.Millisecond)
	t.Cleanup(cancel)
	return ctx
}

// Both HTTP providers against a server that answers as theirs do.
func TestHTTPProvidersTellHowItWent(t *testing.T) {
	t.Parallel()
	o := message()
	var status atomic.Int64
	var reply atomic.Value
	var last atomic.Pointer[http.Request]
	var body atomic.Value
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		raw, _ := io.ReadAll(r.Body)
		body.Store(string(raw))
		last.Store(r)
		if status.Load() == 0 {
			select {
			case <-r.Context().Done():
			case <-time.After(2 * time.Second):
			}
			return
		}
		if status.Load() == http.StatusFound {
			w.Header().Set("Location", "/elsewhere")
		}
		w.WriteHeader(int(status.Load()))
		_, _ = w.Write([]byte(reply.Load().(string)))
	}))
	t.Cleanup(srv.Close)
	providers := map[string]notify.Provider{
		"twilio": notify.Twilio{Account: "AC1", Token: "secret", From: "+15005550006", URL: srv.URL},
		"json":   notify.Gateway{URL: srv.URL + "/send", Header: "X-Key: secret", Format: "json", ToField: "msisdn", From: "Conserje"},
		"form":   notify.Gateway{URL: srv.URL + "/send", Header: "X-Key: secret", Format: "form"},
	}
	for _, c := range []struct {
		status     int
		reply      string
		twilio, at notify.Reason
	}{
		{201, `{"sid":"SM1","id":"SM1"}`, "", ""},
		{400, `{"code":21211}`, notify.ReasonNumber, notify.ReasonNumber},
		{400, `{"code":21606}`, notify.ReasonRejected, notify.ReasonNumber}, // our sender
		{401, `{"code":20003}`, notify.ReasonRejected, notify.ReasonRejected},
		{429, ``, notify.ReasonBusy, notify.ReasonBusy},
		{500, `<html>`, notify.ReasonDown, notify.ReasonDown},
		{503, ``, notify.ReasonDown, notify.ReasonDown},
		{302, ``, notify.ReasonRejected, notify.ReasonRejected}, // not followed
		{0, ``, notify.ReasonSlow, notify.ReasonSlow},
	} {
		for name, p := range providers {
			status.Store(int64(c.status))
			reply.Store(c.reply)
			id, err := p.Send(short(t), o)
			want := c.at
			if name == "twilio" {
				want = c.twilio
			}
			if got := reason(t, err); got != want || want == "" && id != "SM1" {
				t.Errorf("%s, %d %s: %q, want %q", name, c.status, c.reply, got, want)
			}
			if r := last.Load(); r.URL.Path == "/elsewhere" || r.Header.Get("Idempotency-Key") != string(o.ID) || strings.Contains(r.URL.String(), canary) {
				t.Errorf("%s: %s, key %q", name, r.URL, r.Header.Get("Idempotency-Key"))
			}
		}
	}
	srv.Close()
	for name, p := range providers {
		if got := reason(t, func() error { _, err := p.Send(short(t), o); return err }()); got != notify.ReasonDown {
			t.Errorf("%s, nobody there: %q", name, got)
		}
	}
}

func TestTheGatewaysFieldsAreTheConfiguredOnes(t *testing.T) {
	t.Parallel()
	var fields map[string]string
	srv := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Authorization") != "Bearer k:1" {
			t.Errorf("key %q", r.Header.Get("Authorization"))
		}
		_ = json.NewDecoder(r.Body).Decode(&fields)
	}))
	t.Cleanup(srv.Close)
	o := message()
	g := notify.Gateway{URL: srv.URL, Header: "Authorization: Bearer k:1", Format: "json", ToField: "msisdn", TextField: "body", FromField: "sender", From: "Conserje"}
	if _, err := g.Send(t.Context(), o); err != nil {
		t.Fatal(err)
	}
	if fields["msisdn"] != o.To || fields["body"] != o.Text || fields["sender"] != "Conserje" || len(fields) != 3 {
		t.Error(fields)
	}
	for _, bad := range []notify.Gateway{
		{URL: "http://gateway.example/send", Format: "json"},
		{URL: "ftp://x", Format: "json"},
		{URL: "https://user:pw@gateway.example", Format: "json"},
		{URL: "https://gateway.example", Format: "xml"},
		{URL: "https://gateway.example", Format: "json", Header: "no colon"},
	} {
		if bad.Check() == nil {
			t.Errorf("%+v is taken", bad)
		}
	}
}

// centre is a message centre that answers each submit with the status.
func centre(t *testing.T, bind, status data.CommandStatusType, silent bool) (address string, got chan *pdu.SubmitSM) {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = ln.Close() })
	got = make(chan *pdu.SubmitSM, 16)
	go func() {
		for {
			conn, err := ln.Accept()
			if err != nil {
				return
			}
			go answer(conn, bind, status, silent, got)
		}
	}()
	return ln.Addr().String(), got
}

func answer(conn net.Conn, bind, status data.CommandStatusType, silent bool, got chan *pdu.SubmitSM) {
	defer conn.Close()
	in := bufio.NewReader(conn)
	for {
		p, err := pdu.Parse(in)
		if err != nil {
			return
		}
		var r pdu.PDU
		switch p := p.(type) {
		case *pdu.BindRequest:
			b := pdu.NewBindResp(*p)
			b.CommandStatus = bind
			r = b
		case *pdu.SubmitSM:
			got <- p
			if silent {
				continue
			}
			a := pdu.NewSubmitSMRespFromReq(p).(*pdu.SubmitSMResp)
			a.CommandStatus, a.MessageID = status, "m1"
			r = a
		default:
			r = p.GetResponse()
		}
		if r == nil {
			continue
		}
		b := pdu.NewBuffer(nil)
		r.Marshal(b)
		raw := b.Bytes()
		if _, isBind := r.(*pdu.BindResp); isBind && bind != data.ESME_ROK {
			raw = raw[:16] // SMPP 3.4, 4.1.2: no body with an error
			binary.BigEndian.PutUint32(raw, 16)
		}
		_, _ = conn.Write(raw)
	}
}

func TestSMPPTellsHowItWent(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name         string
		bind, status data.CommandStatusType
		silent       bool
		want         notify.Reason
	}{
		{"taken", data.ESME_ROK, data.ESME_ROK, false, ""},
		{"refused number", data.ESME_ROK, data.ESME_RINVDSTADR, false, notify.ReasonNumber},
		{"throttled", data.ESME_ROK, data.ESME_RTHROTTLED, false, notify.ReasonBusy},
		{"out of order", data.ESME_ROK, data.ESME_RSYSERR, false, notify.ReasonDown},
		{"wrong password", data.ESME_RINVPASWD, 0, false, notify.ReasonRejected},
		{"slow", data.ESME_ROK, 0, true, notify.ReasonSlow},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			address, got := centre(t, c.bind, c.status, c.silent)
			ctx, cancel := context.WithTimeout(t.Context(), 2*time.Second)
			defer cancel()
			o := message()
			id, err := notify.SMPP{Address: address, User: "conserje", Password: "secret", From: "Conserje"}.Send(ctx, o)
			if r := reason(t, err); r != c.want {
				t.Fatalf("%q, want %q: %v", r, c.want, err)
			}
			if c.want != "" {
				return
			}
			p := <-got
			text, err := p.Message.GetMessage()
			if err != nil || text != o.Text || p.DestAddr.Address() != "34600111222" || id != "m1" {
				t.Errorf("%q %v to %s, %s", text, err, p.DestAddr.Address(), id)
			}
		})
	}
	if _, err := (notify.SMPP{Address: "127.0.0.1:1", User: "x", From: "y"}).Send(t.Context(), message()); reason(t, err) != notify.ReasonDown {
		t.Error(err)
	}
}

// mailbox is a mail server in this process.
type mailbox struct {
	got    chan string
	refuse *smtp.SMTPError
}

func (m *mailbox) NewSession(*smtp.Conn) (smtp.Session, error) { return &mailSession{m}, nil }

type mailSession struct{ *mailbox }

func (*mailSession) Reset()                               {}
func (*mailSession) Logout() error                        { return nil }
func (*mailSession) Mail(string, *smtp.MailOptions) error { return nil }
func (s *mailSession) Rcpt(to string, _ *smtp.RcptOptions) error {
	if s.refuse != nil {
		return s.refuse
	}
	return nil
}

func (s *mailSession) Data(r io.Reader) error {
	raw, err := io.ReadAll(r)
	s.got <- string(raw)
	return err
}

func mailServer(t *testing.T, refuse *smtp.SMTPError) (notify.SMTP, chan string) {
	t.Helper()
	box := &mailbox{got: make(chan string, 4), refuse: refuse}
	srv := smtp.NewServer(box)
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	go func() { _ = srv.Serve(ln) }()
	t.Cleanup(func() { _ = srv.Close() })
	return notify.SMTP{Host: "127.0.0.1", Port: ln.Addr().(*net.TCPAddr).Port, Security: "none", From: "IT Support <desk@example.com>"}, box.got
}

func TestMailArrivesWholeAndSaysThatAMachineWroteIt(t *testing.T) {
	t.Parallel()
	s, got := mailServer(t, nil)
	o := message()
	o.To = "ana@example.test"
	if _, err := s.Send(t.Context(), o); err != nil {
		t.Fatal(err)
	}
	mail := <-got
	for _, want := range []string{"Auto-Submitted: auto-generated", "Message-ID: <" + string(o.ID) + "@example.com>", "Subject: =?UTF-8?q?N=C3=BAmero_a=C3=B1adido?=", "To: <ana@example.test>"} {
		if !strings.Contains(mail, want) {
			t.Errorf("%q is missing in\n%s", want, mail)
		}
	}
}

func TestMailFailuresHaveReasons(t *testing.T) {
	t.Parallel()
	o := message()
	o.To = "ana@example.test"
	for code, want := range map[int]notify.Reason{550: notify.ReasonNumber, 451: notify.ReasonBusy} {
		s, _ := mailServer(t, &smtp.SMTPError{Code: code, Message: "no " + canary})
		if _, err := s.Send(t.Context(), o); reason(t, err) != want {
			t.Errorf("%d: %v", code, err)
		}
	}
	s := notify.SMTP{Host: "127.0.0.1", Port: 1, Security: "none", From: "desk@example.com"}
	if _, err := s.Send(t.Context(), o); reason(t, err) != notify.ReasonDown {
		t.Error(err)
	}
	plain, _ := mailServer(t, nil)
	plain.Security = "starttls" // a server that offers none gets nothing
	if _, err := plain.Send(t.Context(), o); err == nil {
		t.Error("sent without TLS")
	}
}

// H4.
func TestHeadersTakeNoSecondLine(t *testing.T) {
	t.Parallel()
	s, got := mailServer(t, nil)
	for _, bad := range []notify.Outgoing{
		{ID: desk.NewID(), To: "ana@example.test\r\nBcc: eve@example.test", Subject: "x", Text: "x"},
		{ID: desk.NewID(), To: "ana@example.test, eve@example.test", Subject: "x", Text: "x"},
		{ID: desk.NewID(), To: "Ana <ana@example.test>", Subject: "x", Text: "x"},
		{ID: desk.NewID(), To: "ana@example.test", Subject: "x\r\nBcc: eve@example.test", Text: "x"},
		{ID: desk.NewID(), To: "ana@example.test", Subject: "x\nBcc: eve@example.test", Text: "x"},
	} {
		if _, err := s.Send(t.Context(), bad); reason(t, err) != notify.ReasonNumber {
			t.Errorf("%q %q: %v", bad.To, bad.Subject, err)
		}
	}
	if len(got) != 0 {
		t.Error("a mail was sent")
	}
}
