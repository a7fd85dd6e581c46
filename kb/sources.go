package kb

import (
	"context"
	"encoding/json"
	"net/url"
	"path"
	"strings"
	"time"

	"github.com/riverqueue/river"
	"github.com/riverqueue/river/rivertype"

	"github.com/conserje/conserje/kb/fetch"
	"github.com/conserje/conserje/portal/desk"
	"github.com/conserje/conserje/portal/store"
	"github.com/conserje/conserje/portal/store/db"
)

// Fetcher gets pages from the web; *fetch.Client is one. Address holds what
// somebody typed to what is fetched at all. Errors are desk.Errors.
type Fetcher interface {
	Address(typed string) (*url.URL, error)
	Get(ctx context.Context, address string, seen fetch.Seen) (fetch.Page, error)
}

// Source is an address on the web whose pages are articles. They are published
// as they are, and again when they change; a page that is gone is no longer
// read nor answered from.
type Source struct {
	ID         desk.ID        `json:"id"`
	URL        string         `json:"url"`
	Kind       string         `json:"kind" enum:"page,list" doc:"One page, or a list of pages: a sitemap, or a page of links."`
	Prefix     string         `json:"prefix" doc:"Of a list: only pages whose address begins like this are taken."`
	Company    desk.ID        `json:"company_id,omitempty" doc:"The one company that new articles are for; without it, everybody."`
	Category   desk.ID        `json:"category_id,omitempty"`
	Lang       desk.Language  `json:"lang" doc:"Of pages that name none."`
	EveryHours int            `json:"every_hours"`
	State      string         `json:"state" enum:"new,syncing,ok,partly,failed"`
	Problem    *SourceProblem `json:"problem,omitempty" doc:"Why the last look at it failed."`
	Pages      SourceCounts   `json:"pages"`
	SyncedAt   *time.Time     `json:"synced_at,omitempty"`
	NextSyncAt time.Time      `json:"next_sync_at"`
	CreatedAt  time.Time      `json:"created_at"`
}

// SourceProblem is what went wrong, for the reader's own words.
type SourceProblem struct {
	Code   desk.Code      `json:"code"`
	Params map[string]any `json:"params,omitempty"`
}

// SourceCounts counts a source's pages by their state.
type SourceCounts struct {
	OK       int64 `json:"ok"`
	Failed   int64 `json:"failed"`
	Gone     int64 `json:"gone"`
	Detached int64 `json:"detached" doc:"Edited by hand since; the source changes them no more."`
}

// SourcePage is a page of a source and the article that it became.
type SourcePage struct {
	ID       desk.ID        `json:"id"`
	URL      string         `json:"url"`
	State    string         `json:"state" enum:"ok,failed,gone,detached"`
	Problem  *SourceProblem `json:"problem,omitempty"`
	Article  desk.ID        `json:"article_id,omitempty"`
	Lang     desk.Language  `json:"lang,omitempty"`
	Title    string         `json:"title"`
	SyncedAt time.Time      `json:"synced_at"`
}

// NewSource is what an administrator enters.
type NewSource struct {
	URL        string        `json:"url" minLength:"1" maxLength:"1000"`
	Kind       string        `json:"kind" enum:"page,list"`
	Prefix     string        `json:"prefix,omitempty" maxLength:"1000" doc:"Of a list; its own folder when left out. On the same host."`
	Company    desk.ID       `json:"company_id,omitempty"`
	Category   desk.ID       `json:"category_id,omitempty"`
	Lang       desk.Language `json:"lang"`
	EveryHours int           `json:"every_hours,omitempty" minimum:"1" maximum:"720" doc:"24 when left out."`
}

// SyncArgs is the job that looks at one source.
type SyncArgs struct {
	Tenant desk.ID `json:"tenant"`
	Source desk.ID `json:"source"`
}

// Kind names the job.
func (SyncArgs) Kind() string { return "kb_sync" }

// syncOnce keeps two jobs from looking at one source at the same time.
var syncOnce = &river.InsertOpts{Queue: store.QueueWeb, MaxAttempts: 1, UniqueOpts: river.UniqueOpts{ByArgs: true, ByState: []rivertype.JobState{
	rivertype.JobStateAvailable, rivertype.JobStatePending, rivertype.JobStateRunning, rivertype.JobStateRetryable, rivertype.JobStateScheduled,
}}}

