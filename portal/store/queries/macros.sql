-- name: Macros :many
select id, names, texts, changes from ticket_macros order by created_at, id;

-- name: Macro :one
select id, names, texts, changes from ticket_macros where id = sqlc.arg(id);

-- name: SaveMacro :exec
insert into ticket_macros (tenant_id, id, names, texts, changes)
values (sqlc.arg(tenant_id), sqlc.arg(id), sqlc.arg(names), sqlc.arg(texts), sqlc.arg(changes))
on conflict (tenant_id, id) do update set names = excluded.names, texts = excluded.texts, changes = excluded.changes;

-- name: RemoveMacro :execrows
delete from ticket_macros where id = sqlc.arg(id);
