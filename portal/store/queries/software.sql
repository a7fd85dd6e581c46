-- name: SoftwareFor :many
-- What one person may have on one system, by name.
select s.id, s.name, s.publisher, s.description, s.icon, s.version as row_version, p.manager, p.package, p.version
from software s join software_packages p on p.tenant_id = s.tenant_id and p.software_id = s.id
where s.retired_at is null and p.system = sqlc.arg(system)
  and (s.audience = 'everyone' or exists (
    select 1 from software_audience a where a.tenant_id = s.tenant_id and a.software_id = s.id
      and (a.user_id = sqlc.arg(viewer) or s.audience = 'companies' and a.company_id = sqlc.narg(company)::uuid)))
order by lower(s.name), s.id;

-- name: SoftwareSeen :one
-- One row of the catalogue, for whom it is meant.
select s.id, s.name, s.icon, s.version
from software s
where s.id = sqlc.arg(id) and s.retired_at is null
  and (s.audience = 'everyone' or exists (
    select 1 from software_audience a where a.tenant_id = s.tenant_id and a.software_id = s.id
      and (a.user_id = sqlc.arg(viewer) or s.audience = 'companies' and a.company_id = sqlc.narg(company)::uuid)));

-- name: SoftwarePackageOf :one
select p.manager, p.package, p.version, p.source_id, r.name as source_name, r.url as source_url
from software_packages p left join software_sources r on r.tenant_id = p.tenant_id and r.id = p.source_id
where p.software_id = sqlc.arg(software_id) and p.system = sqlc.arg(system);

-- name: ShelfDevices :many
-- The devices that one person may act on, or the one of them.
select d.id, d.name, d.system from devices d
join device_assignments a on a.tenant_id = d.tenant_id and a.device_id = d.id
where a.user_id = sqlc.arg(viewer) and d.revoked_at is null
  and (sqlc.narg(device)::uuid is null or d.id = sqlc.narg(device)::uuid)
order by d.name, d.id;

-- name: ShelfPackages :many
select device_id, manager, package, version from device_packages where device_id = any (sqlc.arg(devices)::uuid[]);

-- name: ShelfActions :many
-- The last install of each software on each device.
select distinct on (device_id, software_id) id, device_id, software_id::uuid as software_id, state, code, ended_at
from actions
where operation = 'install_software' and software_id is not null and user_id = sqlc.arg(viewer)
  and device_id = any (sqlc.arg(devices)::uuid[])
order by device_id, software_id, proposed_at desc, id desc;

-- name: ListSoftware :many
select * from software where retired_at is null order by lower(name), id;

-- name: SoftwareByID :one
select * from software where id = sqlc.arg(id) and retired_at is null;

-- name: HoldSoftware :one
select * from software where id = sqlc.arg(id) and retired_at is null for update;

-- name: InsertSoftware :exec
insert into software (tenant_id, id, name, publisher, description, icon, audience)
values (sqlc.arg(tenant_id), sqlc.arg(id), sqlc.arg(name), sqlc.arg(publisher), sqlc.arg(description), sqlc.arg(icon), sqlc.arg(audience));

-- name: ChangeSoftware :exec
update software set name = sqlc.arg(name), publisher = sqlc.arg(publisher), description = sqlc.arg(description), icon = sqlc.arg(icon),
  audience = sqlc.arg(audience), version = version + 1, updated_at = now()
where id = sqlc.arg(id);

-- name: RetireSoftware :execrows
update software set retired_at = now(), version = version + 1, updated_at = now() where id = sqlc.arg(id) and retired_at is null;

-- name: PackagesOfSoftware :many
select * from software_packages where software_id = any (sqlc.arg(software)::uuid[]) order by software_id, system desc;

-- name: ClearSoftwarePackages :exec
delete from software_packages where software_id = sqlc.arg(software_id);

-- name: InsertSoftwarePackage :exec
insert into software_packages (tenant_id, software_id, system, manager, package, version, source_id)
values (sqlc.arg(tenant_id), sqlc.arg(software_id), sqlc.arg(system), sqlc.arg(manager), sqlc.arg(package), sqlc.arg(version), sqlc.narg(source_id));

-- name: AudienceOfSoftware :many
select software_id, company_id, user_id from software_audience where software_id = any (sqlc.arg(software)::uuid[]) order by id;

-- name: ClearSoftwareAudience :exec
delete from software_audience where software_id = sqlc.arg(software_id);

-- name: InsertSoftwareAudience :exec
insert into software_audience (tenant_id, id, software_id, company_id, user_id)
values (sqlc.arg(tenant_id), sqlc.arg(id), sqlc.arg(software_id), sqlc.narg(company_id), sqlc.narg(user_id));

-- name: CompanyExists :one
select exists (select 1 from companies where id = sqlc.arg(id))::bool;

