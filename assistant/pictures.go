package assistant

import (
	"context"

	"github.com/conserje/conserje/assistant/model"
	"github.com/conserje/conserje/portal/desk"
	"github.com/conserje/conserje/prompts"
)

// maxPictures are the pictures of a question that a model is shown.
const maxPictures = 4

// look fetches the pictures of the question, for a model that sees. One that
// cannot be read is not shown, and the model is told so.
func (j *job) look(ctx context.Context) {
	if !j.cfg.Sees || j.cfg.Files == nil || j.spared {
		return
	}
	for _, f := range pictures(j.past.files) {
		data, err := j.cfg.Files.ForModel(ctx, f.ID)
		if err != nil {
			j.cfg.Log.WarnContext(ctx, "a picture is not shown to the model", "tenant", j.viewer.Tenant, "turn", j.id, "file", f.ID, "error", err)
			return // those that are shown are the first
		}
		j.pictures = append(j.pictures, data)
	}
}

// pictures are those of a message's files that may be shown, in their order.
func pictures(files []desk.Attachment) []desk.Attachment {
	var out []desk.Attachment
	for _, f := range files {
		if f.Picture && len(out) < maxPictures {
			out = append(out, f)
		}
	}
	return out
}

// told names a message's files to the model, right before the message: what a
// person called them is data. The first so many pictures are shown with it.
func told(files []desk.Attachment, shown int) []model.Message {
	if len(files) == 0 {
		return nil
	}
	sent := prompts.Files{Files: make([]prompts.FileLine, len(files))}
	for i, f := range files {
		sent.Files[i] = prompts.FileLine{Name: f.Name, Type: f.Type, Shown: f.Picture && shown > 0}
		if f.Picture {
			shown--
		}
	}
	return []model.Message{{Role: model.RoleUser, Text: prompts.Data(prompts.FilesLabel, sent)}}
}
