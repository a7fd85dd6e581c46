package people_test

import (
	"testing"

	"github.com/conserje/conserje/portal/desk"
	"github.com/conserje/conserje/portal/people"
)

// The factors that its person sets up soon after have to wait: portal/verify.
func TestThatStaffCouldLogInAsSomebodyIsRemembered(t *testing.T) {
	t.Parallel()
	b, mail := withMail(t)
	tech := b.as(t, desk.RoleTechnician)
	known := func(p people.Person) bool {
		return b.count(t, "select count(*) from users where id = $1 and staff_access_at > now() - interval '1 minute'", p.ID) == 1
	}
	other := func(p people.Person) *string {
		a := "x." + p.Email
		return &a
	}
	for name, do := range map[string]func(p people.Person) error{
		"a password that is made": func(p people.Person) error {
			_, err := b.people.GivePassword(tech, p.ID, people.GivenPassword{})
			return err
		},
		"another mail address": func(p people.Person) error {
			_, err := b.people.ChangeUser(tech, p.ID, people.AccountChange{Email: other(p)})
			return err
		},
		"another mail address from a table": func(p people.Person) error {
			table := "login,email\n" + p.Login + "," + *other(p) + "\n"
			_, err := b.people.Import(tech, []byte(table), people.ImportOptions{Commit: true, Update: true})
			return err
		},
	} {
		fresh, used := b.newcomer(t, tech, people.NewUser{}), b.newcomer(t, tech, people.NewUser{})
		first, err := b.people.FirstPassword(tech, used.ID)
		if err != nil {
			t.Fatal(err)
		}
		if _, _, err := b.logIn(t, used.Login, first); err != nil {
			t.Fatal(err)
		}
		before := mail.count()
		for _, p := range []people.Person{fresh, used} {
			if err := do(p); err != nil {
				t.Fatalf("%s: %v", name, err)
			}
		}
		if known(fresh) || !known(used) {
			t.Errorf("%s: nobody has used it: %v, somebody has: %v", name, known(fresh), known(used))
		}
		if m := mail.next(t, before); m.To != used.Email { // the address that there was
			t.Errorf("%s: the notice went to %s", name, m.To)
		}
	}
	p := b.newcomer(t, tech, people.NewUser{})
	first, err := b.people.FirstPassword(tech, p.ID)
	if err != nil {
		t.Fatal(err)
	}
	if _, _, err := b.logIn(t, p.Login, first); err != nil {
		t.Fatal(err)
	}
	name := "Nora Other"
	if _, err := b.people.ChangeUser(tech, p.ID, people.AccountChange{Name: &name, Email: &p.Email}); err != nil || known(p) {
		t.Errorf("another name is no access: %v", err)
	}
}

// Technicians look after users only. Whoever becomes a colleague or an admin
// must not be somebody that a technician can log in as.
func TestAPasswordThatATechnicianCouldReadOpensNoStaffAccount(t *testing.T) {
	t.Parallel()
	b := setup(t)
	tech, admin := b.as(t, desk.RoleTechnician), b.as(t, desk.RoleAdmin)
	p := b.newcomer(t, tech, people.NewUser{})
	read, err := b.people.FirstPassword(tech, p.ID)
	if err != nil {
		t.Fatal(err)
	}
	role := desk.RoleAdmin
	if _, err := b.people.ChangeUser(admin, p.ID, people.AccountChange{Role: &role}); err != nil {
		t.Fatal(err)
	}
	if _, _, err := b.logIn(t, p.Login, read); desk.CodeOf(err) != desk.CodeBadCredentials {
		t.Errorf("with what the technician read: %v", err)
	}
	if _, err := b.people.FirstPassword(tech, p.ID); desk.CodeOf(err) != desk.CodeForbidden {
		t.Errorf("a technician reads the new one: %v", err)
	}
	now, err := b.people.FirstPassword(admin, p.ID)
	if err != nil {
		t.Fatal(err)
	}
	if _, v, err := b.logIn(t, p.Login, now); err != nil || v.Role != role {
		t.Errorf("with the new one: %+v, %v", v, err)
	}
}
