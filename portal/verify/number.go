package verify

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"

	"github.com/nyaruka/phonenumbers"

	"github.com/conserje/conserje/portal/desk"
	"github.com/conserje/conserje/portal/notify"
	"github.com/conserje/conserje/portal/policy"
	"github.com/conserje/conserje/portal/store"
	"github.com/conserje/conserje/portal/store/db"
)

// Rules are what a tenant allows of text messages.
type Rules struct {
	SMS       bool     `json:"sms" doc:"Whether codes go by SMS at all; authenticator apps always work."`
	Region    string   `json:"region" doc:"The country whose national numbers are understood, such as ES; empty asks for the country code." pattern:"^([A-Z]{2})?$"`
	Countries []string `json:"countries" doc:"The countries whose numbers codes go to, such as ES."`
	PerDay    int      `json:"per_day" doc:"How many codes the portal sends in a day." minimum:"1" maximum:"100000"`
}

// RulesPolicy is the row of policies that holds the rules.
const RulesPolicy = "second_factor"

// peopleANumber bounds how many people of a portal may share a number
// (SECURITY D11).
const peopleANumber = 3

// DefaultRules are those of a new tenant: the countries where the portal's
// languages are spoken and their neighbours, none known for costly routes.
func DefaultRules() Rules {
	return Rules{SMS: true, PerDay: 500, Countries: []string{
		"AT", "BE", "BG", "CA", "CH", "CY", "CZ", "DE", "DK", "EE", "ES", "FI", "FR", "GB", "GR", "HR", "HU", "IE", "IS", "IT",
		"LI", "LT", "LU", "LV", "MT", "NL", "NO", "PL", "PT", "RO", "SE", "SI", "SK", "US",
	}}
}

// LoadRules reads the tenant's rules; what cannot be read is an error and
// allows nothing.
func LoadRules(ctx context.Context, tx *store.Tx) (Rules, error) {
	r := DefaultRules()
	rows, err := tx.Policies(ctx)
	if err != nil {
		return Rules{}, err
	}
	for _, row := range rows {
		if row.Name != RulesPolicy {
			continue
		}
		r = Rules{}
		if err := json.Unmarshal(row.Value, &r); err != nil {
			return Rules{}, fmt.Errorf("policy %s: %w", RulesPolicy, err)
		}
	}
	return r, nil
}

// SetRules replaces the rules. Only an admin may; it is audited.
func SetRules(ctx context.Context, tx *store.Tx, v desk.Viewer, r Rules) (Rules, error) {
	if v.Role != desk.RoleAdmin {
		return Rules{}, desk.Errorf(desk.CodeForbidden, "only an admin changes this")
	}
	known := phonenumbers.GetSupportedRegions()
	for _, c := range r.Countries {
		if !known[c] {
			return Rules{}, desk.Errorf(desk.CodeInvalid, "there is no country %q", c).On("countries")
		}
	}
	if r.Region != "" && !known[r.Region] {
		return Rules{}, desk.Errorf(desk.CodeInvalid, "there is no country %q", r.Region).On("region")
	}
	if r.PerDay < 1 {
		return Rules{}, desk.Errorf(desk.CodeInvalid, "at least one a day").On("per_day")
	}
	slices.Sort(r.Countries)
	r.Countries = slices.Compact(r.Countries)
	old, err := LoadRules(ctx, tx)
	if err != nil {
		return Rules{}, err
	}
	value, err := json.Marshal(r)
	if err != nil {
		return Rules{}, err
	}
	if err := tx.SetPolicy(ctx, db.SetPolicyParams{TenantID: tx.Tenant, Name: RulesPolicy, Value: value, UpdatedBy: &v.User}); err != nil {
		return Rules{}, err
	}
	return r, tx.Audit(ctx, store.AuditEntry{
		Actor: v.User, Action: "policy.changed", Object: "policy " + RulesPolicy,
		Detail: map[string]any{"name": RulesPolicy, "old": old, "new": r},
	})
}

// UndoRulesTx takes a change of the rules back, as the audit log has it: old is
// what they were, now what they became. Rules that have changed since are
// CodeChangedMeanwhile and stay as they are.
func UndoRulesTx(ctx context.Context, tx *store.Tx, v desk.Viewer, old, now json.RawMessage) error {
	if err := tx.LockTenant(ctx); err != nil {
		return err
	}
	r, err := LoadRules(ctx, tx)
	if err != nil {
		return err
	}
	if !policy.SameJSON(r, now) {
		return desk.Errorf(desk.CodeChangedMeanwhile, "this has been changed since, and stays as it is now")
	}
	var before Rules
	if err := json.Unmarshal(old, &before); err != nil {
		return err
	}
	_, err = SetRules(ctx, tx, v, before)
	return err
}

// smsRules are the rules, if codes go by SMS at all.
func (s *Service) smsRules(ctx context.Context, tx *store.Tx) (Rules, error) {
	r, err := LoadRules(ctx, tx)
	if err != nil {
		return Rules{}, err
	}
	if !r.SMS || !s.notify.Can(notify.SMS) {
		return Rules{}, desk.Errorf(desk.CodeSMSUnavailable, "this portal sends no text messages; an authenticator app works without them")
	}
	return r, nil
}

const longestNumber = 40 // as typed, with spaces and brackets

// Number reads what somebody typed and returns it in E.164 form, if codes may
// go there. Why not is one answer: which countries and kinds are open is not
// the caller's to map.
func (r Rules) Number(typed string) (string, error) {
	if len(typed) > longestNumber {
		return "", unusable()
	}
	region := r.Region
	if region == "" {
		region = phonenumbers.UNKNOWN_REGION
	}
	n, err := phonenumbers.Parse(typed, region)
	if err != nil || n.GetExtension() != "" {
		return "", unusable()
	}
	number := phonenumbers.Format(n, phonenumbers.E164)
	return number, r.check(number)
}

// check holds a number in E.164 form against the rules: a number that exists,
// of an open country, and one that receives text messages without costing its
// owner or us a premium (SECURITY D5).
func (r Rules) check(number string) error {
	n, err := phonenumbers.Parse(number, phonenumbers.UNKNOWN_REGION)
	if err != nil || !phonenumbers.IsValidNumber(n) || !slices.Contains(r.Countries, phonenumbers.GetRegionCodeForNumber(n)) {
		return unusable()
	}
	switch phonenumbers.GetNumberType(n) {
	case phonenumbers.MOBILE, phonenumbers.FIXED_LINE_OR_MOBILE:
		return nil
	}
	return unusable()
}

func unusable() *desk.Error {
	return desk.Errorf(desk.CodePhoneUnusable, "codes cannot go to this number; use a mobile number with its country code").On("phone")
}

// sharedTooOften refuses a number that is the factor of several others. The
// answer does not tell that from any other unusable number.
func sharedTooOften(ctx context.Context, tx *store.Tx, user desk.ID, number string) error {
	n, err := tx.PeopleWithNumber(ctx, db.PeopleWithNumberParams{Number: number, UserID: user})
	if err == nil && n >= peopleANumber {
		return unusable()
	}
	return err
}
