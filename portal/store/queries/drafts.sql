-- name: DraftsOf :many
select kind, text, updated_at from ticket_drafts where user_id = sqlc.arg(user_id) and ticket_id = sqlc.arg(ticket_id) order by kind;

-- name: KeepDraft :one
insert into ticket_drafts (tenant_id, user_id, ticket_id, kind, text)
values (sqlc.arg(tenant_id), sqlc.arg(user_id), sqlc.arg(ticket_id), sqlc.arg(kind), sqlc.arg(text))
on conflict (tenant_id, user_id, ticket_id, kind) do update set text = excluded.text, updated_at = clock_timestamp()
returning updated_at;

-- name: DropDraft :exec
delete from ticket_drafts where user_id = sqlc.arg(user_id) and ticket_id = sqlc.arg(ticket_id) and kind = sqlc.arg(kind);

-- name: BePresent :one
-- Says where a person is, and whether that is new to the others.
with before as (select b.state, b.at from ticket_presence b where b.ticket_id = sqlc.arg(ticket_id) and b.user_id = sqlc.arg(user_id)),
now as (
  insert into ticket_presence (tenant_id, ticket_id, user_id, state, at)
  values (sqlc.arg(tenant_id), sqlc.arg(ticket_id), sqlc.arg(user_id), sqlc.arg(state), clock_timestamp())
  on conflict (tenant_id, ticket_id, user_id) do update set state = excluded.state, at = excluded.at
  returning state)
select not exists (select from before where before.state = now.state and before.at > clock_timestamp() - make_interval(secs => sqlc.arg(seconds)::float)) as news from now;

-- name: LeaveTicket :execrows
delete from ticket_presence where ticket_id = sqlc.arg(ticket_id) and user_id = sqlc.arg(user_id);

-- name: PresentAt :many
select p.user_id, u.name, p.state from ticket_presence p
join users u on u.tenant_id = p.tenant_id and u.id = p.user_id
where p.ticket_id = sqlc.arg(ticket_id) and p.user_id <> sqlc.arg(but) and p.at > clock_timestamp() - make_interval(secs => sqlc.arg(seconds)::float)
order by u.name, u.id limit 20;

-- name: SweepPresence :execrows
delete from ticket_presence where at < now() - interval '1 hour';
