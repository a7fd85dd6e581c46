package main

import (
	"context"
	"slices"

	"github.com/jackc/pgx/v5"

	"github.com/conserje/conserje/portal/desk"
	"github.com/conserje/conserje/portal/store"
)

// verdict is what the rows say of one action that went past its owner.
type verdict struct {
	ID, Owner           desk.ID
	Source, State       string
	Queued              bool
	Confirmed, Verified int // by the owner, once each, in this order
	Others              int // confirmed or verified by anybody else
	Used, Proofs        int // codes used for it, and those of them that were right in every respect
}

// judging looks at everything that is or was verified, queued, or later.
const judging = `
select a.id, a.user_id as owner, a.source, a.state, a.queued_at is not null as queued,
  (select count(*) from action_history h where h.action_id = a.id and h.state = 'confirmed' and h.by = 'user' and h.actor = a.user_id
    and h.seq < coalesce((select min(v.seq) from action_history v where v.action_id = a.id and v.state = 'verified'), 0)) as confirmed,
  (select count(*) from action_history h where h.action_id = a.id and h.state = 'verified' and h.by = 'user' and h.actor = a.user_id
    and h.seq < coalesce((select min(q.seq) from action_history q where q.action_id = a.id and q.state in ('queued', 'delivered', 'running', 'succeeded', 'unknown')), h.seq + 1)) as verified,
  (select count(*) from action_history h where h.action_id = a.id and h.state in ('confirmed', 'verified') and (h.by <> 'user' or h.actor is distinct from a.user_id)) as others,
  (select count(*) from challenges c where c.action_id = a.id and c.used_at is not null) as used,
  (select count(*) from challenges c where c.action_id = a.id and c.used_at < c.expires_at and coalesce(c.void_at >= c.used_at, true)
    and c.purpose = 'action' and c.user_id = a.user_id and c.digest = a.digest and c.attempts between 1 and 5
    and c.created_at >= (select min(h.at) from action_history h where h.action_id = a.id and h.state = 'confirmed')) as proofs
from actions a
where a.user_id = $1 and (a.queued_at is not null or a.delivered_at is not null or a.verified_at is not null
  or a.state in ('verified', 'queued', 'delivered', 'running', 'succeeded', 'unknown')
  or exists (select 1 from action_history h where h.action_id = a.id and h.state in ('verified', 'queued', 'delivered', 'running', 'succeeded', 'unknown')))
order by a.id`

// judge lets every device ask for its commands, and then reads the rows.
func (x *run) judge(sum *tally) {
	given := map[string]bool{}
	for _, a := range x.actors {
		for _, device := range a.devices {
			list, err := x.portal.actions.Deliverable(context.Background(), a.Tenant, device)
			if err != nil {
				x.Fatal(err)
			}
			for _, c := range list {
				given[c.ID] = true
			}
		}
	}
	queued, commands := 0, len(given)
	for _, a := range x.actors {
		for _, v := range x.verdicts(a) {
			delete(given, string(v.ID))
			if v.Confirmed != 1 || v.Verified != 1 || v.Others != 0 || v.Proofs != 1 || v.Used != 1 {
				x.Errorf("%s's action is %s: %+v", a.Name, v.State, v)
			}
			// And it is what was really sent: by the owner, with a code of this action.
			mine := slices.ContainsFunc(x.codes(x.T, a.Tenant, v.ID), func(code string) bool { return x.typed[v.ID][v.Owner][code] })
			if x.pressed[v.ID][v.Owner] == "" || !mine {
				x.Errorf("%s's action is %s: confirmed by the owner by %q, a code typed by the owner %v", a.Name, v.State, x.pressed[v.ID][v.Owner], mine)
			}
			if v.Queued {
				queued++
				sum.by[v.Source+" "+x.pressed[v.ID][v.Owner]]++
			}
		}
	}
	sum.commands += commands
	if len(given) != 0 {
		x.Errorf("commands for what was never queued: %v", given)
	}
	sum.runs++
	sum.queued += queued
	if queued > 0 {
		sum.reached++
	}
}

func (x *run) verdicts(a *actor) (list []verdict) {
	x.inTx(x.T, a.Tenant, func(ctx context.Context, tx *store.Tx) error {
		rows, err := tx.Query(ctx, judging, a.User)
		if err != nil {
			return err
		}
		list, err = pgx.CollectRows(rows, pgx.RowToStructByName[verdict])
		return err
	})
	return list
}
