package api_test

import (
	"cmp"
	"context"
	"encoding/json"
	"maps"
	"math/rand/v2"
	"net/http"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/conserje/conserje/portal/desk"
	"github.com/conserje/conserje/portal/store"
	"github.com/conserje/conserje/portal/store/storetest"
)

// How many requests, and from which seed: `make fuzz` sends 10,000. What fails
// under a seed fails again under it.
func fuzzing(t testing.TB) (requests int, seed uint64) {
	t.Helper()
	requests, seed = 2000, 4
	if s := os.Getenv("FUZZ_REQUESTS"); s != "" {
		n, err := strconv.Atoi(s)
		if err != nil {
			t.Fatal(err)
		}
		requests = n
	}
	if s := os.Getenv("FUZZ_SEED"); s != "" {
		n, err := strconv.ParseUint(s, 10, 64)
		if err != nil {
			t.Fatal(err)
		}
		seed = n
	}
	return requests, seed
}

// sender is one worker: a generator of its own, in a role that changes.
type sender struct {
	*generator

	w      *world
	tokens map[string]string
	answer map[int]int
	valid  int // valid requests, and how many of them were let through
	taken  int
}

var senders = []string{"", "ana", "ben", "chloe", "tess", "adam", "adam", "zara"}

// Whatever is sent, valid, nearly valid or hostile, by whoever it is: the
// server answers without an error of its own, and as its document says.
// Holds P14.
func TestEveryGeneratedRequestIsAnsweredAsTheDocumentSays(t *testing.T) {
	t.Parallel()
	const workers = 4
	requests, seed := fuzzing(t)
	w := newWorld(t)
	w.plant(t)
	raw, err := w.api.Document()
	if err != nil {
		t.Fatal(err)
	}
	values := hostileValues(t)
	var all sync.WaitGroup
	var mu sync.Mutex
	answers, valid, taken := map[int]int{}, 0, 0
	for n := range workers {
		all.Go(func() {
			g := &generator{Rand: rand.New(rand.NewPCG(seed, uint64(n))), hostile: values, known: map[string][]string{}}
			if err := json.Unmarshal(raw, &g.doc); err != nil {
				t.Error(err)
				return
			}
			s := &sender{generator: g, w: w, tokens: map[string]string{}, answer: map[int]int{}}
			s.look(t)
			for i := range requests / workers {
				if i%200 == 0 {
					w.forgive(t)
				}
				s.send(t)
			}
			mu.Lock()
			defer mu.Unlock()
			for status, n := range s.answer {
				answers[status] += n
			}
			valid, taken = valid+s.valid, taken+s.taken
		})
	}
	all.Wait()
	t.Logf("seed %d: %v; of %d valid ones of who may ask, %d were taken", seed, answers, valid, taken)
	if requests > 1000 && taken*4 < valid {
		t.Errorf("of %d valid requests only %d were taken: the generator makes nothing but refusals", valid, taken)
	}
}

// look asks every list as who sees most of it, so that there are objects to ask
// about.
func (s *sender) look(t testing.TB) {
	t.Helper()
	for _, op := range s.doc.operations() {
		if op[0] != "get" || strings.Contains(op[1], "{") {
			continue
		}
		for _, who := range []string{"adam", "ana"} {
			s.learn(op[1], s.w.do(t, call{path: op[1], token: s.token(t, who)}))
		}
	}
	// People whom nobody needs any more; the others would be locked out.
	s.known["users"] = nil
	for range 4 {
		s.known["users"] = append(s.known["users"], string(s.w.spare(t, desk.RoleContact)))
	}
}

func (s *sender) token(t testing.TB, who string) string {
	t.Helper()
	if who == "" {
		return ""
	}
	if s.tokens[who] == "" {
		s.w.forgetLogIns(t)
		s.tokens[who], _ = s.w.logIn(t, who)
	}
	return s.tokens[who]
}

