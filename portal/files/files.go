// Package files keeps what people send: screenshots, logs, documents.
//
// A file is sent first and attached afterwards, by its id, to a ticket, a reply
// or a message in a conversation. Until then only who sent it sees it; from then
// on, whoever sees that place, asked anew each time. What is attached nowhere is
// swept after a day.
//
// What a file is, its bytes say and not its name. Pictures that browsers may
// show are decoded within bounds and written anew, so that nothing but the
// picture is left of them; everything else is handed out as a download and never
// shown. The bytes lie in a bucket, a folder by default, and the row comes
// before the bytes, so that a crash leaves nothing that no row knows of.
package files

import (
	"context"
	"log/slog"
	"time"

	"gocloud.dev/blob"
	"golang.org/x/sync/semaphore"

	"github.com/conserje/conserje/portal/desk"
	"github.com/conserje/conserje/portal/store"
	"github.com/conserje/conserje/portal/store/db"
)

// The bounds that are the same everywhere.
const (
	MaxPerMessage = 10  // files of one message, reply or new ticket
	maxPerPlace   = 300 // files of one ticket, and of one conversation

	megabyte   = 1 << 20
	quotaUnit  = 64 << 10 // what the smallest file costs of a day's quota
	quotaOver  = 24 * time.Hour
	looseAfter = 24 * time.Hour
	slowest    = 256 << 10 // bytes that a bucket takes in a second
)

// Place is where a file hangs: a ticket's opening, a reply of it, or a
// conversation. The zero value is nowhere yet.
type Place struct {
	Ticket       desk.ID
	Reply        desk.ID // Ticket says of which ticket
	Conversation desk.ID
	Internal     bool // an internal note's
}

// Config sets up the service. Store, Bucket, Sees and Log are required; the zero
// values of the rest are the production settings.
type Config struct {
	Store  *store.Store
	Bucket *blob.Bucket
	// Sees refuses a viewer who does not see the place. Every reading asks it.
	Sees func(ctx context.Context, tx *store.Tx, v desk.Viewer, p Place) error
	Log  *slog.Logger

	MaxBytes int64 // of one file; 25 MiB
	DayBytes int64 // of one person in 24 hours; 500 MiB

	// Patience is how long the bucket may say nothing before it counts as away,
	// a minute; writing has a second more for each 256 KiB.
	Patience time.Duration
}

// Service is the one way to the bytes.
type Service struct {
	cfg    Config
	store  *store.Store
	memory *semaphore.Weighted // what decoding pictures may take on this node
}

// New returns the service.
func New(cfg Config) *Service {
	if cfg.MaxBytes == 0 {
		cfg.MaxBytes = 25 * megabyte
	}
	if cfg.DayBytes == 0 {
		cfg.DayBytes = 500 * megabyte
	}
	if cfg.Patience == 0 {
		cfg.Patience = time.Minute
	}
	return &Service{cfg: cfg, store: cfg.Store, memory: semaphore.NewWeighted(decodeMemory)}
}

// MaxBytes is how large a file may be.
func (s *Service) MaxBytes() int64 { return s.cfg.MaxBytes }

// TooLarge is the refusal of a file above MaxBytes.
func (s *Service) TooLarge(name string) *desk.Error {
	most := s.cfg.MaxBytes / megabyte
	return desk.Errorf(desk.CodeFileTooLarge, "a file may have at most %d MB", most).With("max", most).With("name", CleanName(name))
}

func notFound() error { return desk.Errorf(desk.CodeNotFound, "no such file") }

func attachment(f db.File) desk.Attachment {
	return desk.Attachment{
		ID: f.ID, Name: f.Name, Type: f.Type, Size: f.Size, Picture: f.Picture,
		Width: int(store.OrZero(f.Width)), Height: int(store.OrZero(f.Height)), Deleted: f.DeletedAt != nil,
	}
}

func loose(f db.File) bool { return f.TicketID == nil && f.ReplyID == nil && f.ConversationID == nil }
