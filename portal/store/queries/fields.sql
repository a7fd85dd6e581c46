-- name: FieldModes :many
-- What users may do with the built-in fields.
select key, mode from ticket_fields where key is not null;

-- name: Fields :many
select id, key, kind, names, mode, required, position, archived_at from ticket_fields order by position, id;

-- name: FieldOptions :many
select id, field_id, names, archived_at from ticket_field_options order by field_id, position, id;

-- name: HoldFields :exec
-- One change of the fields at a time; tickets may get values meanwhile.
select from ticket_fields order by id for no key update;

-- name: FieldUse :many
select field_id, count(distinct ticket_id) as tickets from ticket_values group by field_id;

-- name: OptionUse :many
select option_id::uuid as option_id, count(*) as tickets from ticket_values where field_id = sqlc.arg(field_id) and option_id is not null group by option_id;

-- name: AddField :exec
insert into ticket_fields (tenant_id, id, kind, names, mode, required, position)
select sqlc.arg(tenant_id), sqlc.arg(id), sqlc.arg(kind), sqlc.arg(names), sqlc.arg(mode), sqlc.arg(required), coalesce(max(position), 0) + 1 from ticket_fields;

-- name: ChangeField :exec
update ticket_fields set names = sqlc.arg(names), mode = sqlc.arg(mode), required = sqlc.arg(required),
  archived_at = case when not sqlc.arg(archived)::bool then null else coalesce(archived_at, clock_timestamp()) end
where id = sqlc.arg(id);

-- name: OrderFields :exec
update ticket_fields set position = array_position(sqlc.arg(ids)::uuid[], id) where id = any (sqlc.arg(ids)::uuid[]);

-- name: RemoveField :exec
delete from ticket_fields where id = sqlc.arg(id) and key is null;

-- name: SaveOption :exec
insert into ticket_field_options (tenant_id, id, field_id, names, position, archived_at)
values (sqlc.arg(tenant_id), sqlc.arg(id), sqlc.arg(field_id), sqlc.arg(names), sqlc.arg(position),
  case when sqlc.arg(archived)::bool then clock_timestamp() end)
on conflict (tenant_id, id) do update set names = excluded.names, position = excluded.position,
  archived_at = case when excluded.archived_at is null then null else coalesce(ticket_field_options.archived_at, excluded.archived_at) end;

-- name: RemoveOption :exec
delete from ticket_field_options where id = sqlc.arg(id) and field_id = sqlc.arg(field_id);

-- name: ValuesOf :many
select ticket_id, field_id, position, text, number, date, yes, option_id from ticket_values
where ticket_id = any (sqlc.arg(tickets)::uuid[]) order by ticket_id, field_id, position;

-- name: ClearValue :exec
delete from ticket_values where ticket_id = sqlc.arg(ticket_id) and field_id = sqlc.arg(field_id);

-- name: InsertValue :exec
insert into ticket_values (tenant_id, ticket_id, field_id, position, kind, text, number, date, yes, option_id)
values (sqlc.arg(tenant_id), sqlc.arg(ticket_id), sqlc.arg(field_id), sqlc.arg(position), sqlc.arg(kind),
  sqlc.narg(text), sqlc.narg(number), sqlc.narg(date), sqlc.narg(yes), sqlc.narg(option_id));

-- name: StaffToAssign :many
select id, name from users where role in ('technician', 'admin') and disabled_at is null order by lower(name), id;

-- name: RewordTicket :exec
-- Beside a change that says so and moves the version on.
update tickets set subject = sqlc.arg(subject), description = sqlc.arg(description) where id = sqlc.arg(id);
