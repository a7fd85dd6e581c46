package software

import (
	"context"

	"github.com/conserje/conserje/portal/desk"
	"github.com/conserje/conserje/portal/store"
	"github.com/conserje/conserje/portal/store/db"
)

// saveParts writes the packages and the audience of a row anew.
func (d *RowDraft) saveParts(ctx context.Context, tx *store.Tx, id desk.ID) error {
	if err := tx.ClearSoftwarePackages(ctx, id); err != nil {
		return err
	}
	for _, p := range d.Packages {
		err := tx.InsertSoftwarePackage(ctx, db.InsertSoftwarePackageParams{
			TenantID: tx.Tenant, SoftwareID: id, System: p.System, Manager: p.Manager, Package: p.Package, Version: p.Version, SourceID: store.Optional(p.Source),
		})
		if err != nil {
			return err
		}
	}
	if err := tx.ClearSoftwareAudience(ctx, id); err != nil {
		return err
	}
	for _, c := range d.Audience.Companies {
		if err := admit(ctx, tx, id, c, ""); err != nil {
			return err
		}
	}
	for _, u := range d.Audience.Users {
		if err := admit(ctx, tx, id, "", u); err != nil {
			return err
		}
	}
	return nil
}

// admit adds a company or a person to a row's audience.
func admit(ctx context.Context, tx *store.Tx, software, company, user desk.ID) error {
	return tx.InsertSoftwareAudience(ctx, db.InsertSoftwareAudienceParams{
		TenantID: tx.Tenant, ID: desk.NewID(), SoftwareID: software, CompanyID: store.Optional(company), UserID: store.Optional(user),
	})
}

func entry(ctx context.Context, tx *store.Tx, id desk.ID) (Row, error) {
	row, err := tx.SoftwareByID(ctx, id)
	if store.NoRows(err) {
		return Row{}, notFound()
	}
	if err != nil {
		return Row{}, err
	}
	list, err := entries(ctx, tx, []db.Software{row})
	if err != nil {
		return Row{}, err
	}
	return list[0], nil
}

// entries completes rows by their packages and audiences.
func entries(ctx context.Context, tx *store.Tx, rows []db.Software) ([]Row, error) {
	list, ids, at := make([]Row, len(rows)), make([]desk.ID, len(rows)), map[desk.ID]int{}
	for i, r := range rows {
		ids[i], at[r.ID] = r.ID, i
		list[i] = Row{
			ID: r.ID, Version: int(r.Version), CreatedAt: r.CreatedAt.UTC(), UpdatedAt: r.UpdatedAt.UTC(),
			RowDraft: RowDraft{Name: r.Name, Publisher: r.Publisher, Description: r.Description, Icon: r.Icon, Audience: RowAudience{Mode: r.Audience}, Packages: []PackageSpec{}},
		}
	}
	packages, err := tx.PackagesOfSoftware(ctx, ids)
	if err != nil {
		return nil, err
	}
	for _, p := range packages {
		e := &list[at[p.SoftwareID]]
		e.Packages = append(e.Packages, PackageSpec{System: p.System, Manager: p.Manager, Package: p.Package, Version: p.Version, Source: store.OrZero(p.SourceID)})
	}
	audience, err := tx.AudienceOfSoftware(ctx, ids)
	if err != nil {
		return nil, err
	}
	for _, a := range audience {
		e := &list[at[a.SoftwareID]]
		if a.CompanyID != nil {
			e.Audience.Companies = append(e.Audience.Companies, *a.CompanyID)
		}
		if a.UserID != nil {
			e.Audience.Users = append(e.Audience.Users, *a.UserID)
		}
	}
	return list, nil
}
