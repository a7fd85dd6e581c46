package files_test

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
	"testing"

	"github.com/conserje/conserje/portal/desk"
	"github.com/conserje/conserje/portal/files"
	"github.com/conserje/conserje/portal/files/filestest"
	"github.com/conserje/conserje/portal/store"
	"github.com/conserje/conserje/portal/store/storetest"
)

type bundle struct {
	store                 *store.Store
	files                 *files.Service
	dir                   string
	tenant                desk.ID
	ana, carl, tess, zara desk.Viewer // zara is admin of another tenant
}

func setup(t *testing.T, set ...func(*files.Config)) *bundle {
	t.Helper()
	s := storetest.New(t)
	b := &bundle{store: s, tenant: storetest.Tenant(t, s)}
	acme := storetest.Company(t, s, b.tenant, "Acme")
	b.ana = storetest.User(t, s, b.tenant, acme, desk.RoleContact, "ana")
	b.carl = storetest.User(t, s, b.tenant, acme, desk.RoleContact, "carl")
	b.tess = storetest.User(t, s, b.tenant, "", desk.RoleTechnician, "tess")
	b.zara = storetest.User(t, s, storetest.Tenant(t, s), "", desk.RoleAdmin, "zara")
	staffOnly := func(_ context.Context, _ *store.Tx, v desk.Viewer, _ files.Place) error {
		if v.Role.Staff() {
			return nil
		}
		return desk.Errorf(desk.CodeForbidden, "no")
	}
	b.files, b.dir = filestest.New(t, s, staffOnly, set...)
	return b
}

func as(t *testing.T, v desk.Viewer) context.Context { return desk.WithViewer(t.Context(), v) }

func (b *bundle) count(t *testing.T, query string) (n int) {
	t.Helper()
	storetest.InTx(t, b.store, b.tenant, func(ctx context.Context, tx *store.Tx) error { return tx.QueryRow(ctx, query).Scan(&n) })
	return n
}

func (b *bundle) exec(t *testing.T, query string, args ...any) {
	t.Helper()
	storetest.InTx(t, b.store, b.tenant, func(ctx context.Context, tx *store.Tx) error {
		_, err := tx.Exec(ctx, query, args...)
		return err
	})
}