// AddSource takes an address on and looks at it in the background.
func (k *KB) AddSource(ctx context.Context, viewer desk.Viewer, n NewSource) (s Source, err error) {
	if err := editor(viewer); err != nil {
		return s, err
	}
	p, err := k.sourceOf(n)
	if err != nil {
		return s, err
	}
	err = k.store.Tenant(viewer.Tenant).Tx(ctx, func(ctx context.Context, tx *store.Tx) error {
		if err := targetsExist(ctx, tx, n.Company, n.Category); err != nil {
			return err
		}
		p.TenantID, p.ID, p.CreatedBy = tx.Tenant, desk.NewID(), store.Optional(viewer.User)
		added, err := tx.AddSource(ctx, p)
		if err != nil {
			return err
		}
		if added == 0 {
			return desk.Errorf(desk.CodeSourceTaken, "this address is a source already").With("url", p.Url).On("url")
		}
		if err := tx.Enqueue(ctx, SyncArgs{tx.Tenant, p.ID}, syncOnce); err != nil {
			return err
		}
		err = tx.Audit(ctx, store.AuditEntry{Actor: viewer.User, Action: "source.added", Object: "source", ObjectID: p.ID, Detail: map[string]string{"url": p.Url}})
		if err != nil {
			return err
		}
		s, err = source(ctx, tx, p.ID)
		return err
	})
	return s, err
}

// sourceOf holds what was entered to the rules of addresses.
func (k *KB) sourceOf(n NewSource) (p db.AddSourceParams, err error) {
	if k.web == nil {
		return p, noWeb()
	}
	if n.Kind != "page" && n.Kind != "list" {
		return p, desk.Errorf(desk.CodeInvalid, "a source is a page or a list").On("kind")
	}
	if !n.Lang.Valid() {
		return p, desk.Errorf(desk.CodeInvalid, "the portal does not speak that language").On("lang")
	}
	u, err := k.web.Address(n.URL)
	if err != nil {
		return p, err
	}
	folder := *u
	folder.RawQuery, folder.RawPath = "", ""
	if !strings.HasSuffix(folder.Path, "/") {
		folder.Path = strings.TrimSuffix(path.Dir(folder.Path), "/") + "/"
	}
	prefix := &folder
	if strings.TrimSpace(n.Prefix) != "" {
		if prefix, err = k.web.Address(n.Prefix); err != nil || prefix.Host != u.Host || prefix.RawQuery != "" {
			return p, desk.Errorf(desk.CodeSourceAddress, "the beginning of the pages' addresses is on the same host, such as https://%s/help/", u.Host).With("url", n.Prefix).On("prefix")
		}
	}
	if n.EveryHours == 0 {
		n.EveryHours = 24
	}
	if n.EveryHours < 1 || n.EveryHours > 720 {
		return p, desk.Errorf(desk.CodeInvalid, "a source is looked at every 1 to 720 hours").On("every_hours")
	}
	return db.AddSourceParams{
		Url: u.String(), Kind: n.Kind, Prefix: prefix.String(), Audience: store.Optional(n.Company), Category: store.Optional(n.Category),
		Lang: string(n.Lang), EveryHours: int32(n.EveryHours),
	}, nil
}

// Sources lists all of them.
func (k *KB) Sources(ctx context.Context, viewer desk.Viewer) (list []Source, err error) {
	if err := staffOnly(viewer); err != nil {
		return nil, err
	}
	err = k.store.Tenant(viewer.Tenant).Tx(ctx, func(ctx context.Context, tx *store.Tx) error {
		list, err = sourcesIn(ctx, tx, nil)
		return err
	})
	return list, err
}

func noWeb() *desk.Error {
	return desk.Errorf(desk.CodeUnsupported, "nothing is fetched from the web here")
}

func noSource() *desk.Error { return desk.Errorf(desk.CodeNotFound, "no such source") }

func source(ctx context.Context, tx *store.Tx, id desk.ID) (Source, error) {
	list, err := sourcesIn(ctx, tx, &id)
	if err != nil {
		return Source{}, err
	}
	if len(list) == 0 {
		return Source{}, noSource()
	}
	return list[0], nil
}

