package kb

import (
	"context"
	"slices"
	"unicode/utf8"

	"github.com/conserje/conserje/portal/desk"
	"github.com/conserje/conserje/portal/store"
	"github.com/conserje/conserje/portal/store/db"
)

// ArticleCategory groups articles; it has a name in each language that somebody gave
// it one in.
type ArticleCategory struct {
	ID      desk.ID                  `json:"id"`
	Names   map[desk.Language]string `json:"names"`
	Version int64                    `json:"version"`
}

// CategoryShelf is a category as a reader sees it.
type CategoryShelf struct {
	ID       desk.ID `json:"id"`
	Name     string  `json:"name"`
	Articles int64   `json:"articles" doc:"How many of them you may read."`
}

const (
	maxCategories   = 200
	maxCategoryName = 80
)

func noCategory() *desk.Error { return desk.Errorf(desk.CodeNotFound, "no such category") }

// Categories lists them with all their names, in their order.
func (k *KB) Categories(ctx context.Context, viewer desk.Viewer) (out []ArticleCategory, err error) {
	if err := staffOnly(viewer); err != nil {
		return nil, err
	}
	err = k.store.Tenant(viewer.Tenant).Tx(ctx, func(ctx context.Context, tx *store.Tx) (err error) {
		out, err = categories(ctx, tx)
		return err
	})
	return out, err
}

func categories(ctx context.Context, tx *store.Tx) ([]ArticleCategory, error) {
	list, err := tx.Categories(ctx)
	out := []ArticleCategory{}
	for _, r := range list {
		if len(out) == 0 || out[len(out)-1].ID != r.ID {
			out = append(out, ArticleCategory{ID: r.ID, Version: r.Change, Names: map[desk.Language]string{}})
		}
		if r.Lang != nil {
			out[len(out)-1].Names[desk.Language(*r.Lang)] = store.OrZero(r.Name)
		}
	}
	return out, err
}

// Shelves lists the categories in which the viewer finds something, named in
// their language, else in English, else in any.
func (k *KB) Shelves(ctx context.Context, viewer desk.Viewer, lang desk.Language) (out []CategoryShelf, err error) {
	staff, company, err := reader(viewer)
	if err != nil {
		return nil, err
	}
	err = k.store.Tenant(viewer.Tenant).Tx(ctx, func(ctx context.Context, tx *store.Tx) error {
		list, err := tx.CategoriesOfReader(ctx, db.CategoriesOfReaderParams{Lang: string(language(lang)), Staff: staff, Company: company})
		out = []CategoryShelf{}
		for _, r := range list {
			if r.Articles > 0 {
				out = append(out, CategoryShelf(r))
			}
		}
		return err
	})
	return out, err
}

// SaveCategory names a category; without an id it is a new one, the last.
func (k *KB) SaveCategory(ctx context.Context, viewer desk.Viewer, c ArticleCategory) (out ArticleCategory, err error) {
	if err := editor(viewer); err != nil {
		return out, err
	}
	if c.Names, err = checkNames(c.Names); err != nil {
		return out, err
	}
	err = k.store.Tenant(viewer.Tenant).Tx(ctx, func(ctx context.Context, tx *store.Tx) error {
		if err := tx.LockKnowledge(ctx); err != nil {
			return err
		}
		before, err := categories(ctx, tx)
		if err != nil {
			return err
		}
		out = c
		action, err := placeCategory(ctx, tx, &out, before)
		if err != nil {
			return err
		}
		if err := tx.ClearCategoryNames(ctx, out.ID); err != nil {
			return err
		}
		for lang, name := range out.Names {
			err := tx.SaveCategoryName(ctx, db.SaveCategoryNameParams{TenantID: tx.Tenant, CategoryID: out.ID, Lang: string(lang), Name: name})
			if err != nil {
				return err
			}
		}
		return tx.Audit(ctx, store.AuditEntry{Actor: viewer.User, Action: action, Object: "category", ObjectID: out.ID})
	})
	return out, err
}

