package api

import (
	"context"
	"mime"
	"net/http"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humafiber"
	"github.com/gofiber/fiber/v2"

	"github.com/conserje/conserje/portal/desk"
	"github.com/conserje/conserje/portal/files"
)

const filesPath = "/api/v1/files"

type sendFile struct {
	RawBody huma.MultipartFormFiles[struct {
		File huma.FormFile `form:"file" required:"true" doc:"One file. What it is, its bytes say."`
	}]
}

func (a *API) mountFiles() {
	route(a, users, http.MethodPost, "/files", "Send a file, to attach it by its id to a message, a reply or a new ticket", a.sendFile, createdNew, func(op *huma.Operation) {
		op.MaxBodyBytes = int64(a.mostOf(filesPath))
		op.Errors = append(op.Errors, http.StatusInsufficientStorage)
	})
	route(a, users, http.MethodGet, "/files/{id}", "Download a file", a.download((*files.Service).Open, "attachment"), aFile("The file", "*/*"))
	route(a, users, http.MethodGet, "/files/{id}/picture", "A picture, as large as a page needs", a.download((*files.Service).OpenPicture, "inline"), aFile("The picture", "image/png", "image/jpeg"))
	route(a, users, http.MethodDelete, "/files/{id}", "Delete a file: your own before you attach it, any by staff", func(ctx context.Context, in *ByID) (*nothing, error) {
		id, err := in.id()
		if err != nil {
			return nil, err
		}
		return nil, a.cfg.Files.Delete(ctx, id)
	}, noContent)
}

func (a *API) sendFile(ctx context.Context, in *sendFile) (*body[desk.Attachment], error) {
	if n := len(in.RawBody.Form.File["file"]); n != 1 {
		return nil, desk.Errorf(desk.CodeInvalid, "send the files one by one").On("file")
	}
	f := in.RawBody.Data().File
	defer f.Close()
	if f.Size > a.cfg.Files.MaxBytes() {
		return nil, a.cfg.Files.TooLarge(f.Filename)
	}
	sent, err := a.cfg.Files.Send(ctx, f.Filename, f)
	return &body[desk.Attachment]{sent}, err
}

// download hands out a file's bytes. Only pictures that we have written
// ourselves are shown; whatever else a browser gets is told to keep it, not to
// guess what it is, and to run nothing of it (SECURITY G2, H3).
func (a *API) download(open func(*files.Service, context.Context, desk.ID) (*files.Content, error), disposition string) func(context.Context, *ByID) (*huma.StreamResponse, error) {
	return func(ctx context.Context, in *ByID) (*huma.StreamResponse, error) {
		id, err := in.id()
		if err != nil {
			return nil, err
		}
		f, err := open(a.cfg.Files, ctx, id)
		if err != nil {
			return nil, err
		}
		return &huma.StreamResponse{Body: func(c huma.Context) {
			c.SetHeader(fiber.HeaderContentType, f.ServeAs)
			c.SetHeader(fiber.HeaderContentDisposition, mime.FormatMediaType(disposition, map[string]string{"filename": f.Name}))
			c.SetHeader(fiber.HeaderContentSecurityPolicy, "default-src 'none'; sandbox")
			c.SetHeader("Cross-Origin-Resource-Policy", "same-origin")
			// The server closes it when it is sent, or the line breaks.
			humafiber.UnwrapV2(c).Context().SetBodyStream(f, int(f.Bytes))
		}}, nil
	}
}

// aFile documents an answer that is a file of one of these types.
func aFile(what string, types ...string) func(*huma.Operation) {
	content := map[string]*huma.MediaType{}
	for _, t := range types {
		content[t] = &huma.MediaType{Schema: &huma.Schema{Type: "string", Format: "binary"}}
	}
	return func(op *huma.Operation) {
		op.Responses = map[string]*huma.Response{"200": {Description: what, Content: content}}
	}
}
