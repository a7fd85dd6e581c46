package main

import (
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/conserje/conserje/portal/notify"
	"github.com/conserje/conserje/portal/store"
)

// messageSettings name who carries text messages and mail. With the demo,
// nothing leaves this machine, whatever they say.
type messageSettings struct {
	SMS string `env:"SMS_PROVIDER" name:"sms-provider" enum:",twilio,gateway,smpp" default:"" help:"Who sends text messages: twilio, gateway (any HTTPS gateway) or smpp. Without one, codes come from authenticator apps only."`

	Callback      string `env:"SMS_CALLBACK_URL" name:"sms-callback-url" help:"Address of a portal of this installation, as the provider reaches it: there it reports whether messages arrive. Without it, none are asked for."`
	TwilioAccount string `env:"TWILIO_ACCOUNT_SID" name:"twilio-account-sid" help:"Twilio's account."`
	TwilioToken   string `env:"TWILIO_AUTH_TOKEN" name:"twilio-auth-token" help:"Its token, or the secret of the API key."`
	TwilioKey     string `env:"TWILIO_API_KEY" name:"twilio-api-key" help:"Id of an API key, instead of the account's own token."`
	TwilioFrom    string `env:"TWILIO_FROM" name:"twilio-from" help:"Number or name that messages come from."`
	TwilioService string `env:"TWILIO_MESSAGING_SERVICE_SID" name:"twilio-messaging-service-sid" help:"A messaging service instead of a sender."`
	TwilioURL     string `env:"TWILIO_URL" name:"twilio-url" help:"Another address of Twilio's REST interface, such as a region's."`

	TwilioSigns string `env:"TWILIO_CALLBACK_TOKEN" name:"twilio-callback-token" help:"The account's token, which signs reports; needed beside an API key."`

	GatewayURL    string `env:"SMS_GATEWAY_URL" name:"sms-gateway-url" help:"Address that takes a POST for each message."`
	GatewayHeader string `env:"SMS_GATEWAY_HEADER" name:"sms-gateway-header" help:"Header with the key, such as \"Authorization: Bearer …\"."`
	GatewayFormat string `env:"SMS_GATEWAY_FORMAT" name:"sms-gateway-format" default:"json" help:"json or form."`
	GatewayTo     string `env:"SMS_GATEWAY_TO_FIELD" name:"sms-gateway-to-field" default:"to" help:"Name of the field with the number."`
	GatewayText   string `env:"SMS_GATEWAY_TEXT_FIELD" name:"sms-gateway-text-field" default:"text" help:"Name of the field with the text."`
	GatewaySender string `env:"SMS_GATEWAY_FROM_FIELD" name:"sms-gateway-from-field" default:"from" help:"Name of the field with the sender."`
	GatewayFrom   string `env:"SMS_GATEWAY_FROM" name:"sms-gateway-from" help:"Sender; not sent when empty."`

	GatewaySigns string `env:"SMS_GATEWAY_CALLBACK_SECRET" name:"sms-gateway-callback-secret" help:"What the gateway signs its reports with. Without it, none are taken."`

	SMPPAddress  string `env:"SMPP_ADDRESS" name:"smpp-address" help:"Message centre, as host:port."`
	SMPPTLS      bool   `env:"SMPP_TLS" name:"smpp-tls" help:"Whether it speaks TLS."`
	SMPPUser     string `env:"SMPP_SYSTEM_ID" name:"smpp-system-id" help:"Our name there."`
	SMPPPassword string `env:"SMPP_PASSWORD" name:"smpp-password" help:"Our password there, at most 8 characters by the protocol."`
	SMPPType     string `env:"SMPP_SYSTEM_TYPE" name:"smpp-system-type" help:"What some centres ask for besides."`
	SMPPFrom     string `env:"SMPP_FROM" name:"smpp-from" help:"Number or name that messages come from."`

	KeepDays int `env:"CONSERJE_MESSAGES_DAYS" name:"messages-days" default:"90" help:"How many days it is known to whom mails and text messages went."`

	SMTPHost     string `env:"SMTP_HOST" name:"smtp-host" help:"Mail server. Without one, no mail is sent."`
	SMTPPort     int    `env:"SMTP_PORT" name:"smtp-port" default:"587" help:"Its port."`
	SMTPSecurity string `env:"SMTP_SECURITY" name:"smtp-security" default:"starttls" help:"starttls, tls, or none for a mail server on this machine."`
	SMTPUser     string `env:"SMTP_USER" name:"smtp-user" help:"Our name there; empty for a server that asks for none."`
	SMTPPassword string `env:"SMTP_PASSWORD" name:"smtp-password" help:"Our password there."`
	SMTPFrom     string `env:"SMTP_FROM" name:"smtp-from" help:"Sender, such as \"IT Support <desk@example.com>\"."`
}

