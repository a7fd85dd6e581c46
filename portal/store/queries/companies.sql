-- name: LockTenant :exec
-- One writer at a time of what must be unique or must not run out: names of
-- companies, mail domains, user names, the last admin.
select tenant_id from tenants for no key update;

-- name: CreateCompany :exec
insert into companies (tenant_id, id, name) values (sqlc.arg(tenant_id), sqlc.arg(id), sqlc.arg(name));

-- name: AddCompanyDomain :exec
insert into company_domains (tenant_id, company_id, domain)
values (sqlc.arg(tenant_id), sqlc.arg(company_id), sqlc.arg(domain));

-- name: DropCompanyDomains :exec
delete from company_domains where company_id = sqlc.arg(company_id) and domain <> all (sqlc.arg(keep)::text[]);

-- name: DomainOwner :one
select c.id, c.name from company_domains d join companies c on c.tenant_id = d.tenant_id and c.id = d.company_id
where d.domain = sqlc.arg(domain);

-- name: Companies :many
-- One, or all that fit the words; by name, after the cursor.
select c.id, c.name, c.version, c.created_at,
  coalesce((select array_agg(d.domain order by d.domain) from company_domains d
            where d.tenant_id = c.tenant_id and d.company_id = c.id), '{}')::text[] as domains,
  (select count(*) from users u where u.tenant_id = c.tenant_id and u.company_id = c.id) as people,
  (select count(*) from devices d where d.tenant_id = c.tenant_id and d.company_id = c.id and d.revoked_at is null) as devices,
  (select count(*) from tickets t where t.tenant_id = c.tenant_id and t.company_id = c.id) as tickets
from companies c
where (sqlc.narg(id)::uuid is null or c.id = sqlc.narg(id)::uuid)
  and (c.name, c.id) > (sqlc.arg(after_name)::text, sqlc.arg(after_id)::uuid)
  and not exists (
    select 1 from unnest(sqlc.arg(words)::text[]) as w
    where strpos(lower(c.name), w) = 0
      and not exists (select 1 from company_domains d where d.tenant_id = c.tenant_id and d.company_id = c.id and strpos(d.domain, w) > 0))
order by c.name, c.id limit sqlc.arg(at_most);

-- name: CompanyByName :one
select id from companies where lower(name) = lower(sqlc.arg(name)::text) order by id limit 1;

-- name: HasCompany :one
select exists (select 1 from companies where id = sqlc.arg(id))::bool;

-- name: HoldCompany :one
select id, name, version from companies where id = sqlc.arg(id) for update;

-- name: RenameCompany :exec
update companies set name = sqlc.arg(name), version = version + 1 where id = sqlc.arg(id);

-- name: CompanyHolds :one
-- What a company has that would be lost, or left without it.
select (select count(*) from users u where u.company_id = sqlc.arg(id)::uuid) as people,
  (select count(*) from devices d where d.company_id = sqlc.arg(id)::uuid) as devices,
  (select count(*) from tickets t where t.company_id = sqlc.arg(id)::uuid) as tickets,
  (select count(*) from conversations v where v.company_id = sqlc.arg(id)::uuid) as conversations,
  (select count(*) from articles a where a.audience = sqlc.arg(id)::uuid) as articles;

-- name: DropCompanyTokens :exec
delete from enrolment_tokens where company_id = sqlc.arg(company_id)::uuid;

-- name: DeleteCompany :exec
delete from companies where id = sqlc.arg(id);

-- name: DevicesOfCompany :many
select id, name, system, (online_node <> '' and last_seen_at > now() - interval '75 seconds')::bool as online, last_seen_at
from devices where company_id = sqlc.arg(company_id)::uuid and revoked_at is null
order by name, id limit sqlc.arg(at_most);

-- name: TicketsOfCompany :many
-- The newest.
select t.id, t.number, t.subject, t.status, t.updated_at, u.name as requester
from tickets t join users u on u.tenant_id = t.tenant_id and u.id = t.requester_id
where t.company_id = sqlc.arg(company_id)::uuid
order by t.updated_at desc, t.id desc limit sqlc.arg(at_most);

-- name: CompanyNames :many
select id, name from companies;

-- name: CompanyDomains :many
select domain, company_id from company_domains;
