package main

import (
	"context"
	"log/slog"
	"net"
	"slices"
	"sync/atomic"
	"time"

	"github.com/gofiber/fiber/v2"
	"github.com/gofiber/fiber/v2/middleware/adaptor"
	"github.com/prometheus/client_golang/prometheus/promhttp"
	"github.com/riverqueue/river"

	"github.com/conserje/conserje/assistant"
	"github.com/conserje/conserje/assistant/chat"
	"github.com/conserje/conserje/kb"
	"github.com/conserje/conserje/portal/api"
	"github.com/conserje/conserje/portal/conversations"
	"github.com/conserje/conserje/portal/files"
	"github.com/conserje/conserje/portal/notify"
	"github.com/conserje/conserje/portal/people"
	"github.com/conserje/conserje/portal/store"
	"github.com/conserje/conserje/portal/tickets"
	"github.com/conserje/conserje/portal/verify"
	"github.com/conserje/conserje/portal/web"
	"github.com/conserje/conserje/tools"
	"github.com/conserje/conserje/tools/actions"
	"github.com/conserje/conserje/tools/devices"
	"github.com/conserje/conserje/tools/software"
)

// portal is everything that serves, plugged together.
type portal struct {
	database      *database
	models        models
	people        *people.Service
	knowledge     *kb.KB
	tickets       *tickets.Service
	files         *files.Service
	software      *software.Service
	conversations *conversations.Service
	actions       *actions.Service
	devices       *devices.Service
	agents        *devices.Downloads
	links         *devices.LinkServer
	chat          *chat.Server
	notify        *notify.Service
	ticketMails   *tickets.Mails
	verify        *verify.Service
	jobs          *store.Jobs
	log           *slog.Logger
}

func wire(ctx context.Context, d *database, m models, knowledge *kb.KB, messages *notify.Service, f fileSettings, w waits, log *slog.Logger) (*portal, error) {
	p := &portal{database: d, models: m, knowledge: knowledge, log: log, tickets: tickets.New(d.Store), notify: messages, software: software.New(d.Store)}
	if err := p.openFiles(ctx, f); err != nil {
		return nil, err
	}
	p.verify = verify.New(verify.Config{Store: d.Store, Notify: messages, Log: log})
	var err error
	if p.people, err = people.New(d.Store, log, people.Config{Notify: messages, Verify: p.verify, Tickets: p.tickets}); err != nil {
		return nil, err
	}
	p.actions = actions.New(actions.Config{
		Store: d.Store, Verify: p.verify, Catalogue: p.software, SMS: messages, QueueFor: w.Action, InstallFor: w.Install, Log: log,
	})
	p.software.Plug(p.actions)
	p.software.PlugMail(messages)
	messages.Plug(p.actions.MessageLostTx)
	p.ticketMails = tickets.NewMails(d.Store, messages, p.people.AddressTx)
	messages.PlugTickets(p.ticketMails)
	ledger := &tools.Own{Software: p.software, Actions: p.actions}
	registry, err := tools.NewRegistry(d.Store, log, tools.All(d.Store, p.knowledge, p.tickets, ledger)...)
	if err != nil {
		return nil, err
	}
	engine, err := assistant.New(assistant.Config{Store: d.Store, Model: m.chat, Tools: registry, Ledger: ledger, Spare: m.spare, Files: p.files, Sees: m.sees, Log: log})
	if err != nil {
		return nil, err
	}
	p.conversations = conversations.New(conversations.Config{Store: d.Store, Engine: engine, Log: log})
	p.devices = devices.New(d.Store, log)
	p.devices.Plug(p.actions)
	if err := p.openLinks(ctx); err != nil {
		return nil, err
	}
	p.chat = chat.New(ctx, chat.Config{
		Store: d.Store, Conversations: p.conversations, Actions: p.actions, People: p.people, Token: api.Token,
		SessionEnds: people.SessionsSubject, Status: api.StatusOfCode, Log: log,
	})
	return p, nil
}