func sourcesIn(ctx context.Context, tx *store.Tx, one *desk.ID) ([]Source, error) {
	rows, err := tx.Sources(ctx, one)
	list := make([]Source, len(rows))
	for i, r := range rows {
		list[i] = Source{
			ID: r.ID, URL: r.Url, Kind: r.Kind, Prefix: r.Prefix, Company: store.OrZero(r.Audience), Category: store.OrZero(r.Category),
			Lang: desk.Language(r.Lang), EveryHours: int(r.EveryHours), State: r.State, Problem: problemFrom(r.Code, r.Params),
			Pages: SourceCounts{r.PagesOk, r.PagesFailed, r.PagesGone, r.PagesDetached}, SyncedAt: r.SyncedAt,
			NextSyncAt: r.NextSyncAt.UTC(), CreatedAt: r.CreatedAt.UTC(),
		}
	}
	return list, err
}

func problemFrom(code string, params json.RawMessage) *SourceProblem {
	if code == "" {
		return nil
	}
	p := &SourceProblem{Code: desk.Code(code)}
	_ = json.Unmarshal(params, &p.Params) // without them the words are less exact
	return p
}

// SourcePages lists the pages of a source.
func (k *KB) SourcePages(ctx context.Context, viewer desk.Viewer, id desk.ID) (list []SourcePage, err error) {
	if err := staffOnly(viewer); err != nil {
		return nil, err
	}
	err = k.store.Tenant(viewer.Tenant).Tx(ctx, func(ctx context.Context, tx *store.Tx) error {
		if _, err := source(ctx, tx, id); err != nil {
			return err
		}
		rows, err := tx.SourcePages(ctx, id)
		list = make([]SourcePage, len(rows))
		for i, r := range rows {
			list[i] = SourcePage{
				ID: r.ID, URL: r.Url, State: r.State, Problem: problemFrom(r.Code, r.Params), Article: store.OrZero(r.ArticleID),
				Lang: desk.Language(store.OrZero(r.Lang)), Title: r.Title, SyncedAt: r.SyncedAt.UTC(),
			}
			if r.Detached {
				list[i].State = "detached"
			}
		}
		return err
	})
	return list, err
}

// SyncNow looks at a source in the background without waiting for its time. It
// counts as being looked at from here on, so that whoever asked can wait for
// its end.
func (k *KB) SyncNow(ctx context.Context, viewer desk.Viewer, id desk.ID) (s Source, err error) {
	if err := editor(viewer); err != nil {
		return s, err
	}
	if k.web == nil {
		return s, noWeb()
	}
	err = k.store.Tenant(viewer.Tenant).Tx(ctx, func(ctx context.Context, tx *store.Tx) error {
		// The source before the job: a look that ends holds them in this order.
		if _, err := tx.BeginSync(ctx, id); store.NoRows(err) {
			return noSource()
		} else if err != nil {
			return err
		}
		if err := tx.Enqueue(ctx, SyncArgs{tx.Tenant, id}, syncOnce); err != nil {
			return err
		}
		if s, err = source(ctx, tx, id); err != nil {
			return err
		}
		return tx.Audit(ctx, store.AuditEntry{Actor: viewer.User, Action: "source.synced_now", Object: "source", ObjectID: id})
	})
	return s, err
}

// RemoveSource forgets a source. Its articles stay as they are and belong to
// their editors from then on, or are withdrawn with it.
func (k *KB) RemoveSource(ctx context.Context, viewer desk.Viewer, id desk.ID, withdraw bool) error {
	if err := editor(viewer); err != nil {
		return err
	}
	return k.store.Tenant(viewer.Tenant).Tx(ctx, func(ctx context.Context, tx *store.Tx) error {
		if err := tx.LockKnowledge(ctx); err != nil {
			return err
		}
		pages, err := tx.SourcePages(ctx, id)
		if err != nil {
			return err
		}
		address, err := tx.DeleteSource(ctx, id)
		if store.NoRows(err) {
			return noSource()
		}
		if err != nil {
			return err
		}
		withdrawn := 0
		for _, p := range pages {
			if !withdraw || p.ArticleID == nil || p.Detached {
				continue
			}
			was, err := takeBack(ctx, tx, *p.ArticleID, desk.Language(store.OrZero(p.Lang)), viewer.User, p.Url)
			if err != nil {
				return err
			}
			if was {
				withdrawn++
			}
		}
		return tx.Audit(ctx, store.AuditEntry{Actor: viewer.User, Action: "source.removed", Object: "source", ObjectID: id, Detail: map[string]any{"url": address, "withdrawn": withdrawn}})
	})
}
