package people_test

import (
	"bytes"
	"context"
	"encoding/csv"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/conserje/conserje/portal/desk"
	"github.com/conserje/conserje/portal/people"
	"github.com/conserje/conserje/portal/store"
	"github.com/conserje/conserje/portal/store/storetest"
)

func TestImportReadsWhatProgramsExport(t *testing.T) {
	t.Parallel()
	b := setup(t)
	tech := b.as(t, desk.RoleTechnician)
	for _, c := range []struct{ name, table, encoding, separator, want string }{
		{"English", "Name,E-mail,Company\nZoë Ray,zoe@acme.test,Acme\n", "utf-8", ",", "Zoë Ray zoe.ray zoe@acme.test Acme"},
		{"with a mark", "\xEF\xBB\xBFName,Mail\nZoë Ray,zoe@acme.test\n", "utf-8", ",", "Zoë Ray zoe.ray zoe@acme.test Acme"},
		{"Windows-1252 and semicolons", "Nachname;Vorname;E-Mail-Adresse\r\nGro\xDF;J\xFCrgen;jg@acme.test\r\n", "windows-1252", ";", "Jürgen Groß jurgen.gross jg@acme.test Acme"},
		{"UTF-16 and tabs", utf16("Nombre\tApellidos\tCorreo electrónico\nAna\tPeña\tap@acme.test\n"), "utf-16", "\t", "Ana Peña ana.pena ap@acme.test Acme"},
		{"French", "Prénom;Nom;Courriel;Société\nÉlodie;Dupré;ed@x.test;acme\n", "utf-8", ";", "Élodie Dupré elodie.dupre ed@x.test Acme"},
		{"Italian", "Nome,Cognome,Indirizzo e-mail,Azienda\nGiò,Verdi,gv@x.test,ACME\n", "utf-8", ",", "Giò Verdi gio.verdi gv@x.test Acme"},
		{"quoted, with a line break and commas", "\"Name\",\"Mail\"\n\"Ray,\nZoë\",zoe@acme.test\n", "utf-8", ",", "Ray, Zoë ray.zoe zoe@acme.test Acme"},
	} {
		r, err := b.people.Import(tech, []byte(c.table), people.ImportOptions{})
		if err != nil || len(r.Lines) != 1 {
			t.Errorf("%s: %+v, %v", c.name, r, err)
			continue
		}
		l := r.Lines[0]
		if got := fmt.Sprint(l.Name, " ", l.Login, " ", l.Email, " ", l.Company); got != c.want || r.Encoding != c.encoding || r.Separator != c.separator || l.Outcome != people.OutcomeCreate {
			t.Errorf("%s: %q %q %q %s %s", c.name, got, r.Encoding, r.Separator, l.Outcome, l.Code)
		}
	}
	if n := b.count(t, `select count(*) from users where company_id is not null`); n != 1 {
		t.Errorf("looking has made %d people", n-1)
	}
}

func utf16(s string) string {
	b := []byte{0xFF, 0xFE}
	for _, r := range s {
		b = append(b, byte(r), byte(r>>8))
	}
	return string(b)
}

const mixed = `name,email,login,company,phone,language,main contact
Bea Best,bea@acme.test,,,+34 600 000 001,Deutsch,yes
,noname@acme.test,,,,,
Carl Bad,carl@,,,,,
Dora Dup,bea@acme.test,,,,,
Emil Else,emil@x.test,,Nowhere Inc,,,
Flo None,flo@x.test,,,,,
Gus Phone,gus@acme.test,,,12,,
Hal Lang,hal@acme.test,,,,Klingon,
Ina Role,ina@acme.test,,,,,boss
"Jo "Broken,jo@acme.test,,,,,
Kim Login,kim@acme.test,k k,,,,
Ana Again,ana@acme.test,,,,,
Tess Staff,,STAFF,,,,

Lou Last,lou@acme.test,lou,acme,,,no
`

