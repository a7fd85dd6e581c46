package tools

import (
	"sync"

	"github.com/conserje/conserje/portal/desk"
)

// Sources numbers the passages that a turn found. The same passage found
// again keeps its number; numbers are never used for two passages. It is safe
// for concurrent use. The zero value is empty.
type Sources struct {
	mu   sync.Mutex
	list []desk.Citation
}

// Number gives the citation its number and remembers it.
func (s *Sources) Number(c desk.Citation) desk.Citation {
	s.mu.Lock()
	defer s.mu.Unlock()
	highest := 0
	for _, known := range s.list {
		highest = max(highest, known.N)
		c.N = known.N
		if c == known {
			return known
		}
	}
	c.N = highest + 1
	s.list = append(s.list, c)
	return c
}

// Restore puts back citations that an earlier attempt of the turn numbered.
func (s *Sources) Restore(citations []desk.Citation) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, c := range citations {
		if _, known := s.byNumber(c.N); !known {
			s.list = append(s.list, c)
		}
	}
}

// Find returns the passage of a number.
func (s *Sources) Find(n int) (desk.Citation, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.byNumber(n)
}

func (s *Sources) byNumber(n int) (desk.Citation, bool) {
	for _, c := range s.list {
		if c.N == n {
			return c, true
		}
	}
	return desk.Citation{}, false
}
