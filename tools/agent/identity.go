package agent

import (
	"bytes"
	"context"
	"crypto/ecdh"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/conserje/conserje/tools/devices/wire"
)

// Identity is who this device is and whom it obeys.
type Identity struct {
	Server    string            // address of the portal, such as https://help.acme.example
	Device    string            // the id that enrolment gave
	ServerKey ed25519.PublicKey // the one key whose commands are obeyed
	Sign      ed25519.PrivateKey
	Seal      *ecdh.PrivateKey
}

const identityFile = "device.json"

type storedIdentity struct {
	Server    string `json:"server"`
	Device    string `json:"device"`
	ServerKey []byte `json:"server_key"`
	SignSeed  []byte `json:"sign_seed"`
	SealKey   []byte `json:"seal_key"`
}

// NewIdentity makes the two key pairs of a device that is not enrolled yet.
func NewIdentity() (*Identity, error) {
	_, sign, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		return nil, err
	}
	seal, err := ecdh.X25519().GenerateKey(rand.Reader)
	if err != nil {
		return nil, err
	}
	return &Identity{Sign: sign, Seal: seal}, nil
}

// SignPublic is the half of the signing key that the server gets.
func (i *Identity) SignPublic() ed25519.PublicKey {
	pub, _ := i.Sign.Public().(ed25519.PublicKey)
	return pub
}

// SealPublic is the half of the sealing key that the server gets.
func (i *Identity) SealPublic() []byte { return i.Seal.PublicKey().Bytes() }

// Save writes the identity into a folder that only this account may read.
func (i *Identity) Save(dir string) error {
	if err := secureDir(dir); err != nil {
		return err
	}
	raw, err := json.Marshal(storedIdentity{i.Server, i.Device, i.ServerKey, i.Sign.Seed(), i.Seal.Bytes()})
	if err != nil {
		return err
	}
	return writeSynced(filepath.Join(dir, identityFile), raw)
}

// LoadIdentity reads what Save wrote. It refuses a folder that others may
// read or change.
func LoadIdentity(dir string) (*Identity, error) {
	if dir == "" {
		return nil, errors.New("neither a folder nor an identity is set")
	}
	raw, err := os.ReadFile(filepath.Join(dir, identityFile))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("this device is not enrolled: there is no %s in %s", identityFile, dir)
	}
	if err != nil {
		return nil, err
	}
	if err := checkDir(dir); err != nil {
		return nil, err
	}
	var s storedIdentity
	if err := json.Unmarshal(raw, &s); err != nil {
		return nil, fmt.Errorf("read %s: %w", identityFile, err)
	}
	seal, err := ecdh.X25519().NewPrivateKey(s.SealKey)
	if err != nil || len(s.SignSeed) != ed25519.SeedSize || len(s.ServerKey) != ed25519.PublicKeySize || !wire.IsID(s.Device) {
		return nil, fmt.Errorf("%s is damaged: enrol this device again", identityFile)
	}
	return &Identity{Server: s.Server, Device: s.Device, ServerKey: s.ServerKey, Sign: ed25519.NewKeyFromSeed(s.SignSeed), Seal: seal}, nil
}

// Enrolment is what a one-time token is spent with.
type Enrolment struct {
	Server string // address of the portal
	Token  string
	Dir    string // where the identity is kept; empty: it is only returned
	System System // the device's own when nil
	HTTP   *http.Client
}

// Enrol makes the keys, shows their public halves and the token to the
// portal, and keeps what it answers.
func Enrol(ctx context.Context, e Enrolment) (*Identity, error) {
	server, err := checkServer(e.Server)
	if err != nil {
		return nil, err
	}
	if e.Dir != "" {
		if err := secureDir(e.Dir); err != nil {
			return nil, err
		}
	}
	if e.System == nil {
		e.System = Native()
	}
	if e.HTTP == nil {
		e.HTTP = httpClient()
	}
	id, err := NewIdentity()
	if err != nil {
		return nil, err
	}
	facts, err := facts(ctx, e.System)
	if err != nil {
		return nil, err
	}
	answer, err := e.post(ctx, server, wire.Enrol{Token: e.Token, SignKey: id.SignPublic(), SealKey: id.SealPublic(), Facts: facts})
	if err != nil {
		return nil, err
	}
	id.Device, id.ServerKey, id.Server = answer.Device, answer.ServerKey, withHost(server, answer.Host)
	if !wire.IsID(id.Device) || len(id.ServerKey) != ed25519.PublicKeySize {
		return nil, errors.New("the portal's answer is not one of an enrolment")
	}
	if e.Dir == "" {
		return id, nil
	}
	return id, id.Save(e.Dir)
}