func TestImportTellsEachBrokenRowWithItsLine(t *testing.T) {
	t.Parallel()
	b := setup(t)
	tech := b.as(t, desk.RoleTechnician)
	table := []byte(strings.Replace(mixed, "STAFF", viewerOf(t, tech).Name, 1))
	r, err := b.people.Import(tech, table, people.ImportOptions{})
	if err != nil {
		t.Fatal(err)
	}
	want := map[int]desk.Code{
		3: desk.CodeEmptyText, 4: desk.CodeBadEmail, 5: desk.CodeRowTwice, 6: desk.CodeUnknownCompany, 7: desk.CodeCompanyNeeded, 8: desk.CodePhoneUnusable,
		9: desk.CodeBadValue, 10: desk.CodeBadValue, 11: desk.CodeRowBroken, 12: desk.CodeBadLogin, 14: desk.CodeRowStaff,
	}
	for _, l := range r.Problems {
		if want[l.Line] != l.Code {
			t.Errorf("line %d: %s, want %s", l.Line, l.Code, want[l.Line])
		}
		delete(want, l.Line)
	}
	if len(want) > 0 {
		t.Errorf("not told: %v", want)
	}
	if r.Created != 2 || r.Skipped != 1 || r.Rows != 14 || r.Committed {
		t.Errorf("%+v", r)
	}
}

// A quote that nothing closes costs its own row and no other.
func TestImportReadsOnBelowAnOpenQuote(t *testing.T) {
	t.Parallel()
	b := setup(t)
	tech := b.as(t, desk.RoleTechnician)
	const head = "name,email\nAda One,ada@acme.test\n"
	for _, c := range []struct{ name, table, broken, good string }{
		{"at the end", head + "\"Bob Two,bob@acme.test", "3", "Ada One"},
		{"in the middle", head + "\"Bob Two,bob@acme.test\nCy Three,cy@acme.test\n", "3", "Ada One, Cy Three"},
		{"after blank lines", head + "\n\n\"Bob Two,bob@acme.test\r\nCy Three,cy@acme.test\n", "5", "Ada One, Cy Three"},
		{"each of two", head + "\"Bob Two,bob@acme.test\nCy Three,cy@acme.test\n\"Dee Four,dee@acme.test\nEd Five,ed@acme.test\n", "3 5", "Ada One, Cy Three, Ed Five"},
		{"closed where it should not be", head + "\"Bob Two,bob@acme.test\nCy \"Three\",cy@acme.test\nDee Four,dee@acme.test\n", "3 4", "Ada One, Dee Four"},
		{"and a cell of two lines", head + "\"Bob Two,bob@acme.test\n\"Three,\nCy\",cy@acme.test\n", "3", "Ada One, Three, Cy"},
	} {
		r, err := b.people.Import(tech, []byte(c.table), people.ImportOptions{})
		if err != nil {
			t.Errorf("%s: %v", c.name, err)
			continue
		}
		var broken, good []string
		for _, l := range r.Lines {
			switch l.Outcome {
			case people.OutcomeBroken:
				broken = append(broken, fmt.Sprint(l.Line))
			default:
				good = append(good, l.Name)
			}
		}
		if strings.Join(broken, " ") != c.broken || strings.Join(good, ", ") != c.good {
			t.Errorf("%s: broken %v, good %q", c.name, broken, good)
		}
	}
}

func TestImportIsWholeOrRowByRowAsTheAdminChooses(t *testing.T) {
	t.Parallel()
	b := setup(t)
	admin := b.as(t, desk.RoleAdmin)
	people0 := b.count(t, `select count(*) from users`)
	o := people.ImportOptions{Commit: true, Whole: true}
	r, err := b.people.Import(admin, []byte(mixed), o)
	if err != nil || r.Committed || b.count(t, `select count(*) from users`) != people0 {
		t.Fatalf("whole, with broken rows: committed %v, %v", r.Committed, err)
	}
	o.Whole, o.MustChange = false, true
	r, err = b.people.Import(admin, []byte(mixed), o)
	if err != nil || !r.Committed || b.count(t, `select count(*) from users`) != people0+r.Created || r.Created == 0 {
		t.Fatalf("row by row: %+v, %v", r, err)
	}
	list, err := b.people.Users(admin, people.PeopleFilter{Query: "bea best", AtMost: 5})
	if err != nil || len(list) != 1 {
		t.Fatal(list, err)
	}
	bea := list[0]
	if bea.Role != desk.RoleMainContact || bea.Language != "de" || bea.Company.Name != "Acme" || !bea.FirstPassword || !bea.MustChange {
		t.Errorf("%+v", bea)
	}
	if n := b.count(t, `select count(*) from phones where user_id = $1 and number = '+34600000001' and verified_at is null`, bea.ID); n != 1 {
		t.Error("her number is not noted as contact data")
	}
	first, err := b.people.FirstPassword(admin, bea.ID)
	if err != nil {
		t.Fatal(err)
	}
	if _, v, err := b.logIn(t, "bea@acme.test", first); err != nil || !v.NewPassword {
		t.Errorf("she cannot log in: %v", err)
	}
	// Again: nothing is new.
	again, err := b.people.Import(admin, []byte(mixed), o)
	if err != nil || again.Committed || again.Created != 0 || again.Skipped < r.Created {
		t.Errorf("again: %+v, %v", again, err)
	}
}

