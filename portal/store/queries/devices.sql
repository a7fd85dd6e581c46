-- name: InsertEnrolmentToken :one
insert into enrolment_tokens (tenant_id, id, company_id, user_id, token_hash, created_by, expires_at)
values (sqlc.arg(tenant_id), sqlc.arg(id), sqlc.narg(company_id), sqlc.narg(user_id), sqlc.arg(token_hash), sqlc.arg(created_by)::uuid,
        now() + make_interval(secs => sqlc.arg(lifetime_seconds)::float))
returning expires_at;

-- name: EnrolmentTokens :many
-- Those that can still be used, and those used or run out within a day.
select t.id, t.company_id, c.name as company_name, t.user_id, u.name as user_name, t.created_at, t.expires_at, t.used_at, t.device_id
from enrolment_tokens t
left join companies c on c.tenant_id = t.tenant_id and c.id = t.company_id
left join users u on u.tenant_id = t.tenant_id and u.id = t.user_id
where t.expires_at > now() - interval '1 day'
order by t.created_at desc limit 200;

-- name: UseEnrolmentToken :one
-- One statement looks and takes: of two devices with one token, one gets it.
update enrolment_tokens set used_at = now()
where token_hash = sqlc.arg(token_hash) and used_at is null and expires_at > now()
returning id, company_id, user_id, created_by;

-- name: TokenEnrolled :exec
update enrolment_tokens set device_id = sqlc.arg(device_id)::uuid where id = sqlc.arg(id);

-- name: InsertDevice :exec
insert into devices (tenant_id, id, company_id, name, system, sign_key, seal_key, simulated)
values (sqlc.arg(tenant_id), sqlc.arg(id), sqlc.narg(company_id), sqlc.arg(name), sqlc.arg(system), sqlc.arg(sign_key), sqlc.arg(seal_key), sqlc.arg(simulated));

-- name: SetDeviceFacts :exec
-- The boot is by the clock that everything in the ledger is by.
update devices set name = sqlc.arg(name), system_version = sqlc.arg(system_version), agent_version = sqlc.arg(agent_version),
  boot_id = sqlc.arg(boot_id), last_seen_at = now(),
  booted_at = clock_timestamp() - make_interval(secs => sqlc.narg(up_seconds)::float)
where id = sqlc.arg(id);

-- name: DeleteDeviceAccounts :exec
delete from device_accounts where device_id = sqlc.arg(device_id) and not (name = any (sqlc.arg(keep)::text[]));

-- name: UpsertDeviceAccounts :exec
insert into device_accounts (tenant_id, device_id, name, sid, kind, logged_in)
select sqlc.arg(tenant_id)::uuid, sqlc.arg(device_id)::uuid, a.name, a.sid, a.kind, a.logged_in
from (select unnest(sqlc.arg(names)::text[]) as name, unnest(sqlc.arg(sids)::text[]) as sid,
             unnest(sqlc.arg(kinds)::text[]) as kind, unnest(sqlc.arg(logged_in)::bool[]) as logged_in) a
on conflict (tenant_id, device_id, name) do update set sid = excluded.sid, kind = excluded.kind, logged_in = excluded.logged_in;

-- name: DeleteDevicePackages :exec
-- All of them, or those that are named.
delete from device_packages where device_id = sqlc.arg(device_id)
  and (sqlc.arg(every)::bool or (manager, package) in
       (select unnest(sqlc.arg(managers)::text[]), unnest(sqlc.arg(packages)::text[])));

-- name: UpsertDevicePackages :exec
insert into device_packages (tenant_id, device_id, manager, package, version)
select sqlc.arg(tenant_id)::uuid, sqlc.arg(device_id)::uuid, p.manager, p.package, p.version
from (select unnest(sqlc.arg(managers)::text[]) as manager, unnest(sqlc.arg(packages)::text[]) as package,
             unnest(sqlc.arg(versions)::text[]) as version) p
on conflict (tenant_id, device_id, manager, package) do update set version = excluded.version, seen_at = now();

-- name: CountDevicePackages :one
select count(*) from device_packages where device_id = sqlc.arg(device_id);

-- name: DeviceRows :many
-- Those of one user, or all; by name, after the cursor.
select d.*, c.name as company_name, (d.online_node <> '' and d.last_seen_at > now() - interval '75 seconds')::bool as online,
  coalesce(a.account, '')::text as account, coalesce(k.kind, '')::text as account_kind