// openMessages plugs the configured carriers in. Settings that cannot work
// stop the start: a code that never arrives is found out too late.
func openMessages(s messageSettings, st *store.Store, demo bool, log *slog.Logger) (*notify.Service, error) {
	cfg := notify.Config{Store: st, Demo: demo, KeepFor: time.Duration(s.KeepDays) * 24 * time.Hour, Log: log}
	if demo {
		return notify.New(cfg), nil
	}
	var err error
	if cfg.SMS, cfg.Mail, err = s.carriers(); err != nil {
		return nil, err
	}
	return notify.New(cfg), nil
}

// Nobody looks for a message that went out longer ago, and a day is what
// trying again needs.
const mostMessageDays = 3650

func (s messageSettings) check() error {
	if s.KeepDays < 1 || s.KeepDays > mostMessageDays {
		return fmt.Errorf("CONSERJE_MESSAGES_DAYS is %d; it is between 1 and %d", s.KeepDays, mostMessageDays)
	}
	return nil
}

// carriers are those that the settings name; nil is none.
func (s messageSettings) carriers() (sms, mail notify.Provider, err error) {
	if sms, err = s.sms(); err != nil || s.SMTPHost == "" {
		return sms, nil, err
	}
	m := notify.SMTP{Host: s.SMTPHost, Port: s.SMTPPort, Security: s.SMTPSecurity, User: s.SMTPUser, Password: s.SMTPPassword, From: s.SMTPFrom}
	return sms, m, m.Check()
}

func (s messageSettings) sms() (notify.Provider, error) {
	switch s.SMS {
	case "":
		return nil, nil //nolint:nilnil // no provider is a setting too
	case "twilio":
		if s.TwilioAccount == "" || s.TwilioToken == "" || s.TwilioFrom == "" && s.TwilioService == "" {
			return nil, errors.New("twilio needs TWILIO_ACCOUNT_SID, TWILIO_AUTH_TOKEN, and TWILIO_FROM or TWILIO_MESSAGING_SERVICE_SID")
		}
		t := notify.Twilio{Account: s.TwilioAccount, Token: s.TwilioToken, User: s.TwilioKey, From: s.TwilioFrom, Service: s.TwilioService, URL: s.TwilioURL}
		if s.Callback == "" {
			return t, t.Check()
		}
		var err error
		if t.Callback, err = notify.CheckCallback(s.Callback, t.Name()); err != nil {
			return nil, err
		}
		if t.CallbackToken = s.TwilioSigns; t.CallbackToken == "" {
			if t.CallbackToken = s.TwilioToken; s.TwilioKey != "" {
				return nil, errors.New("reports are signed with the account's token and not with the API key's secret: set TWILIO_CALLBACK_TOKEN")
			}
		}
		return t, t.Check()
	case "gateway":
		g := notify.Gateway{
			URL: s.GatewayURL, Header: s.GatewayHeader, Format: s.GatewayFormat,
			ToField: s.GatewayTo, TextField: s.GatewayText, FromField: s.GatewaySender, From: s.GatewayFrom, CallbackSecret: s.GatewaySigns,
		}
		return g, g.Check()
	case "smpp":
		if s.SMPPAddress == "" || s.SMPPUser == "" || s.SMPPFrom == "" {
			return nil, errors.New("smpp needs SMPP_ADDRESS, SMPP_SYSTEM_ID and SMPP_FROM")
		}
		m := notify.SMPP{Address: s.SMPPAddress, TLS: s.SMPPTLS, User: s.SMPPUser, Password: s.SMPPPassword, SystemType: s.SMPPType, From: s.SMPPFrom}
		return m, m.Check()
	}
	return nil, fmt.Errorf("there is no SMS provider %q", s.SMS)
}