// openFiles opens where files lie. Who sees one is the tickets' rule.
func (p *portal) openFiles(ctx context.Context, f fileSettings) error {
	bucket, err := files.OpenBucket(ctx, f.where(p.database.data))
	if err != nil {
		return err
	}
	p.files = files.New(files.Config{
		Store: p.database.Store, Bucket: bucket, Sees: tickets.SeesFileTx, MaxBytes: f.MaxMB << 20, DayBytes: f.DayMB << 20, Log: p.log,
	})
	return nil
}

// listensOn tells what needs to know this machine's own port.
func (p *portal) listensOn(a net.Addr) {
	if tcp, ok := a.(*net.TCPAddr); ok {
		p.people.ListensOn(tcp.Port)
	}
}

// The workers of each queue on one node: a flood of imports never delays a
// takeover.
var queues = map[string]river.QueueConfig{
	store.QueueTurns: {MaxWorkers: 8},
	store.QueueIndex: {MaxWorkers: 2},
	store.QueueMail:  {MaxWorkers: 8},
	store.QueueWeb:   {MaxWorkers: 2},
}

// start begins to work: turns that a node before left behind, jobs, vectors of
// a model that was changed.
func (p *portal) start(ctx context.Context) error {
	workers := river.NewWorkers()
	p.conversations.AddWorkers(workers)
	p.knowledge.AddWorkers(workers)
	p.notify.AddWorkers(workers)
	p.ticketMails.AddWorkers(workers)
	p.people.AddWorkers(workers)
	p.verify.AddWorkers(workers)
	p.files.AddWorkers(workers)
	p.database.AddWorkers(workers)
	periodic := slices.Concat(p.notify.Periodic(), p.verify.Periodic(), p.files.Periodic(), p.database.Periodic(), p.knowledge.Periodic())
	// Jobs end by close, not with the signal: what runs may finish.
	jobs, err := p.database.StartJobs(context.WithoutCancel(ctx), workers, queues, periodic)
	if err != nil {
		return err
	}
	p.jobs = jobs
	if err := p.knowledge.Refresh(ctx); err != nil {
		return err
	}
	go func() { // minutes for a large base, and searches are right without it
		if err := p.knowledge.EnsureVectorIndexes(ctx, p.database.cfg.AdminURL); err != nil && ctx.Err() == nil {
			p.log.WarnContext(ctx, "vector index not built, searching without it", "error", err)
		}
	}()
	go p.actions.Run(ctx)
	return p.conversations.Start(ctx)
}

func (p *portal) app(trustedProxies []string, draining *atomic.Bool) *fiber.App {
	app, _ := api.NewApp(api.Config{
		Verify: p.verify, Notify: p.notify,
		Store: p.database.Store, People: p.people, Tickets: p.tickets, Files: p.files, Conversations: p.conversations, Actions: p.actions, Knowledge: p.knowledge, Software: p.software,
		Devices: p.devices, Agents: p.agents, AgentLink: p.links.Handler(), AgentEnrol: p.links.EnrolHandler(),
		Assistant: func() api.AssistantInfo { return p.models.info }, Troubles: p.models.troubles,
		Assets: api.Assets(func(path, encodings string) (api.Asset, bool) {
			f, ok := web.Lookup(path, encodings)
			return api.Asset(f), ok
		}),
		Chat: p.chat.Handler(), Metrics: adaptor.HTTPHandler(promhttp.Handler()),
		Draining: draining.Load, TrustedProxies: trustedProxies, Log: p.log,
	})
	return app
}

// stop ends what serves people: sockets are asked to come back, running turns
// finish or are handed over.
func (p *portal) stop(ctx context.Context) {
	p.links.Close()
	p.chat.Drain(ctx, clientsLeaveWithin)
	p.conversations.Drain(ctx)
	p.chat.Close()
}

// clientsLeaveWithin is how long sockets have to go by themselves.
const clientsLeaveWithin = 6 * time.Second

func (p *portal) close(ctx context.Context) {
	if p.jobs == nil {
		return
	}
	if err := p.jobs.Stop(ctx); err != nil {
		p.log.Warn("jobs did not end in time; they run again", "error", err)
	}
}
