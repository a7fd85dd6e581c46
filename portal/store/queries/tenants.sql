-- name: TenantByHost :one
select conserje_tenant_by_host(sqlc.arg(host))::uuid as id
where conserje_tenant_by_host(sqlc.arg(host)) is not null;

-- name: TenantIDs :many
select conserje_tenants()::uuid as id;

-- name: CreateTenant :exec
insert into tenants (tenant_id, slug, name, language)
values (sqlc.arg(tenant_id), sqlc.arg(slug), sqlc.arg(name), sqlc.arg(language));

-- name: AddHost :exec
insert into tenant_hosts (tenant_id, host) values (sqlc.arg(tenant_id), sqlc.arg(host))
on conflict do nothing;

-- name: ThisTenant :one
select tenant_id, slug, name, language, accent from tenants;

-- name: TenantHosts :many
select host from tenant_hosts order by host;
