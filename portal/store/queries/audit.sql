-- name: InsertAudit :exec
-- The clock and not now(): entries of one transaction keep their order.
insert into audit (tenant_id, id, at, actor, action, object, object_id, detail)
values (sqlc.arg(tenant_id), sqlc.arg(id), clock_timestamp(), sqlc.narg(actor), sqlc.arg(action), sqlc.arg(object),
        sqlc.narg(object_id), sqlc.arg(detail));

-- name: AuditHas :one
select exists (select 1 from audit where action = sqlc.arg(action))::bool;
