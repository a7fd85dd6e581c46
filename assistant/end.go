package assistant

import (
	"context"
	"errors"
	"strings"
	"unicode/utf8"

	"github.com/conserje/conserje/assistant/model"
	"github.com/conserje/conserje/portal/desk"
	"github.com/conserje/conserje/prompts"
)

// maxAnswer bounds what is stored as an answer, in bytes.
const maxAnswer = 64 << 10

// say is a canned text in the user's language.
func (j *job) say(key string) string { return prompts.Text(string(j.viewer.Language), key, nil) }

// finish ends the turn with the model's last word.
func (j *job) finish(ctx context.Context, s said) error {
	text := s.text
	if s.finish == model.FinishLength && strings.TrimSpace(text) != "" {
		text = strings.TrimRight(text, " \n") + "\n\n" + j.say("interrupted")
	}
	if strings.TrimSpace(text) == "" {
		text = j.say("empty_answer")
	}
	return j.close(ctx, text)
}

// close ends the turn with a text, whoever wrote it.
func (j *job) close(ctx context.Context, text string) error {
	msg := j.message(text)
	msg.Unanswered = j.unanswered(msg.Citations)
	err := j.turn.Finish(ctx, msg)
	j.spent.billed = err == nil
	return err
}

// message is the text as it is stored: whole characters, bounded, with the
// citations that it really has.
func (j *job) message(text string) desk.AssistantMessage {
	text = strings.ReplaceAll(strings.ToValidUTF8(text, "\uFFFD"), "\x00", "")
	if len(text) > maxAnswer {
		cut := maxAnswer
		for !utf8.RuneStart(text[cut]) {
			cut--
		}
		text = text[:cut] + "…\n\n" + j.say("interrupted")
	}
	text, citations := cited(text, &j.sources)
	if strings.TrimSpace(text) == "" {
		text = j.say("empty_answer")
	}
	usage := j.spent.usage
	if j.spared {
		usage = desk.Usage{} // the spare model costs none
	}
	return desk.AssistantMessage{
		Turn: j.id, Text: text, Citations: citations, Model: j.name, Offline: j.offline, Usage: usage,
	}
}

// trouble ends a turn whose model failed. What the user has read of an answer
// stays, and the text says that it broke off; without any, it says why there is
// none and what they can do.
func (j *job) trouble(ctx context.Context, shown string, err error, last bool) error {
	if ctx.Err() != nil {
		return err
	}
	if last && j.worked() && strings.TrimSpace(shown) == "" {
		// The bounds are spent and the last word is missing: what was found is
		// in the log, and the way to a person is open.
		return j.close(ctx, j.say("steps_spent"))
	}
	code, key := desk.CodeOf(err), "internal"
	switch {
	case errors.Is(err, errModelTime):
		code, key = desk.CodeModelUnavailable, "model_gone"
	case code == desk.CodeModelKey:
		key = "model_key"
	case code == desk.CodeModelUnavailable:
		key = "model_gone"
	}
	return j.fail(ctx, shown, key, desk.Wrap(code, err, "the assistant's model failed"))
}

// worked reports whether tools have run in this turn at the model's wish.
func (j *job) worked() bool {
	for _, s := range j.past.steps {
		if s.number > 0 {
			return true
		}
	}
	return false
}

// fail says in the log why there is no answer and returns the error, with
// which the runner ends the turn as failed.
func (j *job) fail(ctx context.Context, shown, key string, err error) error {
	text := j.say(key)
	if strings.TrimSpace(shown) != "" {
		text = strings.TrimRight(shown, " \n") + "\n\n" + j.say("interrupted")
	}
	msg := j.message(text)
	msg.Usage = desk.Usage{} // charged apart
	if _, appendErr := j.turn.Append(ctx, desk.KindAssistantMessage, msg); appendErr != nil {
		return appendErr
	}
	return err
}
