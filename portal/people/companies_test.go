package people_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/conserje/conserje/portal/desk"
	"github.com/conserje/conserje/portal/people"
	"github.com/conserje/conserje/portal/store"
	"github.com/conserje/conserje/portal/store/storetest"
)

// as is somebody of the bundle's tenant, made anew.
func (b bundle) as(t *testing.T, role desk.Role) context.Context {
	t.Helper()
	login := string(role) + string(desk.NewID())
	return desk.WithViewer(t.Context(), storetest.User(t, b.store, b.tenant, "", role, login))
}

func params(err error) map[string]any {
	if e, ok := errors.AsType[*desk.Error](err); ok {
		return e.Params
	}
	return nil
}

func TestDomainsAreOneCompanysAloneAndWrittenOneWay(t *testing.T) {
	t.Parallel()
	b := setup(t) // Acme has acme.test
	admin := b.as(t, desk.RoleAdmin)
	globex, err := b.people.AddCompany(admin, "  Globex   Europe ", []string{"Globex.TEST", "@müller.test", "globex.test"})
	if err != nil || globex.Name != "Globex Europe" || !slices.Equal(globex.Domains, []string{"globex.test", "müller.test"}) {
		t.Fatalf("%+v, %v", globex, err)
	}
	for _, c := range []struct {
		domain string
		want   desk.Code
	}{
		{"acme.test", desk.CodeDomainTaken},
		{"ACME.test", desk.CodeDomainTaken},
		{"gmail.com", desk.CodePublicDomain},
		{"GMX.de", desk.CodePublicDomain},
		{"co.uk", desk.CodePublicDomain},
		{"localhost", desk.CodeBadDomain},
		{"ana@acme.example", desk.CodeBadDomain},
		{"https://acme.example", desk.CodeBadDomain},
		{"acme .example", desk.CodeBadDomain},
		{"192.0.2.1", desk.CodeBadDomain},
		{"xn--mller-kva.test", ""},
		{"MÜLLER.test", ""},
		{"", desk.CodeBadDomain},
		{"a\x00b.test", desk.CodeBadDomain},
		{"acme-two.test", ""},
	} {
		got, err := b.people.ChangeCompany(admin, globex.ID, people.CompanyChange{Domains: &[]string{c.domain}})
		if desk.CodeOf(err) != c.want {
			t.Errorf("%q: %v, want %q", c.domain, err, c.want)
		}
		if c.want == desk.CodeDomainTaken && params(err)["company"] != "Acme" {
			t.Errorf("%q: the refusal does not say whose it is: %v", c.domain, params(err))
		}
		if c.want == "" && len(got.Domains) != 1 {
			t.Errorf("%q: %v", c.domain, got.Domains)
		}
	}
}

func TestACompanysNameIsTakenOnceHoweverManyAskAtATime(t *testing.T) {
	t.Parallel()
	b := setup(t)
	admin := b.as(t, desk.RoleAdmin)
	var made, refused atomic.Int32
	var wg sync.WaitGroup
	for i := range 8 {
		wg.Go(func() {
			_, err := b.people.AddCompany(admin, []string{"Initech", "INITECH"}[i%2], []string{"initech.test"})
			switch desk.CodeOf(err) {
			case "":
				made.Add(1)
			case desk.CodeNameTaken:
				refused.Add(1)
			default:
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if made.Load() != 1 || refused.Load() != 7 {
		t.Errorf("%d made, %d refused", made.Load(), refused.Load())
	}
}

func TestTwoWhoEditACompanyDoNotOverwriteEachOther(t *testing.T) {
	t.Parallel()
	b := setup(t)
	admin := b.as(t, desk.RoleAdmin)
	c, err := b.people.AddCompany(admin, "Globex", nil)
	if err != nil {
		t.Fatal(err)
	}
	first, second := "Globex Ltd", "Globex SA"
	if _, err := b.people.ChangeCompany(admin, c.ID, people.CompanyChange{Name: &first, Version: c.Version}); err != nil {
		t.Fatal(err)
	}
	if _, err := b.people.ChangeCompany(admin, c.ID, people.CompanyChange{Name: &second, Version: c.Version}); desk.CodeOf(err) != desk.CodeConflict {
		t.Errorf("the second edit: %v", err)
	}
	if p, err := b.people.CompanyOf(admin, c.ID); err != nil || p.Name != first {
		t.Errorf("%+v, %v", p, err)
	}
}

func TestOnlyAnEmptyCompanyIsDeleted(t *testing.T) {
	t.Parallel()
	b := setup(t)
	admin := b.as(t, desk.RoleAdmin)
	list, err := b.people.Companies(admin, "acme", people.Cursor{}, 50)
	if err != nil || len(list) != 1 || list[0].People != 1 {
		t.Fatalf("%+v, %v", list, err)
	}
	acme := list[0].ID
	err = b.people.RemoveCompany(admin, acme)
	if desk.CodeOf(err) != desk.CodeNotEmpty || fmt.Sprint(params(err)["people"]) != "1" {
		t.Errorf("%v %v", err, params(err))
	}
	empty, err := b.people.AddCompany(admin, "Empty", []string{"empty.test"})
	if err != nil {
		t.Fatal(err)
	}
	if err := b.people.RemoveCompany(admin, empty.ID); err != nil {
		t.Fatal(err)
	}
	if _, err := b.people.AddCompany(admin, "Another", []string{"empty.test"}); err != nil {
		t.Errorf("the domain of a deleted company stays taken: %v", err)
	}
	storetest.InTx(t, b.store, b.tenant, func(ctx context.Context, tx *store.Tx) error {
		// An article of its own would go with it, quietly.
		id, err := b.people.CreateCompany(ctx, tx, "Readers")
		if err != nil {
			return err
		}
		_, err = tx.Exec(ctx, "insert into articles (tenant_id, id, key, audience) values ($1, $2, 'own', $3)", b.tenant, desk.NewID(), id)
		empty.ID = id
		return err
	})
	if err := b.people.RemoveCompany(admin, empty.ID); desk.CodeOf(err) != desk.CodeNotEmpty {
		t.Errorf("a company with articles of its own: %v", err)
	}
}

func TestTechniciansSeeCompaniesAndAdminsChangeThem(t *testing.T) {
	t.Parallel()
	b := setup(t)
	tech := b.as(t, desk.RoleTechnician)
	if _, err := b.people.AddCompany(tech, "Globex", nil); desk.CodeOf(err) != desk.CodeForbidden {
		t.Error(err)
	}
	list, err := b.people.Companies(tech, "", people.Cursor{}, 50)
	if err != nil || len(list) != 1 {
		t.Fatal(list, err)
	}
	if err := b.people.RemoveCompany(tech, list[0].ID); desk.CodeOf(err) != desk.CodeForbidden {
		t.Error(err)
	}
	if p, err := b.people.CompanyOf(tech, list[0].ID); err != nil || p.Name != "Acme" || p.Domains[0] != "acme.test" {
		t.Error(p, err)
	}
}
