-- name: InsertNewcomer :exec
insert into newcomers (tenant_id, id, email, name, language, subject, body, source, state)
values (sqlc.arg(tenant_id), sqlc.arg(id), sqlc.arg(email), sqlc.arg(name), sqlc.arg(language), sqlc.arg(subject), sqlc.arg(body),
        sqlc.arg(source), sqlc.arg(state));

-- name: HoldNewcomer :one
select * from newcomers where id = sqlc.arg(id) and state = sqlc.arg(state) for update;

-- name: GiveNewcomerLink :exec
update newcomers set token_hash = sqlc.arg(token_hash) where id = sqlc.arg(id);

-- name: NewcomerByLink :one
select * from newcomers
where token_hash = sqlc.arg(token_hash) and state = 'unproved' and created_at > now() - make_interval(secs => sqlc.arg(life_seconds)::float)
for update;

-- name: NewcomerWaits :exec
update newcomers set state = 'waiting', token_hash = null where id = sqlc.arg(id);

-- name: DropNewcomer :exec
delete from newcomers where id = sqlc.arg(id);

-- name: DecideNewcomer :exec
update newcomers set state = sqlc.arg(state), decided_at = now(), decided_by = sqlc.arg(decided_by),
  user_id = sqlc.narg(user_id), ticket_id = sqlc.narg(ticket_id)
where id = sqlc.arg(id);

-- name: Newcomers :many
-- One, or those of the states, the newest first, after the cursor.
select n.id, n.email, n.name, n.language, n.subject, n.body, n.source, n.state, n.created_at, n.decided_at, n.user_id, n.ticket_id,
       t.number as ticket_number, d.name as decided_by_name
from newcomers n
left join tickets t on t.tenant_id = n.tenant_id and t.id = n.ticket_id
left join users d on d.tenant_id = n.tenant_id and d.id = n.decided_by
where n.state <> 'unproved'
  and (sqlc.narg(id)::uuid is null or n.id = sqlc.narg(id)::uuid)
  and (cardinality(sqlc.arg(states)::text[]) = 0 or n.state = any (sqlc.arg(states)::text[]))
  and (sqlc.narg(before)::timestamptz is null or (n.created_at, n.id) < (sqlc.narg(before)::timestamptz, sqlc.arg(before_id)::uuid))
order by n.created_at desc, n.id desc limit sqlc.arg(at_most);

-- name: SweepNewcomers :execrows
-- What was never proved, and what staff decided on long ago.
delete from newcomers
where state = 'unproved' and created_at < now() - interval '2 days'
   or state in ('assigned', 'dismissed') and decided_at < now() - interval '90 days';