from devices d
left join companies c on c.tenant_id = d.tenant_id and c.id = d.company_id
left join device_assignments a on a.tenant_id = d.tenant_id and a.device_id = d.id and a.user_id = sqlc.narg(user_id)::uuid
left join device_accounts k on k.tenant_id = d.tenant_id and k.device_id = d.id and k.name = a.account
where (sqlc.narg(user_id)::uuid is null or (a.user_id is not null and d.revoked_at is null))
  and (sqlc.narg(device_id)::uuid is null or d.id = sqlc.narg(device_id)::uuid)
  and (d.name, d.id) > (sqlc.arg(after_name)::text, sqlc.arg(after_id)::uuid)
order by d.name, d.id limit sqlc.arg(at_most);

-- name: DeviceAccounts :many
select name, sid, kind, logged_in from device_accounts where device_id = sqlc.arg(device_id) order by name;

-- name: DeviceAccount :one
select name, sid, kind, logged_in from device_accounts where device_id = sqlc.arg(device_id) and name = sqlc.arg(name);

-- name: DevicePackages :many
select manager, package, version, seen_at from device_packages where device_id = sqlc.arg(device_id) order by package, manager;

-- name: DeviceAssignments :many
select a.device_id, a.user_id, u.name as user_name, a.account, a.account_sid, a.created_at, a.acts_from
from device_assignments a join users u on u.tenant_id = a.tenant_id and u.id = a.user_id
where a.device_id = any (sqlc.arg(device_ids)::uuid[]) order by u.name, a.user_id;

-- name: AssignDevice :exec
-- Whoever has the device already waits on, or not, as before; what an admin
-- assigns never waits.
insert into device_assignments as a (tenant_id, device_id, user_id, account, account_sid, created_by, acts_from)
values (sqlc.arg(tenant_id), sqlc.arg(device_id), sqlc.arg(user_id), sqlc.arg(account), sqlc.arg(account_sid), sqlc.narg(created_by),
        case when sqlc.arg(waits)::bool then now() + interval '24 hours' end)
on conflict (tenant_id, device_id, user_id) do update set account = excluded.account, account_sid = excluded.account_sid, created_by = excluded.created_by,
  acts_from = case when sqlc.arg(by_admin)::bool then null else a.acts_from end;

-- name: TakesFromAnother :one
-- Whether somebody else has the device, or had it, while the person has no phone
-- and no app that was proved a day ago: whoever made that account could act as it.
select ((exists (select 1 from device_assignments a where a.device_id = sqlc.arg(device_id) and a.user_id <> sqlc.arg(user_id))
      or exists (select 1 from audit l where l.object_id = sqlc.arg(device_id) and l.action in ('device.assigned', 'device.unassigned')
                 and l.detail ->> 'user' <> sqlc.arg(user_id)::uuid::text))
  and not exists (select 1 from phones p where p.user_id = sqlc.arg(user_id) and p.verified_at < now() - interval '24 hours'
                  and coalesce(p.factor_from <= now(), true))
  and not exists (select 1 from totp_factors f where f.user_id = sqlc.arg(user_id) and f.verified_at < now() - interval '24 hours'
                  and coalesce(f.factor_from <= now(), true)))::bool as takes;

-- name: UnassignDevice :execrows
delete from device_assignments where device_id = sqlc.arg(device_id) and user_id = sqlc.arg(user_id);

-- name: CompanyOfUser :one
select company_id from users where id = sqlc.arg(id) and disabled_at is null;

-- name: RevokeDevice :execrows
update devices set revoked_at = now(), online_node = '' where id = sqlc.arg(id) and revoked_at is null;

-- name: TrustDevice :execrows
update devices set suspect_at = null where id = sqlc.arg(id) and suspect_at is not null and revoked_at is null;

-- name: SuspectDevice :execrows
update devices set suspect_at = now() where id = sqlc.arg(id) and suspect_at is null;

-- name: LockDevice :one
-- What a link needs at its start, locked until it is counted.
select id, sign_key, (revoked_at is not null)::bool as revoked, (suspect_at is not null)::bool as suspect, online_node
from devices where id = sqlc.arg(id) for update;

-- name: OpenLink :one
update devices set link = link + 1, online_node = sqlc.arg(node), last_seen_at = now()
where id = sqlc.arg(id) and revoked_at is null returning link;

-- name: CloseLink :execrows
update devices set online_node = '', last_seen_at = now() where id = sqlc.arg(id) and link = sqlc.arg(link);

-- name: TouchLinks :exec
update devices set last_seen_at = now() where id = any (sqlc.arg(ids)::uuid[]) and online_node = sqlc.arg(node);

-- name: LinkStates :many
-- How the devices that a node holds stand, and whether a command waits.
select d.id, d.link, (d.revoked_at is not null)::bool as revoked, (d.suspect_at is not null)::bool as suspect,
  exists (select 1 from actions a where a.tenant_id = d.tenant_id and a.device_id = d.id and a.state = 'queued') as waiting
from devices d where d.id = any (sqlc.arg(ids)::uuid[]);