func TestImportUpdatesOrSkipsWhoIsThereAlready(t *testing.T) {
	t.Parallel()
	b := setup(t)
	admin := b.as(t, desk.RoleAdmin)
	if _, err := b.people.AddCompany(admin, "Globex", nil); err != nil {
		t.Fatal(err)
	}
	token, ana, err := b.logIn(t, "ana", password)
	if err != nil {
		t.Fatal(err)
	}
	storetest.InTx(t, b.store, b.tenant, func(ctx context.Context, tx *store.Tx) error {
		_, err := tx.Exec(ctx, "insert into phones (tenant_id, user_id, number, verified_at) values ($1, $2, '+34600000009', now())", b.tenant, ana.User)
		return err
	})
	table := []byte("login,name,email,company,phone\nANA,Ana Nueva,ana.nueva@x.test,globex,+34600000001\n")
	r, err := b.people.Import(admin, table, people.ImportOptions{Commit: true})
	if err != nil || r.Skipped != 1 || r.Committed {
		t.Fatalf("skip: %+v, %v", r, err)
	}
	r, err = b.people.Import(admin, table, people.ImportOptions{Commit: true, Update: true})
	if err != nil || r.Updated != 1 || !r.Committed {
		t.Fatalf("update: %+v, %v", r, err)
	}
	p, err := b.people.User(admin, ana.User)
	if err != nil || p.Name != "Ana Nueva" || p.Email != "ana.nueva@x.test" || p.Company.Name != "Globex" || p.Login != "ana" || p.FirstPassword {
		t.Errorf("%+v, %v", p, err)
	}
	if _, err := b.people.Authenticate(t.Context(), b.tenant, token); desk.CodeOf(err) != desk.CodeSessionExpired {
		t.Errorf("the session of somebody who changed the company: %v", err)
	}
	if n := b.count(t, `select count(*) from phones where number = '+34600000009' and verified_at is not null`); n != 1 {
		t.Error("an import replaced a number that its owner has proved")
	}
	if _, _, err := b.logIn(t, "ana", password); err != nil {
		t.Errorf("her password: %v", err)
	}
	storetest.InTx(t, b.store, b.tenant, func(ctx context.Context, tx *store.Tx) error {
		_, err := tx.Exec(ctx, "delete from phones")
		return err
	})
	// A technician is in the table, and stays what she is.
	tess := storetest.User(t, b.store, b.tenant, "", desk.RoleTechnician, "tess")
	r, err = b.people.Import(admin, []byte("login,name,role\ntess,Nobody,contact\n"), people.ImportOptions{Commit: true, Update: true})
	if err != nil || r.Broken != 1 || r.Problems[0].Code != desk.CodeRowStaff {
		t.Errorf("staff: %+v, %v", r, err)
	}
	if p, err := b.people.User(admin, tess.User); err != nil || p.Role != desk.RoleTechnician || p.Name != "tess" {
		t.Errorf("%+v, %v", p, err)
	}
	if _, err := b.people.Import(desk.WithViewer(t.Context(), ana), table, people.ImportOptions{Commit: true}); desk.CodeOf(err) != desk.CodeForbidden {
		t.Errorf("a contact imports: %v", err)
	}
}

