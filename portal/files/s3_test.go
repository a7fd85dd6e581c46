package files_test

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"image"
	_ "image/jpeg"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"sync/atomic"
	"testing"
	"time"

	"github.com/johannesboyne/gofakes3"
	"github.com/johannesboyne/gofakes3/backend/s3mem"
	"gocloud.dev/blob"

	"github.com/conserje/conserje/portal/desk"
	"github.com/conserje/conserje/portal/files"
	"github.com/conserje/conserje/portal/files/filestest"
	"github.com/conserje/conserje/portal/store/storetest"
)

// remote is a storage that speaks S3, on a server of its own, and files in it.
type remote struct {
	*bundle
	bucket *blob.Bucket
	sick   atomic.Int64 // what it answers to everything; 0: it works
	cut    atomic.Bool  // it hangs up in the middle of what is sent
	mute   atomic.Bool  // it takes everything and says nothing
}

// onS3 has the bundle's files lie where CONSERJE_FILES says s3://.
func onS3(t *testing.T) *remote {
	t.Helper()
	for name, value := range map[string]string{
		"AWS_ACCESS_KEY_ID": "key", "AWS_SECRET_ACCESS_KEY": "secret", "AWS_CONFIG_FILE": "/nowhere", "AWS_SHARED_CREDENTIALS_FILE": "/nowhere", "AWS_EC2_METADATA_DISABLED": "true",
	} {
		t.Setenv(name, value)
	}
	r := &remote{bundle: setup(t)}
	storage := s3mem.New()
	if err := storage.CreateBucket("files"); err != nil {
		t.Fatal(err)
	}
	works, closing := gofakes3.New(storage).Server(), make(chan struct{})
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, q *http.Request) {
		switch code := r.sick.Load(); {
		case r.mute.Load():
			select { // a body that is read lets the server hear that the client has gone
			case <-q.Context().Done():
			case <-closing:
			}
		case code != 0:
			w.WriteHeader(int(code))
		case r.cut.Load() && q.Method == http.MethodPut:
			_, _ = io.CopyN(io.Discard, q.Body, 1000)
			panic(http.ErrAbortHandler)
		default:
			works.ServeHTTP(w, q)
		}
	}))
	t.Cleanup(func() { close(closing); server.Close() })
	var err error
	r.bucket, err = files.OpenBucket(t.Context(), "s3://files?region=eu-west-1&use_path_style=true&endpoint="+url.QueryEscape(server.URL))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = r.bucket.Close() })
	r.files = files.New(files.Config{Store: r.store, Bucket: r.bucket, Sees: filestest.Nobody, Patience: 15 * time.Second, Log: storetest.Log(t)})
	return r
}

// objects are what lies in the bucket.
func (r *remote) objects(t *testing.T) (n int) {
	t.Helper()
	for list := r.bucket.List(nil); ; n++ {
		if _, err := list.Next(t.Context()); errors.Is(err, io.EOF) {
			return n
		} else if err != nil {
			t.Fatal(err)
		}
	}
}

func (r *remote) holds(t *testing.T, rows, objects int) {
	t.Helper()
	if n, m := r.count(t, "select count(*) from files"), r.objects(t); n != rows || m != objects {
		t.Errorf("%d rows and %d objects, %d and %d wanted", n, m, rows, objects)
	}
}

func (r *remote) reads(t *testing.T, open func(context.Context, desk.ID) (*files.Content, error), id desk.ID) []byte {
	t.Helper()
	c, err := open(as(t, r.ana), id)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	all, err := io.ReadAll(c)
	if err != nil || int64(len(all)) != c.Bytes {
		t.Fatalf("%d of %d bytes: %v", len(all), c.Bytes, err)
	}
	return all
}

// noise is more than goes to S3 in one part.
func noise() []byte {
	b := make([]byte, 12<<20)
	_, _ = rand.Read(b)
	return b
}