func (s *sender) send(t testing.TB) {
	t.Helper()
	operations := s.doc.operations()
	op := operations[s.IntN(len(operations))]
	who := senders[s.IntN(len(senders))]
	c, kind := s.request(op[0], op[1])
	c.token = s.token(t, who)
	if who == "zara" {
		c.host = abroad
	}
	if len(c.path) > 12<<10 {
		// Refused while its sender is still writing: the answer, or a connection
		// that is gone, whichever comes first.
		if res, err := http.DefaultTransport.RoundTrip(c.request(t, s.w)); err == nil {
			_ = res.Body.Close()
		}
		return
	}
	a := s.w.do(t, c)
	s.answer[a.StatusCode]++
	if a.StatusCode >= http.StatusInternalServerError {
		t.Errorf("%s as %q: %s %q %q %v: %d %s", kind, who, c.method, c.path, c.body, c.header, a.StatusCode, a.body)
	}
	switch {
	case a.StatusCode == http.StatusUnauthorized && who != "":
		s.tokens[who] = "" // ended by something that was sent before
	case a.StatusCode < 300:
		s.learn(op[1], a)
	}
	if kind == validRequest && a.StatusCode != 401 && a.StatusCode != 403 {
		s.valid++
		if a.StatusCode < 300 {
			s.taken++
		}
	}
	if s.asDocumented(c, op) {
		s.w.valid(t, c, a)
	}
}

// asDocumented reports whether the address still is the operation's: a hostile
// segment may have made it another, or none.
func (s *sender) asDocumented(c call, op [2]string) bool {
	path, _, _ := strings.Cut(c.path, "?")
	return strings.Count(path, "/") == strings.Count(op[1], "/") && !strings.Contains(path, "//") && !strings.HasSuffix(path, "/") &&
		!strings.Contains(path, "%2F") && !strings.Contains(path, "/.")
}

// forgive lifts what would make the rest of the run one long refusal.
func (w *world) forgive(t testing.TB) {
	t.Helper()
	for _, tenant := range []desk.ID{w.tenant, w.other} {
		for _, table := range []string{"limits", "policies"} {
			storetest.InTx(t, w.store, tenant, func(ctx context.Context, tx *store.Tx) error {
				_, err := tx.Exec(ctx, "delete from "+table)
				return err
			})
		}
	}
}

// learn keeps the ids that an answer tells, by the last word of its address
// that is none.
func (g *generator) learn(path string, a answer) {
	var v any
	if a.StatusCode >= 300 || json.Unmarshal(a.body, &v) != nil {
		return
	}
	kind := kindOf(path)
	ids := map[string]bool{}
	collect(v, ids)
	for _, id := range slices.Sorted(maps.Keys(ids)) {
		if !slices.Contains(g.known[kind], id) {
			g.known[kind] = append(g.known[kind], id)
		}
	}
	if n := len(g.known[kind]); n > 40 {
		g.known[kind] = g.known[kind][n-40:]
	}
}

// collect finds the ids of an object, or of the items of a list; what is
// deeper belongs to something else.
func collect(v any, ids map[string]bool) {
	o, _ := v.(map[string]any)
	items, list := o["items"].([]any)
	if !list {
		items = []any{o}
	}
	for _, item := range items {
		o, _ := item.(map[string]any)
		for _, name := range []string{"id", "key", "name"} {
			if id, ok := o[name].(string); ok && id != "" {
				ids[id] = true
				break
			}
		}
	}
}

// kindOf is the last word of an address that is no parameter.
func kindOf(path string) string {
	words := strings.Split(path, "/")
	for _, word := range slices.Backward(words) {
		if !strings.HasPrefix(word, "{") {
			return word
		}
	}
	return ""
}

// operations lists what is asked; a log-out would only make the rest anonymous.
func (d documented) operations() (list [][2]string) {
	for path, methods := range d.Paths {
		for m := range methods {
			if m != "delete" || path != "/api/v1/session" {
				list = append(list, [2]string{m, path})
			}
		}
	}
	slices.SortFunc(list, func(a, b [2]string) int { return cmp.Compare(a[1]+a[0], b[1]+b[0]) })
	return list
}
