package people_test

import (
	"context"
	"encoding/json"
	"errors"
	"strings"
	"sync"
	"testing"

	"github.com/conserje/conserje/portal/desk"
	"github.com/conserje/conserje/portal/people"
	"github.com/conserje/conserje/portal/policy"
	"github.com/conserje/conserje/portal/store"
	"github.com/conserje/conserje/portal/store/storetest"
)

// newcomer is somebody whom a technician has just created at Acme.
func (b bundle) newcomer(t *testing.T, tech context.Context, n people.NewUser) people.Person {
	t.Helper()
	if n.Name == "" {
		n.Name = "Nora Núñez"
	}
	if n.Email == "" {
		n.Email = string(desk.NewID()) + "@acme.test"
	}
	p, err := b.people.AddUser(tech, n)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func (b bundle) count(t *testing.T, query string, args ...any) (n int) {
	t.Helper()
	storetest.InTx(t, b.store, b.tenant, func(ctx context.Context, tx *store.Tx) error {
		return tx.QueryRow(ctx, query, args...).Scan(&n)
	})
	return n
}

func TestR4ACreatedContactGetsAUniqueUserNameAndAPassword(t *testing.T) {
	t.Parallel()
	b := setup(t)
	tech := b.as(t, desk.RoleTechnician)
	for _, c := range []struct{ name, email, login string }{
		{"Ana María López García", "", "ana.garcia"},
		{"Ána García", "", "ana.garcia2"},
		{"ANA GARCIA", "", "ana.garcia3"},
		{"Jürgen Groß", "", "jurgen.gross"},
		{"Łukasz Ørsted", "", "lukasz.orsted"},
		{"Seán O’Brien", "", "sean.obrien"},
		{"Cher", "", "cher"},
		{"李明", "li.ming@acme.test", "li.ming"},
		{"Олег", "", "user"},
		{"Ж", "", "user2"},
		{"X", "", "user3"},
	} {
		n := people.NewUser{Name: c.name, Email: c.email}
		if n.Email == "" {
			n.Email = string(desk.NewID()) + "@acme.test"
		}
		if c.login == "user" || c.login == "user2" || c.login == "user3" {
			n.Email = "" // nothing to make a name of
			n.Company = b.company(t, "Acme")
		}
		p, err := b.people.AddUser(tech, n)
		if err != nil || p.Login != c.login || !p.FirstPassword || p.Company == nil || p.Company.Name != "Acme" || p.Role != desk.RoleContact || p.Language != "en" {
			t.Errorf("%s: %+v, %v", c.name, p, err)
			continue
		}
		password, err := b.people.FirstPassword(tech, p.ID)
		if err != nil || len(password) != 19 || strings.ContainsAny(password, "0O1lI") {
			t.Errorf("%s: the password %q, %v", c.name, password, err)
		}
	}
}

func (b bundle) company(t *testing.T, name string) (id desk.ID) {
	t.Helper()
	storetest.InTx(t, b.store, b.tenant, func(ctx context.Context, tx *store.Tx) (err error) {
		id, err = tx.CompanyByName(ctx, name)
		return err
	})
	return id
}

func TestR4GeneratedPasswordIsGoneAfterTheFirstLogIn(t *testing.T) {
	t.Parallel()
	b := setup(t)
	tech := b.as(t, desk.RoleTechnician)
	p := b.newcomer(t, tech, people.NewUser{})
	first, err := b.people.FirstPassword(tech, p.ID)
	if err != nil {
		t.Fatal(err)
	}
	// At rest it is sealed.
	if n := b.count(t, `select count(*) from first_passwords where position(convert_to($1, 'UTF8') in sealed) > 0`, first); n > 0 {
		t.Error("the password lies open in its row")
	}
	if _, _, err := b.logIn(t, p.Login, first+"x"); desk.CodeOf(err) != desk.CodeBadCredentials {
		t.Errorf("another password: %v", err)
	}
	if again, err := b.people.FirstPassword(tech, p.ID); err != nil || again != first {
		t.Errorf("after a failed log-in it is %q, %v", again, err)
	}
	if _, _, err := b.logIn(t, p.Login, first); err != nil {
		t.Fatal(err)
	}
	if _, err := b.people.FirstPassword(tech, p.ID); desk.CodeOf(err) != desk.CodeNotFound {
		t.Errorf("it can still be read: %v", err)
	}
	if n := b.count(t, `select count(*) from first_passwords`); n != 0 {
		t.Errorf("%d sealed rows are left", n)
	}
	if now, err := b.people.User(tech, p.ID); err != nil || now.FirstPassword || now.LastLoginAt == nil {
		t.Errorf("%+v, %v", now, err)
	}
	if _, _, err := b.logIn(t, p.Login, first); err != nil {
		t.Errorf("the person's own password counts no more: %v", err)
	}
	if n := b.count(t, `select count(*) from audit where action = 'password.shown' and object_id = $1`, p.ID); n != 2 {
		t.Errorf("%d looks at the password are in the audit log", n)
	}
}

func TestR4GeneratedPasswordIsGoneAfterItsPersonChoseAnother(t *testing.T) {
	t.Parallel()
	b := setup(t)
	tech := b.as(t, desk.RoleTechnician)
	p := b.newcomer(t, tech, people.NewUser{})
	first, _ := b.people.FirstPassword(tech, p.ID)
	// A session that was open when staff gave another one cannot use it as the old password of somebody else.
	_, v, err := b.logIn(t, p.Login, first)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := b.people.GivePassword(tech, p.ID, people.GivenPassword{}); err != nil {
		t.Fatal(err)
	}
	second, err := b.people.FirstPassword(tech, p.ID)
	if err != nil || second == first {
		t.Fatalf("%q %v", second, err)
	}
	ctx := desk.WithViewer(t.Context(), v)
	if _, err := b.people.UpdateMe(ctx, people.Change{Password: &people.PasswordChange{Old: first, New: "a new password"}}); desk.CodeOf(err) != desk.CodeBadCredentials {
		t.Errorf("with the old one: %v", err)
	}
	if _, err := b.people.UpdateMe(ctx, people.Change{Password: &people.PasswordChange{Old: second, New: "a new password"}}); err != nil {
		t.Fatal(err)
	}
	if _, err := b.people.FirstPassword(tech, p.ID); desk.CodeOf(err) != desk.CodeNotFound {
		t.Errorf("it can still be read: %v", err)
	}
	for password, want := range map[string]desk.Code{first: desk.CodeBadCredentials, second: desk.CodeBadCredentials, "a new password": ""} {
		if _, _, err := b.logIn(t, p.Login, password); desk.CodeOf(err) != want {
			t.Errorf("%s: %v", password, err)
		}
	}
}

func TestR4ParallelFirstLogInsAllSucceed(t *testing.T) {
	t.Parallel()
	b := setup(t)
	tech := b.as(t, desk.RoleTechnician)
	p := b.newcomer(t, tech, people.NewUser{})
	first, _ := b.people.FirstPassword(tech, p.ID)
	var wg sync.WaitGroup
	for range 2 { // a double press
		wg.Go(func() {
			if _, _, err := b.logIn(t, p.Login, first); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
}

func TestR4StaffGiveAPasswordAndOldSessionsEnd(t *testing.T) {
	t.Parallel()
	b := setup(t)
	tech := b.as(t, desk.RoleTechnician)
	token, ana, err := b.logIn(t, "ana", password)
	if err != nil {
		t.Fatal(err)
	}
	for range 5 {
		_, _, _ = b.logIn(t, "ana", "wrong password") // locked
	}
	p, err := b.people.GivePassword(tech, ana.User, people.GivenPassword{Password: "typed by Tess", MustChange: true})
	if err != nil || !p.FirstPassword || !p.MustChange {
		t.Fatalf("%+v, %v", p, err)
	}
	if _, err := b.people.Authenticate(t.Context(), b.tenant, token); desk.CodeOf(err) != desk.CodeSessionExpired {
		t.Errorf("the session goes on: %v", err)
	}
	if _, _, err := b.logIn(t, "ana", password); desk.CodeOf(err) != desk.CodeBadCredentials {
		t.Errorf("the old password: %v", err)
	}
	_, v, err := b.logIn(t, "ana", "typed by Tess")
	if err != nil || !v.NewPassword {
		t.Fatalf("%+v, %v", v, err)
	}
	ctx := desk.WithViewer(t.Context(), v)
	if _, err := desk.ViewerFrom(ctx); desk.CodeOf(err) != desk.CodeNewPassword {
		t.Errorf("before the new password: %v", err)
	}
	if me, err := b.people.Me(ctx); err != nil || !me.MustChange {
		t.Errorf("%+v, %v", me, err)
	}
	same := people.Change{Password: &people.PasswordChange{Old: "typed by Tess", New: "typed by Tess"}}
	if _, err := b.people.UpdateMe(ctx, same); desk.CodeOf(err) != desk.CodeNewPassword {
		t.Errorf("the password that Tess knows: %v", err)
	}
	if _, err := b.people.UpdateMe(ctx, people.Change{Password: &people.PasswordChange{Old: "typed by Tess", New: "ana's own one"}}); err != nil {
		t.Fatal(err)
	}
	if me, err := b.people.Me(ctx); err != nil || me.MustChange {
		t.Errorf("asked again: %+v, %v", me, err)
	}
}

func TestTechniciansManageUsersAndAdminsManageStaff(t *testing.T) {
	t.Parallel()
	b := setup(t)
	admin, tech := b.as(t, desk.RoleAdmin), b.as(t, desk.RoleTechnician)
	adminID, techID := viewerOf(t, admin).User, viewerOf(t, tech).User
	_, ana, err := b.logIn(t, "ana", password)
	if err != nil {
		t.Fatal(err)
	}
	role := func(r desk.Role) people.AccountChange { return people.AccountChange{Role: &r} }
	acme, none := b.company(t, "Acme"), desk.ID("")
	off := true
	whose := map[string]context.Context{"tech": tech, "admin": admin, "ana": desk.WithViewer(t.Context(), ana)}
	for _, c := range []struct {
		name string
		who  string
		id   desk.ID
		do   people.AccountChange
		want desk.Code
	}{
		{"technician raises a contact to technician", "tech", ana.User, role(desk.RoleTechnician), desk.CodeForbidden},
		{"technician raises a contact to admin", "tech", ana.User, role(desk.RoleAdmin), desk.CodeForbidden},
		{"technician raises the own role", "tech", techID, role(desk.RoleAdmin), desk.CodeForbidden},
		{"technician edits an admin", "tech", adminID, people.AccountChange{Disabled: &off}, desk.CodeForbidden},
		{"contact edits", "ana", ana.User, role(desk.RoleMainContact), desk.CodeForbidden},
		{"technician makes a main contact", "tech", ana.User, role(desk.RoleMainContact), ""},
		{"admin makes a technician", "admin", ana.User, role(desk.RoleTechnician), ""},
		{"staff with a company", "admin", ana.User, people.AccountChange{Company: &acme}, desk.CodeCompanyNeeded},
		{"contact without a company", "admin", ana.User, role(desk.RoleContact), desk.CodeCompanyNeeded},
		{"contact with a company", "admin", ana.User, people.AccountChange{Role: role(desk.RoleContact).Role, Company: &acme}, ""},
		{"contact loses the company", "admin", ana.User, people.AccountChange{Company: &none}, desk.CodeCompanyNeeded},
		{"the last admin is demoted", "admin", adminID, role(desk.RoleTechnician), desk.CodeLastAdmin},
		{"the last admin is disabled", "admin", adminID, people.AccountChange{Disabled: &off}, desk.CodeLastAdmin},
		{"somebody of nowhere", "admin", desk.NewID(), role(desk.RoleAdmin), desk.CodeNotFound},
	} {
		if _, err := b.people.ChangeUser(whose[c.who], c.id, c.do); desk.CodeOf(err) != c.want {
			t.Errorf("%s: %v, want %q", c.name, err, c.want)
		}
	}
	for _, r := range []desk.Role{desk.RoleTechnician, desk.RoleAdmin} {
		n := people.NewUser{Name: "Sam Staff", Role: r}
		if _, err := b.people.AddUser(tech, n); desk.CodeOf(err) != desk.CodeForbidden {
			t.Errorf("a technician created a %s: %v", r, err)
		}
		if _, err := b.people.AddUser(admin, n); err != nil {
			t.Errorf("an admin creates a %s: %v", r, err)
		}
	}
	if _, err := b.people.GivePassword(tech, adminID, people.GivenPassword{}); desk.CodeOf(err) != desk.CodeForbidden {
		t.Errorf("a technician gave an admin a password: %v", err)
	}
	if _, err := b.people.GivePassword(admin, adminID, people.GivenPassword{}); desk.CodeOf(err) != desk.CodeOwnAccount {
		t.Errorf("an admin gave themself a password: %v", err)
	}
}

func viewerOf(t *testing.T, ctx context.Context) desk.Viewer {
	t.Helper()
	v, err := desk.ViewerFrom(ctx)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

func TestTwoAdminsWhoDemoteEachOtherLeaveOne(t *testing.T) {
	t.Parallel()
	b := setup(t)
	one, two := b.as(t, desk.RoleAdmin), b.as(t, desk.RoleAdmin)
	down := desk.RoleTechnician
	var wg sync.WaitGroup
	for who, whom := range map[context.Context]desk.ID{one: viewerOf(t, two).User, two: viewerOf(t, one).User} {
		wg.Go(func() {
			_, err := b.people.ChangeUser(who, whom, people.AccountChange{Role: &down})
			if err != nil && desk.CodeOf(err) != desk.CodeLastAdmin {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if n := b.count(t, `select count(*) from users where role = 'admin' and disabled_at is null`); n != 1 {
		t.Errorf("%d admins are left", n)
	}
}

func TestADuplicateSaysWhatIsTaken(t *testing.T) {
	t.Parallel()
	b := setup(t)
	tech := b.as(t, desk.RoleTechnician)
	for _, c := range []struct {
		n     people.NewUser
		want  desk.Code
		field string
	}{
		{people.NewUser{Name: "Other", Login: "Ana"}, desk.CodeLoginTaken, "login"},
		{people.NewUser{Name: "Other", Email: "ANA@acme.test"}, desk.CodeEmailTaken, "email"},
		{people.NewUser{Name: "Other", Login: "ana@acme.test"}, desk.CodeBadLogin, "login"},
		{people.NewUser{Name: "Other", Login: "a b"}, desk.CodeBadLogin, "login"},
		{people.NewUser{Name: "Other", Email: "ana"}, desk.CodeBadEmail, "email"},
		{people.NewUser{Name: "Other", Email: "Ana <x@acme.test>"}, desk.CodeBadEmail, "email"},
		{people.NewUser{Name: "Other", Email: "x@acme.test\r\nBcc: y@z.test"}, desk.CodeBadEmail, "email"},
		{people.NewUser{Name: " "}, desk.CodeEmptyText, "name"},
		{people.NewUser{Name: "Other", Phone: "12"}, desk.CodePhoneUnusable, "phone"},
		{people.NewUser{Name: "Other", Language: "xx"}, desk.CodeInvalid, "language"},
		{people.NewUser{Name: "Other", Role: "root"}, desk.CodeForbidden, ""},
	} {
		if c.n.Company == "" {
			c.n.Company = b.company(t, "Acme")
		}
		_, err := b.people.AddUser(tech, c.n)
		e, _ := errors.AsType[*desk.Error](err)
		if e == nil || e.Code != c.want || e.Field != c.field {
			t.Errorf("%+v: %+v", c.n, err)
		}
	}
	if _, err := b.people.AddUser(tech, people.NewUser{Name: "No Company", Email: "x@elsewhere.test"}); desk.CodeOf(err) != desk.CodeCompanyNeeded {
		t.Errorf("without a company: %v", err)
	}
}

func TestDisablingEndsSessionsAndKeepsThePersonOut(t *testing.T) {
	t.Parallel()
	b := setup(t)
	tech := b.as(t, desk.RoleTechnician)
	token, ana, err := b.logIn(t, "ana", password)
	if err != nil {
		t.Fatal(err)
	}
	ended := make(chan string, 4)
	if _, err := b.store.Bus().Subscribe(people.SessionsSubject(b.tenant), func(data []byte) { ended <- string(data) }); err != nil {
		t.Fatal(err)
	}
	off, on := true, false
	if _, err := b.people.ChangeUser(tech, ana.User, people.AccountChange{Disabled: &off}); err != nil {
		t.Fatal(err)
	}
	if id := <-ended; id != string(ana.Session) {
		t.Errorf("sockets were told of %s", id)
	}
	if _, err := b.people.Authenticate(t.Context(), b.tenant, token); desk.CodeOf(err) != desk.CodeSessionExpired {
		t.Errorf("the session: %v", err)
	}
	if _, _, err := b.logIn(t, "ana", password); desk.CodeOf(err) != desk.CodeBadCredentials {
		t.Errorf("the log-in: %v", err)
	}
	if _, err := b.people.ChangeUser(tech, ana.User, people.AccountChange{Disabled: &on}); err != nil {
		t.Fatal(err)
	}
	if _, err := b.people.Authenticate(t.Context(), b.tenant, token); desk.CodeOf(err) != desk.CodeSessionExpired {
		t.Errorf("the old session is back: %v", err)
	}
	if _, _, err := b.logIn(t, "ana", password); err != nil {
		t.Errorf("enabled again: %v", err)
	}
}

func TestPeopleAreFoundByWordsCompanyRoleAndState(t *testing.T) {
	t.Parallel()
	b := setup(t)
	tech := b.as(t, desk.RoleTechnician)
	nora := b.newcomer(t, tech, people.NewUser{Name: "Nora Núñez", Email: "nora@acme.test", Role: desk.RoleMainContact})
	acme := b.company(t, "Acme")
	for _, c := range []struct {
		f    people.PeopleFilter
		want string
	}{
		{people.PeopleFilter{Query: "NÚÑEZ nora"}, "Nora Núñez"},
		{people.PeopleFilter{Query: "nora@ac acme"}, "Nora Núñez"},
		{people.PeopleFilter{Query: "%"}, ""},
		{people.PeopleFilter{Company: acme}, "Ana|Nora Núñez"},
		{people.PeopleFilter{Company: desk.NewID()}, ""},
		{people.PeopleFilter{Role: desk.RoleMainContact}, "Nora Núñez"},
		{people.PeopleFilter{Company: acme, State: "waiting"}, "Nora Núñez"},
		{people.PeopleFilter{Company: acme, State: "disabled"}, ""},
		{people.PeopleFilter{Company: acme, After: people.Cursor{Name: "Ana", ID: nora.ID}}, "Nora Núñez"},
	} {
		c.f.AtMost = 50
		list, err := b.people.Users(tech, c.f)
		names := make([]string, len(list))
		for i, p := range list {
			names[i] = p.Name
		}
		if got := strings.Join(names, "|"); err != nil || got != c.want {
			t.Errorf("%+v: %q, %v", c.f, got, err)
		}
	}
}

func TestB10AccessNamesTheSwitchThatDecided(t *testing.T) {
	t.Parallel()
	b := setup(t)
	admin, tech := b.as(t, desk.RoleAdmin), b.as(t, desk.RoleTechnician)
	_, ana, err := b.logIn(t, "ana", password)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := b.people.Select(tech, ana.User, map[string]bool{"self_service": true}); desk.CodeOf(err) != desk.CodeForbidden {
		t.Errorf("a technician changed a policy: %v", err)
	}
	if _, err := b.people.Select(admin, ana.User, map[string]bool{"reopen": true}); desk.CodeOf(err) != desk.CodeInvalid {
		t.Errorf("a switch without a list: %v", err)
	}
	storetest.InTx(t, b.store, b.tenant, func(ctx context.Context, tx *store.Tx) error {
		_, err := policy.Change(ctx, tx, viewerOf(t, admin), map[string]json.RawMessage{"self_service": json.RawMessage(`{"mode":"selected","users":[]}`), "ticketing": json.RawMessage(`{"mode":"off","users":[]}`)})
		return err
	})
	find := func(list []policy.AccessLine, rule string) (l policy.AccessLine) {
		for _, l := range list {
			if l.Rule == rule {
				return l
			}
		}
		t.Fatalf("no line of %s", rule)
		return l
	}
	list, err := b.people.AccessOf(tech, ana.User)
	if err != nil {
		t.Fatal(err)
	}
	for rule, want := range map[string]string{"self_service": "self_service", "operations.restart": "self_service", "manual_tickets": "ticketing", "ticketing": "ticketing"} {
		if l := find(list, rule); l.Allowed || l.Switch != want {
			t.Errorf("%s: %+v", rule, l)
		}
	}
	list, err = b.people.Select(admin, ana.User, map[string]bool{"self_service": true, "ticketing": true})
	if err != nil {
		t.Fatal(err)
	}
	if l := find(list, "self_service"); !l.Allowed || l.Selected == nil || !*l.Selected {
		t.Errorf("selected: %+v", l)
	}
	if l := find(list, "ticketing"); l.Allowed || !*l.Selected {
		t.Errorf("on the list of a switch that is off: %+v", l)
	}
	if l := find(list, "operations.restart"); !l.Allowed || l.Switch != "operations.restart" {
		t.Errorf("restart: %+v", l)
	}
	if list, err = b.people.Select(admin, ana.User, map[string]bool{"self_service": false}); err != nil || find(list, "self_service").Allowed {
		t.Errorf("taken off: %v", err)
	}
}

func rawPatch(name, value string) map[string]json.RawMessage {
	return map[string]json.RawMessage{name: json.RawMessage(value)}
}