func TestImportRefusesWhatIsNoTable(t *testing.T) {
	t.Parallel()
	b := setup(t)
	tech := b.as(t, desk.RoleTechnician)
	for _, c := range []struct {
		name  string
		table []byte
		want  desk.Code
	}{
		{"nothing", nil, desk.CodeTableUnreadable},
		{"blanks", []byte(" \r\n\n"), desk.CodeTableUnreadable},
		{"a picture", []byte("\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR"), desk.CodeTableUnreadable},
		{"a spreadsheet", []byte("PK\x03\x04\x14\x00\x06\x00"), desk.CodeTableUnreadable},
		{"10 MB", bytes.Repeat([]byte("a"), people.MaxTableBytes+1), desk.CodeTooLarge},
		{"too many rows", []byte("name\n" + strings.Repeat("a\n", people.MaxTableRows+1)), desk.CodeTooManyRows},
		{"too many columns", []byte(strings.Repeat("a,", 200) + "\nb\n"), desk.CodeTableUnreadable},
		{"an open quote in the header", []byte("\"name\nb\n"), desk.CodeTableUnreadable},
	} {
		if _, err := b.people.Import(tech, c.table, people.ImportOptions{Commit: true}); desk.CodeOf(err) != c.want {
			t.Errorf("%s: %v", c.name, err)
		}
	}
	for _, columns := range [][]people.Field{{"name", "name"}, {"password"}, {"name", "email", "login"}} {
		if _, err := b.people.Import(tech, []byte("a,b\nc,d\n"), people.ImportOptions{Columns: columns}); desk.CodeOf(err) != desk.CodeInvalid {
			t.Errorf("%v: %v", columns, err)
		}
	}
	r, err := b.people.Import(tech, []byte("a,b\nZoë Ray,zoe@acme.test\n"), people.ImportOptions{Columns: []people.Field{"name", "email"}})
	if err != nil || r.Created != 1 {
		t.Errorf("columns that are named: %+v, %v", r, err)
	}
}

func TestExportIsHarmlessToSpreadsheetsAndImportsAgain(t *testing.T) {
	t.Parallel()
	b := setup(t)
	tech := b.as(t, desk.RoleTechnician)
	bad := `=HYPERLINK("https://evil.test","x")`
	p := b.newcomer(t, tech, people.NewUser{Name: bad, Email: "evil@acme.test", Phone: "+34 600 000 001"})
	file, err := b.people.Export(tech, people.PeopleFilter{Query: "evil@"})
	if err != nil {
		t.Fatal(err)
	}
	rows, err := csv.NewReader(bytes.NewReader(bytes.TrimPrefix(file, []byte("\xEF\xBB\xBF")))).ReadAll()
	if err != nil || len(rows) != 2 {
		t.Fatalf("%v, %v", rows, err)
	}
	for _, cell := range rows[1] {
		if strings.ContainsAny(cell[:min(1, len(cell))], "=+-@\t\r") {
			t.Errorf("a cell begins like a formula: %q", cell)
		}
	}
	if rows[1][0] != "'"+bad || rows[1][4] != "'+34600000001" {
		t.Errorf("%q", rows[1])
	}
	r, err := b.people.Import(tech, file, people.ImportOptions{Commit: true, Update: true})
	if err != nil || r.Broken != 0 || r.Created != 0 {
		t.Errorf("the export does not come in again: %+v, %v", r, err)
	}
	if now, err := b.people.User(tech, p.ID); err != nil || now.Name != bad {
		t.Errorf("the name became %q, %v", now.Name, err)
	}
	if _, ana, err := b.logIn(t, "ana", password); err != nil {
		t.Fatal(err)
	} else if _, err := b.people.Export(desk.WithViewer(t.Context(), ana), people.PeopleFilter{}); desk.CodeOf(err) != desk.CodeForbidden {
		t.Errorf("a contact exports: %v", err)
	}
}

func TestTwentyThousandRowsAreImportedAtOnce(t *testing.T) {
	if testing.Short() {
		t.Skip("takes a while")
	}
	t.Parallel()
	b := setup(t)
	admin := b.as(t, desk.RoleAdmin)
	var table bytes.Buffer
	table.WriteString("name,email\n")
	for i := range people.MaxTableRows {
		fmt.Fprintf(&table, "Person %d,p%d@acme.test\n", i, i)
	}
	begin := time.Now()
	r, err := b.people.Import(admin, table.Bytes(), people.ImportOptions{Commit: true})
	if err != nil || !r.Committed || r.Created != people.MaxTableRows || r.Broken != 0 {
		t.Fatalf("%d created, %d broken, %v", r.Created, r.Broken, err)
	}
	t.Logf("%d rows in %s", r.Created, time.Since(begin).Round(time.Millisecond))
	if n := b.count(t, `select count(*) from first_passwords`); n != people.MaxTableRows {
		t.Errorf("%d have a password", n)
	}
}
