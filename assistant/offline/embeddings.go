package offline

import (
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"math"
	"net/http"
	"strconv"
)

// maxInputs bounds one request for embeddings, as the protocol does.
const maxInputs = 2048

func models() []modelInfo {
	return []modelInfo{
		{ID: ModelName, Object: "model", OwnedBy: "conserje"},
		{ID: EmbeddingModel, Object: "model", OwnedBy: "conserje"},
	}
}

type embeddingRequest struct {
	Input          json.RawMessage `json:"input"`
	EncodingFormat string          `json:"encoding_format"`
	Dimensions     int             `json:"dimensions"`
}

// texts reads the input: a text or a list of texts. Token ids are another
// model's, so they are refused.
func (r embeddingRequest) texts() ([]string, bool) {
	var one string
	if json.Unmarshal(r.Input, &one) == nil && one != "" {
		return []string{one}, true
	}
	var many []string
	if json.Unmarshal(r.Input, &many) == nil && len(many) > 0 && len(many) <= maxInputs {
		return many, true
	}
	return nil, false
}

func embeddings(req *http.Request, body []byte) *http.Response {
	var in embeddingRequest
	if err := json.Unmarshal(body, &in); err != nil {
		return failed(req, http.StatusBadRequest, problem("invalid_json", "the body is not an embedding request", ""))
	}
	texts, ok := in.texts()
	if !ok {
		return failed(req, http.StatusBadRequest, problem("invalid_input", "input must be a text or up to 2048 texts", "input"))
	}
	if in.Dimensions != 0 && in.Dimensions != EmbeddingDimensions {
		return failed(req, http.StatusBadRequest, problem("unsupported_value", "vectors have "+strconv.Itoa(EmbeddingDimensions)+" dimensions", "dimensions"))
	}
	if f := in.EncodingFormat; f != "" && f != "float" && f != "base64" {
		return failed(req, http.StatusBadRequest, problem("unsupported_value", "encoding_format is float or base64", "encoding_format"))
	}
	out := embeddingList{Object: "list", Model: EmbeddingModel, Data: make([]embedding, len(texts))}
	for i, t := range texts {
		out.Data[i] = embedding{Object: "embedding", Index: i, Embedding: vector(Embed(t), in.EncodingFormat)}
		out.Usage.Prompt += tokensOf(t)
	}
	out.Usage.Total = out.Usage.Prompt
	return answered(req, out)
}

type embeddingList struct {
	Object string      `json:"object"`
	Data   []embedding `json:"data"`
	Model  string      `json:"model"`
	Usage  struct {
		Prompt int `json:"prompt_tokens"`
		Total  int `json:"total_tokens"`
	} `json:"usage"`
}

type embedding struct {
	Object    string `json:"object"`
	Index     int    `json:"index"`
	Embedding any    `json:"embedding"` // numbers, or base64 of their bytes
}

// vector encodes an embedding as asked: numbers, or their bytes in base64.
func vector(v []float32, format string) any {
	if format != "base64" {
		return v
	}
	b := make([]byte, 0, 4*len(v))
	for _, f := range v {
		b = binary.LittleEndian.AppendUint32(b, math.Float32bits(f))
	}
	return base64.StdEncoding.EncodeToString(b)
}