func (e Enrolment) post(ctx context.Context, server *url.URL, body wire.Enrol) (wire.Enrolled, error) {
	var answer wire.Enrolled
	raw, err := json.Marshal(body)
	if err != nil {
		return answer, err
	}
	ctx, cancel := context.WithTimeout(ctx, 30*time.Second)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, server.JoinPath(wire.EnrolPath).String(), bytes.NewReader(raw))
	if err != nil {
		return answer, err
	}
	req.Header.Set("Content-Type", "application/json")
	res, err := e.HTTP.Do(req)
	if err != nil {
		return answer, fmt.Errorf("the portal cannot be reached: %w", err)
	}
	defer res.Body.Close()
	raw, err = io.ReadAll(io.LimitReader(res.Body, 64<<10))
	if err != nil {
		return answer, err
	}
	if res.StatusCode != http.StatusOK && res.StatusCode != http.StatusCreated {
		var problem struct {
			Detail string `json:"detail"`
		}
		_ = json.Unmarshal(raw, &problem)
		return answer, fmt.Errorf("the portal refused the enrolment (%d): %s", res.StatusCode, display(problem.Detail, 300))
	}
	return answer, wire.Decode(raw, 64<<10, &answer)
}

// checkServer takes https anywhere, and plain http only to this machine.
func checkServer(address string) (*url.URL, error) {
	u, err := url.Parse(strings.TrimRight(address, "/"))
	if err != nil || u.Host == "" || u.User != nil || u.RawQuery != "" || u.Fragment != "" {
		return nil, errors.New("the server's address must look like https://help.example.com")
	}
	switch {
	case u.Scheme == "https":
	case u.Scheme == "http" && loopback(u.Hostname()):
	default:
		return nil, errors.New("the server's address must begin with https://; plain http is for this machine only")
	}
	return u, nil
}

func loopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || strings.HasSuffix(host, ".localhost") || ip != nil && ip.IsLoopback()
}

// withHost speaks to the tenant's own host from now on, unless that would
// leave this machine over plain http.
func withHost(u *url.URL, host string) string {
	if host == "" || u.Scheme == "http" && !loopback(host) {
		return u.String()
	}
	named := *u
	named.Host = host
	if port := u.Port(); port != "" && !strings.Contains(host, ":") {
		named.Host = net.JoinHostPort(host, port)
	}
	return named.String()
}

// httpClient verifies certificates against the system's roots, follows no
// redirect, and has no switch to do otherwise.
func httpClient() *http.Client {
	transport := &http.Transport{
		Proxy:               http.ProxyFromEnvironment,
		TLSClientConfig:     &tls.Config{MinVersion: tls.VersionTLS12},
		TLSHandshakeTimeout: 15 * time.Second,
		DialContext:         (&net.Dialer{Timeout: 15 * time.Second}).DialContext,
	}
	return &http.Client{Transport: transport, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
}

// writeSynced replaces a file so that after a crash there is the old or the
// new one, whole.
func writeSynced(path string, raw []byte) error {
	tmp := path + ".new"
	f, err := os.OpenFile(tmp, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return err
	}
	_, err = f.Write(raw)
	err = errors.Join(err, f.Sync(), f.Close())
	if err == nil {
		err = os.Rename(tmp, path)
	}
	if err != nil {
		return errors.Join(err, os.Remove(tmp))
	}
	return syncDir(filepath.Dir(path))
}
