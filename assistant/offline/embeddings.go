package offline

import (
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"math"
	"net/http"
)

// maxInputs bounds one request for embeddings, as the protocol does.
const maxInputs = 2048

func models() []modelInfo {
	return []modelInfo{{ID: ModelName, Object: "model", OwnedBy: "conserje"}}
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
	_, ok := in.texts()
	if !ok {
		return failed(req, http.StatusBadRequest, problem("invalid_input", "input must be a text or up to 2048 texts", "input"))
	}
	return failed(req, http.StatusNotFound, problem("model_not_found", "no embedding model", "model"))
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
