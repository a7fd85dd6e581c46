package model

import (
	"crypto/tls"
	"errors"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"strings"
	"sync/atomic"
	"time"

	openai "github.com/sashabaranov/go-openai"
	"github.com/sony/gobreaker/v2"
)

// Config describes one provider. The zero value of every bound is replaced by
// its default.
type Config struct {
	Name           string // for logs; empty takes Model
	BaseURL        string // empty: OpenAI's
	Key            string
	Model          string
	EmbeddingModel string
	Offline        bool // the built-in model: deltas say so
	Vision         bool // the model reads pictures

	// Dimensions of the embeddings. 0: known from the model's name, or
	// learned from the first answer. Any other length is an error.
	Dimensions    int
	QueryPrefix   string // some embedding models want to read "query: "
	PassagePrefix string // … or "passage: "
	BatchSize     int    // texts in one request; default 128

	MaxTokens int           // of an answer, unless the request says; default 2048
	Idle      time.Duration // longest time without content; default 30 s

	// Transport replaces the network: the built-in model, tests, a dialer
	// that refuses private addresses. Empty: a pooled transport of its own.
	Transport http.RoundTripper
	Log       *slog.Logger
	// Jitter returns a number in [0, 1) for the waits of embeddings.
	Jitter func() float64
}

// Provider is one model and one embedding model behind one base URL. It is a
// Client of single attempts and an Embedder; it is safe for concurrent use.
type Provider struct {
	cfg     Config
	api     *openai.Client
	log     *slog.Logger
	fixed   bool         // of embeddings: the length was configured or is known
	length  atomic.Int64 // of embeddings
	floats  atomic.Bool  // the server ignores base64
	breaker *gobreaker.TwoStepCircuitBreaker[struct{}]
	newer   bool // takes max_completion_tokens and no temperature
	openai  bool // OpenAI itself: knows max_completion_tokens for every model
	health  health
}

// New returns the provider that cfg describes. It sends nothing yet.
func New(cfg Config) (*Provider, error) {
	withDefaults(&cfg)
	if cfg.Model == "" && cfg.EmbeddingModel == "" {
		return nil, errors.New("model: neither a model nor an embedding model is named")
	}
	u, err := url.Parse(cfg.BaseURL)
	if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
		return nil, errors.New("model: the base URL is not an http or https address")
	}
	oc := openai.DefaultConfig(cfg.Key)
	oc.BaseURL = cfg.BaseURL
	oc.HTTPClient = &http.Client{
		Transport: &guard{base: cfg.Transport, key: cfg.Key},
		// The guard refuses a redirect: the key goes nowhere else.
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	p := &Provider{
		cfg:     cfg,
		api:     openai.NewClientWithConfig(oc),
		log:     cfg.Log,
		newer:   isReasoning(cfg.Model),
		openai:  u.Hostname() == "api.openai.com",
		breaker: newBreaker(cfg.EmbeddingModel, withPolicyDefaults(Policy{}), cfg.Log),
	}
	dims := cfg.Dimensions
	if dims == 0 {
		dims = knownDimensions[cfg.EmbeddingModel]
	}
	p.fixed = dims > 0
	p.length.Store(int64(dims))
	return p, nil
}

func withDefaults(cfg *Config) {
	if cfg.BaseURL == "" {
		cfg.BaseURL = "https://api.openai.com/v1"
	}
	if cfg.Name == "" {
		cfg.Name = cfg.Model
	}
	if cfg.BatchSize <= 0 {
		cfg.BatchSize = 128
	}
	if cfg.MaxTokens <= 0 {
		cfg.MaxTokens = 2048
	}
	if cfg.Idle <= 0 {
		cfg.Idle = 30 * time.Second
	}
	if cfg.Transport == nil {
		cfg.Transport = NewTransport()
	}
	if cfg.Log == nil {
		cfg.Log = slog.Default()
	}
}

// NewTransport returns a transport for model servers: connections are kept
// for many streams at once, and answers are not compressed, because a
// compressed stream arrives in lumps.
func NewTransport() *http.Transport {
	return &http.Transport{
		Proxy:                 http.ProxyFromEnvironment,
		DialContext:           (&net.Dialer{Timeout: 10 * time.Second, KeepAlive: 30 * time.Second}).DialContext,
		TLSHandshakeTimeout:   10 * time.Second,
		TLSClientConfig:       &tls.Config{MinVersion: tls.VersionTLS12},
		ForceAttemptHTTP2:     true,
		HTTP2:                 &http.HTTP2Config{SendPingTimeout: 15 * time.Second, PingTimeout: 5 * time.Second},
		DisableCompression:    true,
		MaxIdleConns:          512,
		MaxIdleConnsPerHost:   256,
		IdleConnTimeout:       90 * time.Second,
		ExpectContinueTimeout: time.Second,
		ReadBufferSize:        8 << 10,
	}
}

// Name returns the model's name as people may see it.
func (p *Provider) Name() string { return p.cfg.Name }

// Offline reports whether this is the built-in model.
func (p *Provider) Offline() bool { return p.cfg.Offline }

// isReasoning names the models that want max_completion_tokens and refuse a
// temperature; go-openai refuses to send them anything else.
func isReasoning(model string) bool {
	for _, prefix := range []string{"o1", "o3", "o4", "gpt-5", "gpt-6"} {
		if strings.HasPrefix(model, prefix) {
			return true
		}
	}
	return false
}
