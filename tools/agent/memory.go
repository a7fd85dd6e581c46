package agent

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"github.com/conserje/conserje/tools/devices/wire"
)

// States of a command in the memory.
const (
	accepted = "accepted" // remembered; its effect has not begun
	begun    = "begun"    // its effect may have happened
	finished = "finished" // its report is here
)

// record is what the memory knows about one command.
type record struct {
	ID        string         `json:"id"`
	Operation string         `json:"operation"`
	State     string         `json:"state"`
	BootID    string         `json:"boot_id,omitempty"` // when it was accepted
	BegunAt   time.Time      `json:"begun_at,omitzero"`
	EndedAt   time.Time      `json:"ended_at,omitzero"`
	Told      bool           `json:"told,omitempty"`    // the report went out
	Command   *wire.Envelope `json:"command,omitempty"` // until it is finished; its secrets are sealed
	Report    *wire.Envelope `json:"report,omitempty"`

	PutOff     int       `json:"put_off,omitempty"`     // how often the people at the device put it off
	PutOffTill time.Time `json:"put_off_till,omitzero"` // the last time, by the server's clock
}

// memory remembers every command that was ever accepted: one file each,
// synced before the method returns. With no folder it lives in the process
// only.
type memory struct {
	mu   sync.Mutex
	dir  string
	byID map[string]*record
}

const memoryFolder = "commands"

func openMemory(stateDir string) (*memory, error) {
	m := &memory{byID: map[string]*record{}}
	if stateDir == "" {
		return m, nil
	}
	m.dir = filepath.Join(stateDir, memoryFolder)
	if err := os.MkdirAll(m.dir, 0o700); err != nil {
		return nil, err
	}
	entries, err := os.ReadDir(m.dir)
	if err != nil {
		return nil, err
	}
	for _, e := range entries {
		id, ok := strings.CutSuffix(e.Name(), ".json")
		if !ok || !wire.IsID(id) {
			continue // a file that was being written when the process died
		}
		raw, err := os.ReadFile(filepath.Join(m.dir, e.Name()))
		if err != nil {
			return nil, err
		}
		var r record
		if err := json.Unmarshal(raw, &r); err != nil || r.ID != id {
			// The name alone says that the id was seen; it is never run again.
			r = record{ID: id, State: begun}
		}
		m.byID[id] = &r
	}
	return m, nil
}

// get returns a copy of what is known about an id.
func (m *memory) get(id string) (record, bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	r, ok := m.byID[id]
	if !ok {
		return record{}, false
	}
	return *r, true
}

// where returns the records that the predicate picks.
func (m *memory) where(pick func(record) bool) []record {
	m.mu.Lock()
	defer m.mu.Unlock()
	var found []record
	for _, r := range m.byID {
		if pick(*r) {
			found = append(found, *r)
		}
	}
	return found
}

var errKnown = errors.New("the id is known")

// accept remembers a new command; errKnown when the id was ever seen.
func (m *memory) accept(r record) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if _, ok := m.byID[r.ID]; ok {
		return errKnown
	}
	if m.dir != "" {
		// The name must not exist on the disk either, whatever this process knows.
		f, err := os.OpenFile(m.path(r.ID), os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
		if errors.Is(err, fs.ErrExist) {
			return errKnown
		}
		if err != nil {
			return err
		}
		if err := f.Close(); err != nil {
			return err
		}
	}
	if err := m.write(r); err != nil {
		return err
	}
	m.byID[r.ID] = &r
	return nil
}

// update changes a record, on the disk first.
func (m *memory) update(id string, change func(*record)) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	old, ok := m.byID[id]
	if !ok {
		return fmt.Errorf("no command %s in the memory", id)
	}
	r := *old
	change(&r)
	if err := m.write(r); err != nil {
		return err
	}
	m.byID[id] = &r
	return nil
}

func (m *memory) write(r record) error {
	if m.dir == "" {
		return nil
	}
	raw, err := json.Marshal(r)
	if err != nil {
		return err
	}
	return writeSynced(m.path(r.ID), raw)
}

func (m *memory) path(id string) string { return filepath.Join(m.dir, id+".json") }