// placeCategory makes the row of a new category, or takes that of an old one
// which nobody has changed since it was seen.
func placeCategory(ctx context.Context, tx *store.Tx, c *ArticleCategory, before []ArticleCategory) (action string, err error) {
	if c.ID == "" {
		if len(before) >= maxCategories {
			return "", desk.Errorf(desk.CodeInvalid, "there are at most %d categories", maxCategories)
		}
		c.ID, c.Version = desk.NewID(), 1
		return "category.created", tx.AddCategory(ctx, db.AddCategoryParams{TenantID: tx.Tenant, ID: c.ID})
	}
	i := slices.IndexFunc(before, func(o ArticleCategory) bool { return o.ID == c.ID })
	if i < 0 {
		return "", noCategory()
	}
	if before[i].Version != c.Version {
		return "", desk.Errorf(desk.CodeConflict, "somebody has changed this category meanwhile").With("version", before[i].Version)
	}
	c.Version, err = tx.ChangeCategory(ctx, c.ID)
	return "category.changed", err
}

func checkNames(names map[desk.Language]string) (map[desk.Language]string, error) {
	out := map[desk.Language]string{}
	for lang, name := range names {
		if !lang.Valid() {
			return nil, desk.Errorf(desk.CodeInvalid, "the portal does not speak the language %q", lang).On("names")
		}
		if name = oneLine(name); name == "" {
			continue
		}
		if !utf8.ValidString(name) {
			return nil, desk.Errorf(desk.CodeInvalidUTF8, "the text is not valid UTF-8").On("names")
		}
		if utf8.RuneCountInString(name) > maxCategoryName {
			return nil, desk.Errorf(desk.CodeTextTooLong, "a name has at most %d characters", maxCategoryName).With("max", maxCategoryName).On("names")
		}
		out[lang] = name
	}
	if len(out) == 0 {
		return nil, desk.Errorf(desk.CodeEmptyText, "a category needs a name in at least one language").On("names")
	}
	return out, nil
}

// OrderCategories puts the categories into the order given; those that are
// not named come after them as they stood.
func (k *KB) OrderCategories(ctx context.Context, viewer desk.Viewer, ids []desk.ID) (out []ArticleCategory, err error) {
	if err := editor(viewer); err != nil {
		return nil, err
	}
	err = k.store.Tenant(viewer.Tenant).Tx(ctx, func(ctx context.Context, tx *store.Tx) error {
		if err := tx.LockKnowledge(ctx); err != nil {
			return err
		}
		before, err := categories(ctx, tx)
		if err != nil {
			return err
		}
		order := slices.Clone(ids)
		for _, c := range before {
			if !slices.Contains(order, c.ID) {
				order = append(order, c.ID)
			}
		}
		for i, id := range order {
			n, err := tx.PlaceCategory(ctx, db.PlaceCategoryParams{ID: id, Position: int32(i + 1)})
			if err != nil {
				return err
			}
			if n == 0 {
				return noCategory()
			}
		}
		if err := tx.Audit(ctx, store.AuditEntry{Actor: viewer.User, Action: "categories.ordered", Object: "categories"}); err != nil {
			return err
		}
		out, err = categories(ctx, tx)
		return err
	})
	return out, err
}

// DeleteCategory removes one; its articles stay, without a category.
func (k *KB) DeleteCategory(ctx context.Context, viewer desk.Viewer, id desk.ID) error {
	if err := editor(viewer); err != nil {
		return err
	}
	return k.store.Tenant(viewer.Tenant).Tx(ctx, func(ctx context.Context, tx *store.Tx) error {
		n, err := tx.DeleteCategory(ctx, id)
		if err != nil {
			return err
		}
		if n == 0 {
			return noCategory()
		}
		return tx.Audit(ctx, store.AuditEntry{Actor: viewer.User, Action: "category.deleted", Object: "category", ObjectID: id})
	})
}
