-- name: InsertAudit :exec
-- The clock and not now(): entries of one transaction keep their order.
insert into audit (tenant_id, id, at, actor, action, object, object_id, detail)
values (sqlc.arg(tenant_id), sqlc.arg(id), clock_timestamp(), sqlc.narg(actor), sqlc.arg(action), sqlc.arg(object),
        sqlc.narg(object_id), sqlc.arg(detail));

-- name: AuditHas :one
select exists (select 1 from audit where action = sqlc.arg(action))::bool;

-- name: AuditEntries :many
-- The newest entries that fit, after the cursor, with the names of who and what
-- they speak of.
select a.id, a.at, a.actor, coalesce(u.name, '')::text as actor_name, a.action, a.object, a.object_id, a.detail,
  coalesce(o.name, d.name, c.name, s.name, '#' || t.number, '')::text as object_name
from (
  select e.* from audit e
  where (sqlc.narg(actor)::uuid is null or e.actor = sqlc.narg(actor)::uuid)
    and (sqlc.narg(object_id)::uuid is null or e.object_id = sqlc.narg(object_id)::uuid)
    and (cardinality(sqlc.arg(actions)::text[]) = 0 or e.action = any (sqlc.arg(actions)::text[]))
    and (sqlc.narg(since)::timestamptz is null or e.at >= sqlc.narg(since)::timestamptz)
    and (sqlc.narg(until)::timestamptz is null or e.at < sqlc.narg(until)::timestamptz)
    and (sqlc.narg(before)::timestamptz is null or (e.at, e.id) < (sqlc.narg(before)::timestamptz, sqlc.narg(before_id)::uuid))
  order by e.at desc, e.id desc limit sqlc.arg(page)
) a
left join users u on u.tenant_id = a.tenant_id and u.id = a.actor
left join users o on o.tenant_id = a.tenant_id and o.id = a.object_id
left join devices d on d.tenant_id = a.tenant_id and d.id = a.object_id
left join companies c on c.tenant_id = a.tenant_id and c.id = a.object_id
left join software s on s.tenant_id = a.tenant_id and s.id = a.object_id
left join tickets t on t.tenant_id = a.tenant_id and t.id = a.object_id
order by a.at desc, a.id desc;

-- name: AuditEntry :one
select action, object, object_id, detail from audit where id = sqlc.arg(id);

-- name: CustomPlans :exec
-- For queries with filters that may be left out: planned for those that are given.
select set_config('plan_cache_mode', 'force_custom_plan', true);