// objects are what lies in the folder.
func (b *bundle) objects(t *testing.T) (n int) {
	t.Helper()
	err := filepath.WalkDir(b.dir, func(_ string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() {
			n++
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// attach makes a conversation of v's and attaches files to it.
func (b *bundle) attach(t *testing.T, v desk.Viewer, ids ...desk.ID) (list []desk.Attachment, err error) {
	t.Helper()
	err = b.store.ViewerTx(as(t, v), func(ctx context.Context, tx *store.Tx, v desk.Viewer) error {
		conversation := desk.NewID()
		if _, err := tx.Exec(ctx, "insert into conversations (tenant_id, id, user_id, company_id) values ($1, $2, $3, $4)",
			tx.Tenant, conversation, v.User, store.Optional(v.Company)); err != nil {
			return err
		}
		list, err = files.AttachTx(ctx, tx, v, ids, files.Place{Conversation: conversation})
		return err
	})
	return list, err
}

func TestALooseFileIsItsSendersAndAnAttachedOneBelongsToItsPlace(t *testing.T) {
	t.Parallel()
	b := setup(t)
	f := filestest.Send(t, b.files, b.ana, "a.txt", []byte("words"))
	sees := func(v desk.Viewer) bool {
		c, err := b.files.Open(as(t, v), f.ID)
		if err == nil {
			return c.Close() == nil
		}
		if desk.CodeOf(err) != desk.CodeNotFound {
			t.Errorf("%s: %v", v.Name, err)
		}
		return false
	}
	for v, want := range map[*desk.Viewer]bool{&b.ana: true, &b.carl: false, &b.tess: false, &b.zara: false} {
		if sees(*v) != want {
			t.Errorf("loose: %s sees it: %v", v.Name, !want)
		}
	}
	if _, err := b.attach(t, b.carl, f.ID); desk.CodeOf(err) != desk.CodeFileGone {
		t.Errorf("somebody else's was attached: %v", err)
	}
	if _, err := b.attach(t, b.zara, f.ID); desk.CodeOf(err) != desk.CodeFileGone {
		t.Errorf("another tenant's was attached: %v", err)
	}
	if _, err := b.attach(t, b.ana, f.ID); err != nil {
		t.Fatal(err)
	}
	if _, err := b.attach(t, b.ana, f.ID); desk.CodeOf(err) != desk.CodeFileGone {
		t.Errorf("attached twice: %v", err)
	}
	for v, want := range map[*desk.Viewer]bool{&b.ana: false, &b.carl: false, &b.tess: true, &b.zara: false} {
		if sees(*v) != want { // the place is the staff's here
			t.Errorf("attached: %s sees it: %v", v.Name, !want)
		}
	}
}

func TestFilesOfAMessageKeepTheirOrderAndAreAllThereOrNone(t *testing.T) {
	t.Parallel()
	b := setup(t)
	var ids []desk.ID
	for _, name := range []string{"c.txt", "a.txt", "b.txt"} {
		ids = append(ids, filestest.Send(t, b.files, b.ana, name, []byte(name)).ID)
	}
	for name, c := range map[string]struct {
		ids  []desk.ID
		code desk.Code
	}{
		"one is not there": {[]desk.ID{ids[0], desk.NewID()}, desk.CodeFileGone},
		"one twice":        {[]desk.ID{ids[0], ids[0]}, desk.CodeInvalid},
		"no id":            {[]desk.ID{"x"}, desk.CodeInvalid},
		"too many":         {make([]desk.ID, files.MaxPerMessage+1), desk.CodeTooManyFiles},
	} {
		if _, err := b.attach(t, b.ana, c.ids...); desk.CodeOf(err) != c.code {
			t.Errorf("%s: %v", name, err)
		}
	}
	list, err := b.attach(t, b.ana, ids...)
	if err != nil || len(list) != 3 || list[0].Name != "c.txt" || list[1].Name != "a.txt" || list[2].Name != "b.txt" {
		t.Errorf("%+v %v", list, err)
	}
}

func TestWhatIsTooMuchIsRefusedAndLeavesNothing(t *testing.T) {
	t.Parallel()
	b := setup(t, func(c *files.Config) { c.MaxBytes, c.DayBytes = 1<<20, 2<<20 })
	for name, c := range map[string]struct {
		file string
		data []byte
		code desk.Code
	}{
		"too large":          {"a.bin", make([]byte, 1<<20+1), desk.CodeFileTooLarge},
		"empty":              {"a.txt", nil, desk.CodeBrokenFile},
		"Windows program":    {"setup.txt", append([]byte("MZ\x90\x00\x03\x00\x00\x00"), make([]byte, 200)...), desk.CodeFileProgram},
		"Linux program":      {"a", append([]byte("\x7FELF\x02\x01\x01\x00"), make([]byte, 200)...), desk.CodeFileProgram},
		"called as one":      {"readme.txt.BAT", []byte("echo hello"), desk.CodeFileProgram},
		"behind a direction": {"gpj\u202E.exe", []byte("x"), desk.CodeFileProgram},
	} {
		_, err := b.files.Send(as(t, b.ana), c.file, bytes.NewReader(c.data))
		if desk.CodeOf(err) != c.code {
			t.Errorf("%s: %v, want %s", name, err, c.code)
		}
	}
	var e *desk.Error
	if _, err := b.files.Send(as(t, b.ana), "a.bin", bytes.NewReader(make([]byte, 1<<20+1))); !errors.As(err, &e) || e.Params["max"] != int64(1) || e.Params["name"] != "a.bin" {
		t.Errorf("the refusal does not say the limit: %+v", e)
	}
	for range 2 {
		filestest.Send(t, b.files, b.ana, "a.bin", make([]byte, 1<<20))
	}
	if _, err := b.files.Send(as(t, b.ana), "b.txt", bytes.NewReader([]byte("x"))); desk.CodeOf(err) != desk.CodeFileQuota {
		t.Errorf("more than a day's: %v", err)
	}
	filestest.Send(t, b.files, b.carl, "b.txt", []byte("x")) // a quota is one person's
	if n := b.count(t, "select count(*) from files"); n != 3 || b.objects(t) != 3 {
		t.Errorf("%d rows, %d objects", n, b.objects(t))
	}
}

func TestOrphansAreSweptAndWhatIsAttachedStays(t *testing.T) {
	t.Parallel()
	b := setup(t)
	send := func(name string) desk.ID { return filestest.Send(t, b.files, b.ana, name, []byte(name)).ID }
	old, fresh, attached, deleted := send("old"), send("fresh"), send("attached"), send("deleted")
	if _, err := b.attach(t, b.ana, attached, deleted); err != nil {
		t.Fatal(err)
	}
	b.exec(t, "update files set created_at = now() - interval '25 hours' where id <> $1", fresh)
	b.exec(t, "update files set deleted_at = now() where id = $1", deleted) // its bytes are still there
	b.exec(t, `insert into files (tenant_id, id, uploader_id, name, type, size, sha256, created_at)
		values ($1, gen_random_uuid(), $2, 'never came', 'text/plain', 1, '', now() - interval '25 hours')`, b.tenant, b.ana.User)
	for range 2 { // twice is once
		if err := b.files.Sweep(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	if b.objects(t) != 2 {
		t.Errorf("%d objects are left", b.objects(t))
	}
	for id, want := range map[desk.ID]int{old: 0, fresh: 1, attached: 1, deleted: 1} {
		if n := b.count(t, "select count(*) from files where id = '"+string(id)+"'"); n != want {
			t.Errorf("%s: %d rows, want %d", id, n, want)
		}
	}
	if n := b.count(t, "select count(*) from files"); n != 3 {
		t.Errorf("%d rows", n)
	}
}

func TestALooseFileIsTakenBackByItsSenderAndAnAttachedOneByStaffWithATrace(t *testing.T) {
	t.Parallel()
	b := setup(t)
	taken := filestest.Send(t, b.files, b.ana, "a.txt", []byte("x"))
	sent := filestest.Send(t, b.files, b.ana, "b.png", filestest.PNG(t, 800, 800))
	if err := b.files.Delete(as(t, b.carl), taken.ID); desk.CodeOf(err) != desk.CodeNotFound {
		t.Errorf("somebody else's: %v", err)
	}
	if err := b.files.Delete(as(t, b.ana), taken.ID); err != nil {
		t.Error(err)
	}
	if _, err := b.attach(t, b.ana, taken.ID); desk.CodeOf(err) != desk.CodeFileGone {
		t.Errorf("a deleted one was attached: %v", err)
	}
	if _, err := b.attach(t, b.ana, sent.ID); err != nil {
		t.Fatal(err)
	}
	if err := b.files.Delete(as(t, b.tess), sent.ID); err != nil {
		t.Error(err)
	}
	if _, err := b.files.Open(as(t, b.tess), sent.ID); desk.CodeOf(err) != desk.CodeNotFound {
		t.Errorf("a deleted file opens: %v", err)
	}
	if n := b.objects(t); n != 0 {
		t.Errorf("%d objects are left", n)
	}
	if n := b.count(t, "select count(*) from audit where action = 'file.deleted' and object_id = '"+string(sent.ID)+"'"); n != 1 {
		t.Errorf("%d entries in the audit log", n)
	}
}

// SECURITY R14: the upload is refused, and the portal lives.
func TestAFullDiskRefusesTheFileAndLeavesNothing(t *testing.T) {
	t.Parallel()
	b := setup(t)
	full := t.TempDir()
	if err := syscall.Mount("tmpfs", full, "tmpfs", 0, "size=256k"); err != nil {
		t.Skipf("no disk to fill: %v", err)
	}
	t.Cleanup(func() { _ = syscall.Unmount(full, 0) })
	bucket, err := files.OpenBucket(t.Context(), full)
	if err != nil {
		t.Fatal(err)
	}
	service := files.New(files.Config{Store: b.store, Bucket: bucket, Sees: filestest.Nobody, Log: storetest.Log(t)})
	noise := make([]byte, 1<<20)
	_, _ = rand.Read(noise)
	if _, err := service.Send(as(t, b.ana), "noise.bin", bytes.NewReader(noise)); desk.CodeOf(err) != desk.CodeStorageFull {
		t.Errorf("%v", err)
	}
	if n := b.count(t, "select count(*) from files"); n != 0 {
		t.Errorf("%d rows", n)
	}
	left := 0
	_ = filepath.WalkDir(full, func(_ string, d fs.DirEntry, _ error) error {
		if d != nil && !d.IsDir() {
			left++
		}
		return nil
	})
	if left != 0 {
		t.Errorf("%d objects are left", left)
	}
	filestest.Send(t, service, b.ana, "small.txt", []byte("there is room for this"))
}

func TestTheFolderOfFilesIsMadeAndPrivate(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "data", "files")
	if _, err := files.OpenBucket(t.Context(), dir); err != nil {
		t.Fatal(err)
	}
	if i, err := os.Stat(dir); err != nil || i.Mode().Perm() != 0o700 {
		t.Errorf("%v %v", i, err)
	}
	if _, err := files.OpenBucket(t.Context(), "nowhere://x"); err == nil {
		t.Error("an unknown kind of store was taken")
	}
}
