package store

import (
	"context"
	"embed"
	"fmt"
	"strings"

	"github.com/jackc/pgx/v5"
)

//go:embed catalogue/*.sql
var catalogueChecks embed.FS

// querier is what both a pool and a connection can do.
type querier interface {
	Query(ctx context.Context, sql string, args ...any) (pgx.Rows, error)
}

// withoutTenant lists the tables in schema public that hold no tenant's data.
var withoutTenant = []string{"goose_db_version"}

// definers lists the functions that run with their owner's rights, all owned
// by the look-up role: they return ids only.
var definers = []string{"conserje_tenant_by_host", "conserje_tenants", "conserje_due_turns", "conserje_due_actions", "conserje_message_by_provider", "conserje_due_sources"}

// CheckCatalogue walks the database's own catalogue and returns one line for
// everything that could let a row of one tenant be seen by another (SECURITY
// 0.4, E4): a role with too much power, a table without forced row-level
// security or with a wider policy, a view or function that runs with its
// owner's rights, a foreign key that leaves the tenant out. Each check is a
// query in catalogue/ whose rows are the violations.
func CheckCatalogue(ctx context.Context, q querier) ([]string, error) {
	files, err := catalogueChecks.ReadDir("catalogue")
	if err != nil {
		return nil, err
	}
	var problems []string
	for _, f := range files {
		query, err := catalogueChecks.ReadFile("catalogue/" + f.Name())
		if err != nil {
			return nil, err
		}
		rows, err := q.Query(ctx, string(query), pgx.NamedArgs{
			"app": roleApp, "lookup": roleLookup, "without_tenant": withoutTenant, "definers": definers,
		})
		if err != nil {
			return nil, fmt.Errorf("catalogue check %s: %w", f.Name(), err)
		}
		found, err := pgx.CollectRows(rows, pgx.RowTo[string])
		if err != nil {
			return nil, fmt.Errorf("catalogue check %s: %w", f.Name(), err)
		}
		for _, object := range found {
			problems = append(problems, strings.TrimSuffix(f.Name(), ".sql")+": "+object)
		}
	}
	return problems, nil
}
