package people

import (
	"context"

	"github.com/conserje/conserje/portal/desk"
	"github.com/conserje/conserje/portal/notify"
	"github.com/conserje/conserje/portal/policy"
	"github.com/conserje/conserje/portal/store"
)

// Door is what everybody may know of a portal before a log-in.
type Door struct {
	Name          string        `json:"name"`
	Accent        string        `json:"accent,omitempty"`
	Language      desk.Language `json:"language"`
	PasswordCodes bool          `json:"password_codes" doc:"Whether a code for another password can be mailed."`
	SignUp        bool          `json:"sign_up" doc:"Whether people without an account may write."`
}

// DoorOf tells it.
func (s *Service) DoorOf(ctx context.Context, tenant desk.ID) (d Door, err error) {
	err = s.store.Tenant(tenant).Tx(ctx, func(ctx context.Context, tx *store.Tx) error {
		t, err := tx.ThisTenant(ctx)
		if err != nil {
			return err
		}
		switches, err := policy.Load(ctx, tx)
		d = Door{
			Name: t.Name, Accent: orEmpty(t.Accent), Language: t.Language, PasswordCodes: s.CanReset(),
			SignUp: switches.SignUp && s.notify != nil && s.notify.Can(notify.Mail),
		}
		return err
	})
	return d, err
}
