package actions

import (
	"crypto/sha256"
	"encoding/binary"
	"strconv"

	"github.com/conserje/conserje/portal/desk"
	"github.com/conserje/conserje/portal/store"
	"github.com/conserje/conserje/portal/store/db"
)

// Parameters is what an action would do beyond its operation, as it was when
// it was proposed.
type Parameters struct {
	Account    string  `json:"account,omitempty"`
	AccountSID string  `json:"account_sid,omitempty"`
	Manager    string  `json:"manager,omitempty"`
	Package    string  `json:"package,omitempty"`
	Version    string  `json:"version,omitempty"`
	Source     desk.ID `json:"source,omitempty"`
	SourceURL  string  `json:"source_url,omitempty"`
}

// digestOf binds everything that the owner agrees to. Each part has its length
// before it, so that no two acts read alike.
func digestOf(a *db.Action, p Parameters, softwareVersion int) []byte {
	h := sha256.New()
	for _, part := range []string{
		"conserje action v1", string(a.TenantID), string(a.ID), string(a.UserID), string(a.DeviceID), a.Operation,
		string(store.OrZero(a.SoftwareID)), strconv.Itoa(softwareVersion), p.Manager, p.Package, p.Version, string(p.Source), p.SourceURL,
		p.Account, p.AccountSID, strconv.FormatInt(a.ExpiresAt.UnixMicro(), 10),
	} {
		var n [4]byte
		binary.BigEndian.PutUint32(n[:], uint32(len(part))) //nolint:gosec // names and ids
		h.Write(n[:])
		h.Write([]byte(part))
	}
	return h.Sum(nil)
}
