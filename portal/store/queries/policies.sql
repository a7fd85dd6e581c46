-- name: Policies :many
select name, value from policies;

-- name: SetPolicy :exec
insert into policies (tenant_id, name, value, updated_by)
values (sqlc.arg(tenant_id), sqlc.arg(name), sqlc.arg(value), sqlc.arg(updated_by))
on conflict (tenant_id, name) do update
set value = excluded.value, updated_at = now(), updated_by = excluded.updated_by;