-- name: ListSoftwareSources :many
select r.id, r.manager, r.name, r.url, (r.sealed is not null)::bool as has_credentials, r.created_at,
  (select count(distinct p.software_id) from software_packages p join software s on s.tenant_id = p.tenant_id and s.id = p.software_id
   where p.tenant_id = r.tenant_id and p.source_id = r.id and s.retired_at is null)::int as used_by
from software_sources r order by lower(r.name), r.id;

-- name: HoldSoftwareSource :one
select * from software_sources where id = sqlc.arg(id) for update;

-- name: SoftwareSourceByID :one
select * from software_sources where id = sqlc.arg(id);

-- name: InsertSoftwareSource :execrows
insert into software_sources (tenant_id, id, manager, name, url, sealed)
values (sqlc.arg(tenant_id), sqlc.arg(id), sqlc.arg(manager), sqlc.arg(name), sqlc.arg(url), sqlc.narg(sealed))
on conflict (tenant_id, name) do nothing;

-- name: ChangeSoftwareSource :exec
update software_sources set name = sqlc.arg(name), url = sqlc.arg(url), sealed = sqlc.narg(sealed) where id = sqlc.arg(id);

-- name: SourceNameTaken :one
select exists (select 1 from software_sources where name = sqlc.arg(name) and id <> sqlc.arg(id))::bool;

-- name: DeleteSoftwareSource :exec
delete from software_sources where id = sqlc.arg(id);

-- name: SourceInUse :one
select exists (select 1 from software_packages p join software s on s.tenant_id = p.tenant_id and s.id = p.software_id
  where p.source_id = sqlc.arg(source_id)::uuid and s.retired_at is null)::bool;

-- name: ForgetSourceOfRetired :exec
delete from software_packages p using software s
where s.tenant_id = p.tenant_id and s.id = p.software_id and s.retired_at is not null and p.source_id = sqlc.arg(source_id)::uuid;

-- name: BumpSoftwareOfSource :exec
-- What was confirmed with the source as it was must be confirmed again.
update software s set version = version + 1, updated_at = now()
where exists (select 1 from software_packages p where p.tenant_id = s.tenant_id and p.software_id = s.id and p.source_id = sqlc.arg(source_id)::uuid);

-- name: InsertSoftwareRequest :exec
insert into software_requests (tenant_id, id, user_id, device_id, conversation_id, ticket_id, name, reason)
values (sqlc.arg(tenant_id), sqlc.arg(id), sqlc.arg(user_id), sqlc.narg(device_id), sqlc.narg(conversation_id), sqlc.arg(ticket_id), sqlc.arg(name), sqlc.arg(reason));

-- name: OpenSoftwareRequest :one
-- The same wish of the same person, if it is still open.
select id from software_requests
where user_id = sqlc.arg(user_id) and state = 'open' and lower(name) = lower(sqlc.arg(name))
  and device_id is not distinct from sqlc.narg(device_id)::uuid
order by created_at limit 1;

-- name: SoftwareRequests :many
-- One person's, or everybody's, the newest first.
select r.id, r.user_id, u.name as user_name, c.name as company_name, r.device_id, d.name as device_name, d.system as device_system,
  r.conversation_id, r.ticket_id, t.number as ticket_number, r.name, r.reason, r.state, r.software_id, s.name as software_name,
  r.action_id, r.decided_by, b.name as decided_by_name, r.decided_at, r.answer, r.created_at
from software_requests r
join users u on u.tenant_id = r.tenant_id and u.id = r.user_id
left join companies c on c.tenant_id = u.tenant_id and c.id = u.company_id
left join devices d on d.tenant_id = r.tenant_id and d.id = r.device_id
left join tickets t on t.tenant_id = r.tenant_id and t.id = r.ticket_id
left join software s on s.tenant_id = r.tenant_id and s.id = r.software_id
left join users b on b.tenant_id = r.tenant_id and b.id = r.decided_by
where (sqlc.narg(owner)::uuid is null or r.user_id = sqlc.narg(owner)::uuid)
  and (sqlc.narg(id)::uuid is null or r.id = sqlc.narg(id)::uuid)
  and (sqlc.arg(state)::text = '' or r.state = sqlc.arg(state)::text)
  and (sqlc.narg(before)::uuid is null or r.id < sqlc.narg(before)::uuid)
order by r.id desc
limit sqlc.arg(at_most);

-- name: HoldSoftwareRequest :one
select * from software_requests where id = sqlc.arg(id) for update;

-- name: DecideSoftwareRequest :execrows
update software_requests set state = sqlc.arg(state), software_id = sqlc.narg(software_id), action_id = sqlc.narg(action_id),
  decided_by = sqlc.arg(decided_by), decided_at = now(), answer = sqlc.arg(answer)
where id = sqlc.arg(id) and state = 'open';
