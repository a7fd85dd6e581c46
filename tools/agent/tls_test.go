package agent

import (
	"crypto/tls"
	"crypto/x509"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/conserje/conserje/tools/devices/wire"
)

// trusting is the agent's own client with one more root, as an operator adds
// to the system's. Everything else of it is what runs on devices.
func trusting(t *testing.T, roots ...*x509.Certificate) *http.Client {
	t.Helper()
	client := httpClient()
	transport, ok := client.Transport.(*http.Transport)
	if !ok {
		t.Fatal("not the transport that it was")
	}
	transport.TLSClientConfig.RootCAs = x509.NewCertPool()
	for _, root := range roots {
		transport.TLSClientConfig.RootCAs.AddCert(root)
	}
	t.Cleanup(client.CloseIdleConnections)
	return client
}

// SECURITY F9: whoever sits in between gets neither the token nor a link.
func TestAServerThatIsNotTheOneIsToldNothing(t *testing.T) {
	t.Parallel()
	asked := 0
	count := http.HandlerFunc(func(http.ResponseWriter, *http.Request) { asked++ })
	stranger := httptest.NewUnstartedServer(count)
	old := httptest.NewUnstartedServer(count)
	old.TLS = &tls.Config{MaxVersion: tls.VersionTLS11, MinVersion: tls.VersionTLS10}
	for _, s := range []*httptest.Server{stranger, old} {
		s.Config.ErrorLog = slog.NewLogLogger(slog.DiscardHandler, slog.LevelError)
		s.StartTLS()
		t.Cleanup(s.Close)
	}
	system, err := NewSimulated(SimulatedConfig{Name: "x", System: wire.Linux})
	if err != nil {
		t.Fatal(err)
	}
	elsewhere := strings.Replace(stranger.URL, "127.0.0.1", "localhost", 1) // the certificate is for example.com and 127.0.0.1
	for name, test := range map[string]struct {
		address string
		client  *http.Client
		says    string
	}{
		"signed by nobody we know": {stranger.URL, trusting(t), "unknown authority"},
		"for another host":         {elsewhere, trusting(t, stranger.Certificate()), "not localhost"},
		"TLS 1.1":                  {old.URL, trusting(t, old.Certificate()), "protocol version"},
		"run out":                  {stranger.URL, later(t, stranger), "expired"},
	} {
		_, err := Enrol(t.Context(), Enrolment{Server: test.address, Token: "secret-token", System: system, HTTP: test.client})
		if err == nil || !strings.Contains(err.Error(), test.says) || strings.Contains(err.Error(), "secret-token") {
			t.Errorf("enrol, %s: %v", name, err)
		}
		id, _ := NewIdentity()
		id.Server, id.Device, id.ServerKey = test.address, testDevice, make([]byte, 32)
		cfg, err := Config{Identity: id, System: system, HTTP: test.client}.filled()
		if err != nil {
			t.Fatal(err)
		}
		a, err := newAgent(cfg)
		if err != nil {
			t.Fatal(err)
		}
		if err := a.link(t.Context()); err == nil || !strings.Contains(err.Error(), test.says) {
			t.Errorf("link, %s: %v", name, err)
		}
	}
	if asked != 0 {
		t.Errorf("%d requests reached a server that is not the one", asked)
	}
}

func later(t *testing.T, s *httptest.Server) *http.Client {
	t.Helper()
	client := trusting(t, s.Certificate())
	client.Transport.(*http.Transport).TLSClientConfig.Time = func() time.Time { return s.Certificate().NotAfter.Add(time.Hour) }
	return client
}

// A redirect would carry the token to another host, or out of TLS.
func TestNoRedirectIsFollowed(t *testing.T) {
	t.Parallel()
	reached := false
	target := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { reached = true }))
	t.Cleanup(target.Close)
	s := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, target.URL+r.URL.Path, http.StatusTemporaryRedirect)
	}))
	t.Cleanup(s.Close)
	system, err := NewSimulated(SimulatedConfig{Name: "x", System: wire.Linux})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := Enrol(t.Context(), Enrolment{Server: s.URL, Token: "t", System: system, HTTP: trusting(t, s.Certificate())}); err == nil || !strings.Contains(err.Error(), "307") {
		t.Errorf("enrol: %v", err)
	}
	if reached {
		t.Error("the redirect was followed")
	}
}

// A proxy from the environment carries the connection and cannot read it: the
// portal's certificate is asked for through it.
func TestAProxyIsNoWayAroundTheCertificate(t *testing.T) {
	t.Parallel()
	read := ""
	proxy := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodConnect {
			read = r.Method + " " + r.URL.String()
		}
		h, ok := w.(http.Hijacker)
		if !ok {
			return
		}
		conn, _, err := h.Hijack()
		if err != nil {
			return
		}
		_, _ = conn.Write([]byte("HTTP/1.1 200 OK\r\n\r\n"))
		server := tls.Server(conn, &tls.Config{Certificates: forged()})
		_ = server.Handshake()
		_ = conn.Close()
	}))
	t.Cleanup(proxy.Close)
	client := trusting(t)
	u, err := url.Parse(proxy.URL)
	if err != nil {
		t.Fatal(err)
	}
	client.Transport.(*http.Transport).Proxy = http.ProxyURL(u)
	system, err := NewSimulated(SimulatedConfig{Name: "x", System: wire.Linux})
	if err != nil {
		t.Fatal(err)
	}
	_, err = Enrol(t.Context(), Enrolment{Server: "https://help.acme.example", Token: "secret-token", System: system, HTTP: client})
	if err == nil || !strings.Contains(err.Error(), "certificate") || read != "" {
		t.Errorf("enrol through a proxy that opens TLS: %v, it read %q", err, read)
	}
}

// forged is a certificate for the portal that nobody we know has signed.
func forged() []tls.Certificate {
	s := httptest.NewUnstartedServer(nil)
	s.StartTLS()
	defer s.Close()
	return s.TLS.Certificates
}
