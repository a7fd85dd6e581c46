package store

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"slices"
	"time"
	"unicode/utf8"

	"github.com/conserje/conserje/portal/desk"
	"github.com/conserje/conserje/portal/store/db"
)

// ConversationSubject is where a conversation's new events and deltas are
// announced.
func ConversationSubject(tenant, conversation desk.ID) string {
	return "conv." + string(tenant) + "." + string(conversation)
}

// Append adds one event to a conversation's log: the next sequence number,
// without gaps, chained to the one before by its hash. It locks the
// conversation's row until the transaction ends, so appends are in order, and
// wakes the subscribers after the commit. An unknown conversation is
// CodeNotFound; text that Postgres cannot hold is CodeInvalidUTF8.
func (tx *Tx) Append(ctx context.Context, conversation desk.ID, kind desk.Kind, body any) (desk.Event, error) {
	canonical, err := json.Marshal(body)
	if err != nil {
		return desk.Event{}, fmt.Errorf("event body: %w", err)
	}
	if !utf8.Valid(canonical) {
		return desk.Event{}, desk.Errorf(desk.CodeInvalidUTF8, "the text is not valid UTF-8")
	}
	head, held := tx.heads[conversation]
	if !held {
		head, err = tx.LockConversation(ctx, conversation)
		if NoRows(err) {
			return desk.Event{}, desk.Errorf(desk.CodeNotFound, "no such conversation")
		}
		if err != nil {
			return desk.Event{}, err
		}
	}
	salt := make([]byte, 16)
	if _, err := rand.Read(salt); err != nil {
		return desk.Event{}, err
	}
	// Postgres keeps microseconds: hash what will be read back.
	e := desk.Event{Conversation: conversation, Seq: head.LastSeq + 1, At: time.Now().UTC().Truncate(time.Microsecond), Kind: kind, Body: canonical}
	hash := chainHash(head.LastHash, e, sealBody(salt, canonical))
	err = tx.InsertEvent(ctx, db.InsertEventParams{
		TenantID: tx.Tenant, ConversationID: conversation, Seq: e.Seq, Kind: kind, Body: canonical,
		At: e.At, Salt: salt, PrevHash: head.LastHash, Hash: hash,
	})
	if err != nil {
		return desk.Event{}, err
	}
	tx.remember(conversation, db.LockConversationRow{LastSeq: e.Seq, LastHash: hash})
	wake, err := json.Marshal(map[string]int64{"seq": e.Seq})
	if err != nil {
		return desk.Event{}, err
	}
	tx.Publish(ConversationSubject(tx.Tenant, conversation), wake)
	return e, nil
}

// HoldConversation locks a conversation's row until the transaction ends and
// returns it; Append then needs no lock of its own.
func (tx *Tx) HoldConversation(ctx context.Context, conversation desk.ID) (db.HoldConversationRow, error) {
	row, err := tx.Queries.HoldConversation(ctx, conversation)
	if err == nil {
		tx.remember(conversation, db.LockConversationRow{LastSeq: row.LastSeq, LastHash: row.LastHash})
	}
	return row, err
}

// remember keeps the head of a conversation whose row this transaction has
// locked: nobody else can move it on.
func (tx *Tx) remember(conversation desk.ID, head db.LockConversationRow) {
	if tx.heads == nil {
		tx.heads = map[desk.ID]db.LockConversationRow{}
	}
	tx.heads[conversation] = head
}

// Events reads a conversation's log after a sequence number, oldest first.
func (tx *Tx) Events(ctx context.Context, conversation desk.ID, after int64, atMost int) ([]desk.Event, error) {
	rows, err := tx.EventsAfter(ctx, db.EventsAfterParams{ConversationID: conversation, After: after, AtMost: int32(min(atMost, 10_000))}) //nolint:gosec // bounded beside it
	if err != nil {
		return nil, err
	}
	events := make([]desk.Event, len(rows))
	for i, r := range rows {
		events[i] = desk.Event{Conversation: conversation, Seq: r.Seq, At: r.At.UTC(), Kind: r.Kind, Body: r.Body}
	}
	return events, nil
}

// sealBody hides the body behind a salt, so that its hash can stay after the
// body was erased and reveals nothing by guessing.
func sealBody(salt, body []byte) []byte {
	h := sha256.New()
	h.Write(salt)
	h.Write(body)
	return h.Sum(nil)
}

// chainHash is H(previous, seq, kind, at, H(salt, body)) with every part of
// fixed length or length-prefixed, so that no two records share an encoding.
func chainHash(prev []byte, e desk.Event, sealed []byte) []byte {
	var b []byte
	b = binary.BigEndian.AppendUint32(b, uint32(len(prev))) //nolint:gosec // 0 or 32
	b = append(b, prev...)
	b = binary.BigEndian.AppendUint64(b, uint64(e.Seq))       //nolint:gosec // positive
	b = binary.BigEndian.AppendUint32(b, uint32(len(e.Kind))) //nolint:gosec // a short constant
	b = append(b, e.Kind...)
	b = binary.BigEndian.AppendUint64(b, uint64(e.At.UnixMicro()))
	b = append(b, sealed...)
	sum := sha256.Sum256(b)
	return sum[:]
}

// VerifyChain walks a conversation's log and reports the first sequence
// number whose record is missing or does not match its hash; 0 means that the
// whole chain is intact. An erased body is skipped: its hash still binds it.
func (tx *Tx) VerifyChain(ctx context.Context, conversation desk.ID) (broken int64, err error) {
	head, err := tx.ConversationHead(ctx, conversation)
	if NoRows(err) {
		return 0, desk.Errorf(desk.CodeNotFound, "no such conversation")
	}
	if err != nil {
		return 0, err
	}
	prev := []byte{}
	var seq int64
	for seq < head.LastSeq {
		rows, err := tx.ChainAfter(ctx, db.ChainAfterParams{ConversationID: conversation, After: seq, AtMost: 500})
		if err != nil {
			return 0, err
		}
		if len(rows) == 0 {
			return seq + 1, nil
		}
		for _, r := range rows {
			if seq == head.LastSeq {
				break // appended since the head was read
			}
			seq++
			if r.Seq != seq || !slices.Equal(r.PrevHash, prev) || !linkHolds(r) {
				return seq, nil
			}
			prev = r.Hash
		}
	}
	if seq != head.LastSeq || !slices.Equal(prev, head.LastHash) {
		return head.LastSeq, nil
	}
	return 0, nil
}

func linkHolds(r db.ChainAfterRow) bool {
	if r.Body == nil && r.Salt == nil {
		return true
	}
	e := desk.Event{Seq: r.Seq, Kind: r.Kind, At: r.At}
	return slices.Equal(r.Hash, chainHash(r.PrevHash, e, sealBody(r.Salt, r.Body)))
}
