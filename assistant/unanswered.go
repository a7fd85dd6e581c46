package assistant

import (
	"encoding/json"
	"strings"

	"github.com/conserje/conserje/assistant/offline"
	"github.com/conserje/conserje/portal/desk"
	"github.com/conserje/conserje/prompts"
)

// confidence is the floor under which a passage does not answer a question: the
// share of it that the passage covers.
const confidence = 0.3

// unanswered reports whether this turn was a question for the knowledge base
// that found no answer there: it was searched, the person wanted neither a
// ticket nor a person nor an act, nothing else was done for them, and what the
// final text cites, if it cites at all, lies under the floor. It is read from
// what happened and not from the model's words, so it holds for every model.
func (j *job) unanswered(cited []desk.Citation) bool {
	if !offline.Asks(j.past.question, string(j.viewer.Language)) {
		return false
	}
	searched := false
	covers := map[place]float64{}
	for _, s := range j.past.steps {
		for _, c := range s.calls {
			if c.result == nil || !c.result.OK {
				continue
			}
			switch c.Name {
			case prompts.ToolSearch:
				searched = true
				for _, p := range passagesIn(c.result.Content) {
					at := place{p.Title, p.Lang}
					covers[at] = max(covers[at], p.Score)
				}
			case prompts.ToolPerson: // nobody asked for one: the model saw no answer
			default:
				return false
			}
		}
	}
	if !searched {
		return false
	}
	for _, c := range cited {
		if covers[place{c.Title, string(c.Lang)}] >= confidence {
			return false
		}
	}
	return true
}

// place is an article in one language, as the model is shown it.
type place struct{ title, lang string }

// passagesIn reads a search's result as the model read it.
func passagesIn(content string) []prompts.Passage {
	from, to := strings.IndexByte(content, '{'), strings.LastIndexByte(content, '}')
	var found prompts.Passages
	if from < 0 || to < from || json.Unmarshal([]byte(content[from:to+1]), &found) != nil {
		return nil
	}
	return found.Passages
}