func TestFilesInABucketComeBackAsTheyWereSentAndGoWhenTheyAreDeletedOrSwept(t *testing.T) {
	r := onS3(t)
	large := noise()
	small, big := filestest.Send(t, r.files, r.ana, "a.txt", []byte("words")), filestest.Send(t, r.files, r.ana, "a.bin", large)
	picture := filestest.Send(t, r.files, r.ana, "screen.png", filestest.PNG(t, 2000, 1000))
	r.holds(t, 3, 4) // the picture has a small one beside it
	if got := r.reads(t, r.files.Open, small.ID); string(got) != "words" {
		t.Errorf("%q", got)
	}
	if !bytes.Equal(r.reads(t, r.files.Open, big.ID), large) {
		t.Error("what comes in parts came back as something else")
	}
	for name, open := range map[string]func(context.Context, desk.ID) (*files.Content, error){"whole": r.files.Open, "for a page": r.files.OpenPicture} {
		if _, _, err := image.Decode(bytes.NewReader(r.reads(t, open, picture.ID))); err != nil {
			t.Errorf("the picture, %s: %v", name, err)
		}
	}
	if err := r.files.Delete(as(t, r.ana), picture.ID); err != nil {
		t.Error(err)
	}
	r.holds(t, 2, 2)
	r.exec(t, "update files set created_at = now() - interval '25 hours' where id = $1", big.ID)
	if err := r.files.Sweep(t.Context()); err != nil {
		t.Error(err)
	}
	r.holds(t, 1, 1)
	r.reads(t, r.files.Open, small.ID)
}

// Whatever ails the storage, people are told to try again, and nothing that was
// kept before is lost.
func TestABucketThatIsAwayRefusesFilesPlainlyAndLosesNone(t *testing.T) {
	r := onS3(t)
	kept, gone := filestest.Send(t, r.files, r.ana, "a.txt", []byte("words")), filestest.Send(t, r.files, r.ana, "b.txt", []byte("x"))
	send := func(what string, data []byte) {
		t.Helper()
		if _, err := r.files.Send(as(t, r.ana), "c.bin", bytes.NewReader(data)); desk.CodeOf(err) != desk.CodeUnavailable {
			t.Errorf("%s: %v", what, err)
		}
	}
	r.cut.Store(true)
	send("the line breaks", []byte("the half of it"))
	send("the line breaks in a part", noise())
	r.cut.Store(false)
	r.holds(t, 2, 2) // they were forgotten at once
	for _, code := range []int64{http.StatusServiceUnavailable, http.StatusForbidden} {
		r.sick.Store(code)
		send(http.StatusText(int(code)), []byte("words"))
		if _, err := r.files.Open(as(t, r.ana), kept.ID); desk.CodeOf(err) != desk.CodeUnavailable {
			t.Errorf("%d: reading says %v", code, err)
		}
		r.sick.Store(0)
	}
	r.sick.Store(http.StatusServiceUnavailable)
	if err := r.files.Delete(as(t, r.ana), gone.ID); err != nil {
		t.Errorf("what is to be gone is gone for people, whenever its bytes follow: %v", err)
	}
	if err := r.files.Sweep(t.Context()); err == nil {
		t.Error("the sweep says that it is done")
	}
	r.sick.Store(0)
	if got := r.reads(t, r.files.Open, kept.ID); string(got) != "words" {
		t.Errorf("afterwards: %q", got)
	}
	if n := r.count(t, "select count(*) from files where stored_at is not null and deleted_at is null"); n != 1 {
		t.Errorf("%d files, 1 wanted", n)
	}
	r.exec(t, "update files set created_at = now() - interval '25 hours' where id <> $1", kept.ID)
	if err := r.files.Sweep(t.Context()); err != nil {
		t.Error(err)
	}
	r.holds(t, 1, 1)
}

func TestABucketThatSaysNothingIsNotWaitedForLongerThanItsTime(t *testing.T) {
	r := onS3(t)
	kept := filestest.Send(t, r.files, r.ana, "a.txt", []byte("words"))
	hasty := files.New(files.Config{Store: r.store, Bucket: r.bucket, Sees: filestest.Nobody, Patience: 200 * time.Millisecond, Log: storetest.Log(t)})
	r.mute.Store(true)
	begin := time.Now()
	if _, err := hasty.Send(as(t, r.ana), "b.txt", bytes.NewReader([]byte("x"))); desk.CodeOf(err) != desk.CodeUnavailable {
		t.Errorf("sending: %v", err)
	}
	if _, err := hasty.Open(as(t, r.ana), kept.ID); desk.CodeOf(err) != desk.CodeUnavailable {
		t.Errorf("reading: %v", err)
	}
	if err := hasty.Delete(as(t, r.ana), kept.ID); err != nil {
		t.Errorf("deleting: %v", err)
	}
	if took := time.Since(begin); took > 10*time.Second {
		t.Errorf("it was waited for %s", took)
	}
}
