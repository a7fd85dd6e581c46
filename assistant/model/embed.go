package model

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"math"

	openai "github.com/sashabaranov/go-openai"
)

// knownDimensions are the lengths that OpenAI documents.
var knownDimensions = map[string]int{
	"text-embedding-3-small": 1536,
	"text-embedding-3-large": 3072,
	"text-embedding-ada-002": 1536,
}

// maxDimensions is what an index on halfvec takes.
const maxDimensions = 4000

// Attempts for an embedding: somebody waits for a query's, an import can wait
// longer for a passage's.
const (
	queryAttempts   = 2
	passageAttempts = 5
)

// Model implements Embedder.
func (p *Provider) Model() EmbeddingModel {
	return EmbeddingModel{Name: p.cfg.EmbeddingModel, Dimensions: int(p.length.Load())}
}

// Embed implements Embedder. The vectors have length 1, or are all zeros for a
// text in which the model finds nothing. Texts go out in
// batches; the result is whole or an error.
func (p *Provider) Embed(ctx context.Context, texts []string, purpose Purpose) ([][]float32, error) {
	prefix, attempts := p.cfg.PassagePrefix, passageAttempts
	if purpose == PurposeQuery {
		prefix, attempts = p.cfg.QueryPrefix, queryAttempts
	}
	input := make([]string, len(texts))
	for i, t := range texts {
		if t == "" {
			return nil, p.embedError(failure(ClassFinal, ReasonUnsupported, fmt.Errorf("text %d is empty", i)))
		}
		input[i] = prefix + t
	}
	vectors := make([][]float32, 0, len(texts))
	for len(input) > 0 {
		n := min(len(input), p.cfg.BatchSize)
		batch, err := p.embedBatch(ctx, input[:n], attempts)
		if err != nil {
			return nil, p.embedError(err)
		}
		vectors = append(vectors, batch...)
		input = input[n:]
	}
	return vectors, nil
}

func (p *Provider) embedError(e *Error) *Error {
	e.Model = p.cfg.EmbeddingModel
	return e
}

func (p *Provider) embedBatch(ctx context.Context, batch []string, attempts int) ([][]float32, *Error) {
	policy := withPolicyDefaults(Policy{Jitter: p.cfg.Jitter})
	for attempt := 1; ; attempt++ {
		vectors, e := p.tryEmbed(ctx, batch)
		if e == nil {
			return vectors, nil
		}
		if e.Class == ClassStopped || e.Reason == ReasonOpen {
			return nil, e
		}
		report(ctx, p.log, p.embedError(e), attempt)
		if e.Class != ClassRetryable || attempt >= attempts {
			return nil, e
		}
		wait := policy.wait(attempt, e.After)
		if attempts == queryAttempts && wait > policy.MaxWait || !affords(ctx, wait) || !sleep(ctx, wait) {
			return nil, e
		}
	}
}

func (p *Provider) tryEmbed(ctx context.Context, batch []string) (vectors [][]float32, e *Error) {
	done, err := p.breaker.Allow()
	if err != nil {
		return nil, failure(ClassRetryable, ReasonOpen, err)
	}
	defer func() {
		if e == nil {
			p.health.saw(p.cfg.EmbeddingModel, nil)
			done(nil)
			return
		}
		p.health.saw(p.cfg.EmbeddingModel, e)
		done(e)
	}()
	ctx, cancel := context.WithTimeoutCause(ctx, p.cfg.Idle, errIdle)
	defer cancel()
	vectors, err = p.requestEmbeddings(ctx, batch)
	if err != nil {
		return nil, classify(ctx, err)
	}
	return vectors, nil
}

// requestEmbeddings asks for base64, which is a quarter of the bytes and
// needs no parsing of numbers; a server that answers numbers all the same is
// asked for numbers from then on.
func (p *Provider) requestEmbeddings(ctx context.Context, batch []string) ([][]float32, error) {
	req := openai.EmbeddingRequest{
		Input:          batch,
		Model:          openai.EmbeddingModel(p.cfg.EmbeddingModel),
		EncodingFormat: openai.EmbeddingEncodingFormatBase64,
	}
	if known := knownDimensions[p.cfg.EmbeddingModel]; known > 0 && p.cfg.Dimensions > 0 && p.cfg.Dimensions != known {
		req.Dimensions = p.cfg.Dimensions // the model can shorten its vectors
	}
	if !p.floats.Load() {
		resp, err := p.api.CreateEmbeddings(ctx, req)
		var wrongType *json.UnmarshalTypeError
		var corrupt base64.CorruptInputError
		switch {
		case errors.As(err, &wrongType):
			p.floats.Store(true)
		case errors.As(err, &corrupt):
			return nil, failure(ClassRetryable, ReasonVectors, errors.New("not base64"))
		case err != nil:
			return nil, jsonTrouble(err)
		default:
			return p.checkVectors(resp.Data, len(batch))
		}
	}
	req.EncodingFormat = openai.EmbeddingEncodingFormatFloat
	resp, err := p.api.CreateEmbeddings(ctx, req)
	if err != nil {
		return nil, jsonTrouble(err)
	}
	return p.checkVectors(resp.Data, len(batch))
}

// jsonTrouble gives decoding errors a reason.
func jsonTrouble(err error) error {
	var syntax *json.SyntaxError
	var wrongType *json.UnmarshalTypeError
	if errors.As(err, &syntax) || errors.As(err, &wrongType) {
		return failure(ClassRetryable, ReasonBadEvent, errors.New("an answer that is no list of embeddings"))
	}
	return err
}

// checkVectors puts vectors in the order of their texts and makes them unit
// vectors of the one right length.
func (p *Provider) checkVectors(data []openai.Embedding, n int) ([][]float32, error) {
	if len(data) != n {
		return nil, failure(ClassRetryable, ReasonVectors, fmt.Errorf("%d vectors for %d texts", len(data), n))
	}
	out := make([][]float32, n)
	for i := range data {
		at := data[i].Index
		if at < 0 || at >= n || out[at] != nil {
			return nil, failure(ClassRetryable, ReasonVectors, fmt.Errorf("vector with index %d of %d", at, n))
		}
		if e := p.checkLength(len(data[i].Embedding)); e != nil {
			return nil, e
		}
		v, ok := unit(data[i].Embedding)
		if !ok {
			return nil, failure(ClassRetryable, ReasonVectors, errors.New("a vector with something that is no number"))
		}
		out[at] = v
	}
	return out, nil
}

func (p *Provider) checkLength(got int) *Error {
	if got == 0 || got > maxDimensions {
		return dimensionError(int(p.length.Load()), got)
	}
	if !p.fixed {
		p.length.CompareAndSwap(0, int64(got))
	}
	if want := int(p.length.Load()); got != want {
		return dimensionError(want, got)
	}
	return nil
}

func dimensionError(want, got int) *Error {
	e := failure(ClassFinal, ReasonDimension, fmt.Errorf("want %d, got %d", want, got))
	e.public.Params = map[string]any{"want": want, "got": got}
	return e
}

// unit scales v to length 1 in place. Zeros stay zeros: a text without words
// is like no other text.
func unit(v []float32) ([]float32, bool) {
	var sum float64
	for _, x := range v {
		sum += float64(x) * float64(x)
	}
	if math.IsNaN(sum) || math.IsInf(sum, 0) {
		return nil, false
	}
	if sum == 0 {
		return v, true
	}
	scale := float32(1 / math.Sqrt(sum))
	for i := range v {
		v[i] *= scale
	}
	return v, true
}
