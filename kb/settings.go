package kb

import (
	"context"

	"github.com/conserje/conserje/portal/desk"
	"github.com/conserje/conserje/portal/store"
	"github.com/conserje/conserje/portal/store/db"
)

// Settings are what an article is beside its texts.
type Settings struct {
	Company  desk.ID
	Category desk.ID
	ReviewOn Day
}

// Set changes an article's settings. version is the one that the editor saw.
// The audience of its passages, postings and vectors moves in the same
// transaction.
func (k *KB) Set(ctx context.Context, viewer desk.Viewer, id desk.ID, version int64, fn func(*Settings)) (a EditedArticle, err error) {
	if err := editor(viewer); err != nil {
		return a, err
	}
	err = k.store.Tenant(viewer.Tenant).Tx(ctx, func(ctx context.Context, tx *store.Tx) error {
		if err := tx.LockKnowledge(ctx); err != nil {
			return err
		}
		row, err := tx.LockArticle(ctx, id)
		if store.NoRows(err) {
			return noArticle()
		}
		if err != nil {
			return err
		}
		if row.SettingsChange != version {
			return desk.Errorf(desk.CodeConflict, "somebody has changed these settings meanwhile").With("version", row.SettingsChange)
		}
		old := Settings{store.OrZero(row.Audience), store.OrZero(row.Category), dayOf(row.ReviewOn)}
		now := old
		fn(&now)
		if err := set(ctx, tx, viewer, id, old, now); err != nil {
			return err
		}
		a, err = edited(ctx, tx, id)
		return err
	})
	return a, err
}

func set(ctx context.Context, tx *store.Tx, viewer desk.Viewer, id desk.ID, old, now Settings) error {
	if old == now {
		return nil
	}
	review, err := now.ReviewOn.date()
	if err != nil {
		return err
	}
	if err := targetsExist(ctx, tx, now.Company, now.Category); err != nil {
		return err
	}
	if _, err := tx.ArticleChanges(ctx, id); err != nil {
		return err
	}
	err = tx.SetArticle(ctx, db.SetArticleParams{ID: id, Audience: store.Optional(now.Company), Category: store.Optional(now.Category), ReviewOn: review})
	if err != nil {
		return err
	}
	if now.Company != old.Company {
		if err := tx.MoveAudience(ctx, db.MoveAudienceParams{Articles: []desk.ID{id}, Audience: store.Optional(now.Company)}); err != nil {
			return err
		}
	}
	return tx.Audit(ctx, store.AuditEntry{
		Actor: viewer.User, Action: "article.set", Object: "article", ObjectID: id,
		Detail: map[string]map[string]string{"old": old.detail(), "new": now.detail()},
	})
}

func (s Settings) detail() map[string]string {
	return map[string]string{"company": string(s.Company), "category": string(s.Category), "review_on": string(s.ReviewOn)}
}
