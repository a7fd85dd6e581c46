package people

import (
	"testing"

	"github.com/conserje/conserje/portal/desk"
	"github.com/conserje/conserje/portal/store/storetest"
)

func TestAPortalIsOpenedWholeOrNotAtAll(t *testing.T) {
	s := storetest.New(t)
	service, err := New(s, storetest.Log(t), Config{})
	if err != nil {
		t.Fatal(err)
	}
	admin := NewUser{Login: "Maria", Name: "Maria Lopez", Email: "Maria@Example.com", Password: "a long enough password", Language: "es"}
	for _, c := range []struct {
		name   string
		portal NewPortal
		code   desk.Code
	}{
		{"address with a scheme", NewPortal{Host: "https://help.example.com", Name: "Help", Admin: admin}, desk.CodeInvalid},
		{"address with a port", NewPortal{Host: "help.example.com:80", Name: "Help", Admin: admin}, desk.CodeInvalid},
		{"no name", NewPortal{Host: "help.example.com", Admin: admin}, desk.CodeInvalid},
		{"no admin", NewPortal{Host: "help.example.com", Name: "Help"}, desk.CodeInvalid},
		{"short password", NewPortal{Host: "help.example.com", Name: "Help", Admin: NewUser{Login: "x", Name: "X", Password: "x"}}, desk.CodeInvalid},
		{"right", NewPortal{Host: "Help.Example.com", Name: "Help", Language: "es", Admin: admin}, ""},
		{"address taken", NewPortal{Host: "help.example.com", Name: "Other", Admin: admin}, desk.CodeConflict},
	} {
		_, err := service.OpenPortal(t.Context(), c.portal)
		if code := desk.CodeOf(err); err != nil && code != c.code || err == nil && c.code != "" {
			t.Errorf("%s: %v", c.name, err)
		}
	}
	if all, err := s.TenantIDs(t.Context()); err != nil || len(all) != 1 {
		t.Fatalf("%d portals, %v", len(all), err)
	}
	tenant, err := s.TenantByHost(t.Context(), "help.example.com")
	if err != nil {
		t.Fatal(err)
	}
	_, v, err := service.LogIn(t.Context(), tenant, "maria@example.com", "a long enough password", Client{})
	if err != nil || v.Role != desk.RoleAdmin {
		t.Errorf("the first admin: %+v, %v", v, err)
	}
}
