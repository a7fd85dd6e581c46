-- name: Statuses :many
select key, kind, names, color, position, visible from ticket_statuses order by position, key;

-- name: HoldStatuses :exec
-- One change of the statuses at a time; tickets may move meanwhile.
select from ticket_statuses order by key for no key update;

-- name: StatusUse :many
select status, count(*) as tickets from tickets group by status;

-- name: AddStatus :exec
insert into ticket_statuses (tenant_id, key, kind, names, color, position, visible)
select sqlc.arg(tenant_id), sqlc.arg(key), sqlc.arg(kind), sqlc.arg(names), sqlc.arg(color), coalesce(max(position), 0) + 1, sqlc.arg(visible)
from ticket_statuses;

-- name: ChangeStatus :exec
update ticket_statuses set names = sqlc.arg(names), color = sqlc.arg(color), visible = sqlc.arg(visible) where key = sqlc.arg(key);

-- name: OrderStatuses :exec
update ticket_statuses set position = array_position(sqlc.arg(keys)::text[], key) where key = any (sqlc.arg(keys)::text[]);

-- name: ShowStatuses :exec
update ticket_statuses set visible = key = any (sqlc.arg(keys)::text[]);

-- name: RemoveStatus :exec
delete from ticket_statuses where key = sqlc.arg(key);

-- name: MoveTickets :execrows
-- Every ticket of one status to another, each with its line in the audit log.
with moved as (
  update tickets set status = sqlc.arg(replacement), version = version + 1 where status = sqlc.arg(key) returning id, number)
insert into audit (tenant_id, id, actor, action, object, object_id, detail)
select sqlc.arg(tenant_id), gen_random_uuid(), sqlc.arg(actor)::uuid, 'ticket.changed', 'ticket', id,
  jsonb_build_object('number', number, 'status', jsonb_build_array(sqlc.arg(key)::text, sqlc.arg(replacement)::text))
from moved;
