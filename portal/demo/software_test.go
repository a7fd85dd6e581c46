package demo

import (
	"context"
	"encoding/json"
	"slices"
	"testing"

	"github.com/alexedwards/argon2id"

	"github.com/conserje/conserje/portal/desk"
	"github.com/conserje/conserje/portal/people"
	"github.com/conserje/conserje/portal/policy"
	"github.com/conserje/conserje/portal/store"
	"github.com/conserje/conserje/portal/store/storetest"
	"github.com/conserje/conserje/tools/software"
)

func setup(t *testing.T) (r Rooms, tenant desk.ID) {
	t.Helper()
	s := storetest.New(t)
	p, err := people.New(s, storetest.Log(t), people.Config{Hash: &argon2id.Params{Memory: 64, Iterations: 1, Parallelism: 1, SaltLength: 16, KeyLength: 32}})
	if err != nil {
		t.Fatal(err)
	}
	r = Rooms{Store: s, People: p, Software: software.New(s)}
	if tenant, err = r.fillPeople(t.Context()); err != nil {
		t.Fatal(err)
	}
	return r, tenant
}

func (r Rooms) as(t *testing.T, tenant desk.ID, login string) (ctx context.Context, v desk.Viewer) {
	t.Helper()
	storetest.InTx(t, r.Store, tenant, func(ctx context.Context, tx *store.Tx) (err error) {
		v, err = viewer(ctx, tx, login)
		return err
	})
	return desk.WithViewer(t.Context(), v), v
}

func TestTheCatalogueIsFilledOnceAndWhatIsDeletedStaysDeleted(t *testing.T) {
	t.Parallel()
	r, tenant := setup(t)
	if err := r.fillSoftware(t.Context(), tenant); err != nil {
		t.Fatal(err)
	}
	adam, _ := r.as(t, tenant, "adam")
	list, err := r.Software.List(adam)
	if err != nil || len(list) != len(programs()) || len(list) < 12 {
		t.Fatalf("%d rows, %v", len(list), err)
	}
	for _, e := range list {
		if !slices.Contains(software.Icons(), e.Icon) || e.Description == "" || e.Publisher == "" {
			t.Errorf("%+v", e)
		}
	}
	if err := r.Software.Retire(adam, list[0].ID); err != nil {
		t.Fatal(err)
	}
	if err := r.fillSoftware(t.Context(), tenant); err != nil {
		t.Fatal(err)
	}
	if again, err := r.Software.List(adam); err != nil || len(again) != len(list)-1 {
		t.Errorf("%d rows after the second start, %v", len(again), err)
	}
	requests, _, err := r.Software.Requests(adam, software.RequestFilter{State: software.RequestOpen})
	if err != nil || len(requests) != 1 || requests[0].Ticket == nil {
		t.Errorf("%+v %v", requests, err)
	}
}

func TestOnlyAcmeIsOfferedWhatIsLicensedForAcme(t *testing.T) {
	t.Parallel()
	r, tenant := setup(t)
	if err := r.fillSoftware(t.Context(), tenant); err != nil {
		t.Fatal(err)
	}
	for login, want := range map[string]bool{"ana": true, "ben": true, "chloe": false} {
		_, v := r.as(t, tenant, login)
		storetest.InTx(t, r.Store, tenant, func(ctx context.Context, tx *store.Tx) error {
			items, err := r.Software.For(ctx, tx, v, software.Windows)
			offered := slices.ContainsFunc(items, func(i software.Item) bool { return i.Name == "Postman" })
			if offered != want {
				t.Errorf("%s is offered Postman: %v", login, offered)
			}
			return err
		})
	}
}

func TestADemoWhoseSelfServiceIsOffStillStarts(t *testing.T) {
	t.Parallel()
	r, tenant := setup(t)
	_, adam := r.as(t, tenant, "adam")
	storetest.InTx(t, r.Store, tenant, func(ctx context.Context, tx *store.Tx) error {
		_, err := policy.Change(ctx, tx, adam, map[string]json.RawMessage{"self_service": json.RawMessage(`{"mode":"off","users":[]}`)})
		return err
	})
	if err := r.fillSoftware(t.Context(), tenant); err != nil {
		t.Error(err)
	}
}
