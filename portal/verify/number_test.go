package verify_test

import (
	"testing"

	"github.com/conserje/conserje/portal/desk"
	"github.com/conserje/conserje/portal/verify"
)

func TestOnlyMobileNumbersOfOpenCountriesGetCodes(t *testing.T) {
	t.Parallel()
	open := verify.DefaultRules()
	spain := open
	spain.Region = "ES"
	for _, c := range []struct {
		name, typed, want string
		rules             verify.Rules
	}{
		{"international", "+34 600 111 222", "+34600111222", open},
		{"brackets and dashes", "(+34) 600-111-222", "+34600111222", open},
		{"German mobile", "+49 1512 3456789", "+4915123456789", open},
		{"American, which may be either", "+1 202 555 0123", "+12025550123", open},
		{"national with a region", "600 111 222", "+34600111222", spain},
		{"national without a region", "600 111 222", "", open},
		{"landline", "+34 912 345 678", "", open},
		{"premium", "+34 803 123 456", "", open},
		{"free of charge", "+34 900 123 456", "", open},
		{"VoIP", "+44 56 1234 5678", "", open},
		{"country not open", "+7 912 345 67 89", "", open},
		{"satellite", "+881 6 12345678", "", open},
		{"too short", "+34 600", "", open},
		{"with an extension", "+34 600 111 222 ext. 5", "", open},
		{"words", "call me", "", open},
		{"control characters", "+34600\r\n111222", "", open},
		{"endless", "+3460011122200000000000000000000000000000000000000000", "", open},
		{"empty", "", "", open},
	} {
		got, err := c.rules.Number(c.typed)
		if c.want == "" && desk.CodeOf(err) != desk.CodePhoneUnusable {
			t.Errorf("%s: %q %v", c.name, got, err)
		}
		if c.want != "" && (err != nil || got != c.want) {
			t.Errorf("%s: %q %v, want %q", c.name, got, err, c.want)
		}
	}
}

// D11.
func TestANumberIsTheFactorOfThreePeopleAtMost(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for _, v := range []desk.Viewer{w.ana, w.ben, w.tess} {
		w.enrol(t, v, mobile)
	}
	fourth := desk.Viewer{Tenant: w.tenant, User: desk.NewID(), Role: desk.RoleContact, Company: w.company, Language: "en"}
	w.sql(t, "insert into users (tenant_id, id, company_id, login, name, role) values ($1, $2, $3, 'dora', 'Dora', 'contact')", w.tenant, fourth.User, w.company)
	wants(t, w.nodes[0].SendCode(t.Context(), fourth, act("LAPTOP"), mobile), desk.CodePhoneUnusable)
}
