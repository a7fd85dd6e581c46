-- name: ClockTime :one
select clock_timestamp()::timestamptz as at;

-- name: DeviceFor :one
-- A device as one person may or may not act on it.
select d.id, d.name, d.system, d.seal_key, d.boot_id, d.booted_at, d.last_seen_at, (d.online_node <> '' and d.last_seen_at > now() - interval '75 seconds')::bool as online,
       (d.revoked_at is not null)::bool as revoked, (d.suspect_at is not null)::bool as suspect,
       (a.user_id is not null)::bool as assigned, coalesce(a.account, '')::text as account, coalesce(a.account_sid, '')::text as account_sid,
       coalesce(c.kind, '')::text as account_kind
from devices d
left join device_assignments a on a.tenant_id = d.tenant_id and a.device_id = d.id and a.user_id = sqlc.arg(user_id)
left join device_accounts c on c.tenant_id = d.tenant_id and c.device_id = d.id and c.name = a.account
where d.id = sqlc.arg(device_id);

-- name: PersonFor :one
select id, company_id, name, role, language, (disabled_at is not null)::bool as disabled from users where id = sqlc.arg(id);

-- name: PersonAndDevice :one
-- PersonFor and DeviceFor in one; found says whether the device is there.
select u.role, (u.disabled_at is not null)::bool as disabled, (d.id is not null)::bool as found, coalesce(d.name, '')::text as name,
       coalesce(d.system, '')::text as system, d.seal_key, coalesce(d.boot_id, '')::text as boot_id, d.booted_at, d.last_seen_at,
       coalesce(d.online_node <> '' and d.last_seen_at > now() - interval '75 seconds', false)::bool as online, (d.revoked_at is not null)::bool as revoked, (d.suspect_at is not null)::bool as suspect,
       (a.user_id is not null)::bool as assigned, coalesce(a.account, '')::text as account, coalesce(a.account_sid, '')::text as account_sid,
       coalesce(c.kind, '')::text as account_kind, coalesce(a.acts_from > now(), false)::bool as waits
from users u
left join devices d on d.tenant_id = u.tenant_id and d.id = sqlc.narg(device_id)::uuid
left join device_assignments a on a.tenant_id = d.tenant_id and a.device_id = d.id and a.user_id = u.id
left join device_accounts c on c.tenant_id = d.tenant_id and c.device_id = d.id and c.name = a.account
where u.id = sqlc.arg(user_id);

-- name: InsertAction :exec
insert into actions (tenant_id, id, user_id, device_id, operation, software_id, software_version, parameters, source,
                     conversation_id, digest, proposed_at, deadline, expires_at)
values (sqlc.arg(tenant_id), sqlc.arg(id), sqlc.arg(user_id), sqlc.arg(device_id), sqlc.arg(operation), sqlc.narg(software_id),
        sqlc.narg(software_version), sqlc.arg(parameters), sqlc.arg(source), sqlc.narg(conversation_id), sqlc.arg(digest),
        sqlc.arg(proposed_at), sqlc.arg(deadline), sqlc.arg(expires_at));

-- name: ActionByID :one
select * from actions where id = sqlc.arg(id);

-- name: LockAction :one
select * from actions where id = sqlc.arg(id) for update;

-- name: MoveAction :execrows
-- Nothing changes when somebody else was first: the version says so.
update actions set state = sqlc.arg(state), code = sqlc.arg(code), rule = sqlc.arg(rule), outcome = sqlc.arg(outcome),
  evidence = sqlc.arg(evidence), result = sqlc.narg(result), factor = sqlc.arg(factor), ticket_id = sqlc.narg(ticket_id),
  confirmed_at = sqlc.narg(confirmed_at), verified_at = sqlc.narg(verified_at), queued_at = sqlc.narg(queued_at),
  delivered_at = sqlc.narg(delivered_at), ended_at = sqlc.narg(ended_at), deadline = sqlc.arg(deadline), version = version + 1
where id = sqlc.arg(id) and version = sqlc.arg(version);

-- name: InsertActionHistory :exec
insert into action_history (tenant_id, action_id, seq, state, actor, by, code, detail, at)
select sqlc.arg(tenant_id), sqlc.arg(action_id), coalesce(max(h.seq), 0) + 1, sqlc.arg(state), sqlc.narg(actor)::uuid, sqlc.arg(by),
       sqlc.arg(code), sqlc.arg(detail), sqlc.arg(at)
from action_history h where h.action_id = sqlc.arg(action_id);

-- name: ActionHistory :many
select h.action_id, h.seq, h.state, h.actor, h.by, h.code, h.at, coalesce(u.name, '')::text as name
from action_history h left join users u on u.tenant_id = h.tenant_id and u.id = h.actor
where h.action_id = any (sqlc.arg(actions)::uuid[]) order by h.action_id, h.seq;

-- name: ActionRow :one
select sqlc.embed(a), d.name as device_name, d.system as device_system, (d.online_node <> '' and d.last_seen_at > now() - interval '75 seconds')::bool as online,
       u.name as user_name, coalesce(s.name, '')::text as software_name, coalesce(s.icon, '')::text as software_icon,
       coalesce(t.number, 0)::bigint as ticket_number
from actions a
join devices d on d.tenant_id = a.tenant_id and d.id = a.device_id
join users u on u.tenant_id = a.tenant_id and u.id = a.user_id
left join software s on s.tenant_id = a.tenant_id and s.id = a.software_id
left join tickets t on t.tenant_id = a.tenant_id and t.id = a.ticket_id
where a.id = sqlc.arg(id) and (sqlc.narg(user_id)::uuid is null or a.user_id = sqlc.narg(user_id)::uuid);

-- name: ActionsOfTicket :many
-- Those of the ticket itself and those of its conversation, newest first.
select sqlc.embed(a), d.name as device_name, d.system as device_system, (d.online_node <> '' and d.last_seen_at > now() - interval '75 seconds')::bool as online,
       u.name as user_name, coalesce(s.name, '')::text as software_name, coalesce(s.icon, '')::text as software_icon,
       coalesce(t.number, 0)::bigint as ticket_number
from (select id from actions where ticket_id = sqlc.arg(ticket)::uuid
      union select id from actions where conversation_id = sqlc.narg(conversation)::uuid) of
join actions a on a.id = of.id
join devices d on d.tenant_id = a.tenant_id and d.id = a.device_id
join users u on u.tenant_id = a.tenant_id and u.id = a.user_id
left join software s on s.tenant_id = a.tenant_id and s.id = a.software_id
left join tickets t on t.tenant_id = a.tenant_id and t.id = a.ticket_id
where sqlc.narg(user_id)::uuid is null or a.user_id = sqlc.narg(user_id)::uuid
order by a.proposed_at desc, a.id desc
limit sqlc.arg(at_most);

-- name: ListActions :many
-- What the viewer may see and asked for, newest first, after the cursor.
select sqlc.embed(a), d.name as device_name, d.system as device_system, (d.online_node <> '' and d.last_seen_at > now() - interval '75 seconds')::bool as online,
       u.name as user_name, coalesce(s.name, '')::text as software_name, coalesce(s.icon, '')::text as software_icon,
       coalesce(t.number, 0)::bigint as ticket_number
from actions a
join devices d on d.tenant_id = a.tenant_id and d.id = a.device_id
join users u on u.tenant_id = a.tenant_id and u.id = a.user_id
left join software s on s.tenant_id = a.tenant_id and s.id = a.software_id
left join tickets t on t.tenant_id = a.tenant_id and t.id = a.ticket_id
where (sqlc.narg(user_id)::uuid is null or a.user_id = sqlc.narg(user_id)::uuid)
  and (sqlc.narg(device_id)::uuid is null or a.device_id = sqlc.narg(device_id)::uuid)
  and (cardinality(sqlc.arg(states)::text[]) = 0 or a.state = any (sqlc.arg(states)::text[]))
  and (sqlc.narg(before)::timestamptz is null or (a.proposed_at, a.id) < (sqlc.narg(before)::timestamptz, sqlc.narg(before_id)::uuid))
order by a.proposed_at desc, a.id desc
limit sqlc.arg(at_most);

-- name: SameActions :many
-- Other actions for the same act that are not over.
select id, state, conversation_id, digest from actions
where user_id = sqlc.arg(user_id) and device_id = sqlc.arg(device_id) and operation = sqlc.arg(operation)
  and software_id is not distinct from sqlc.narg(software_id)::uuid and ended_at is null
order by proposed_at desc limit 50;

-- name: ActionsForDevice :many
-- What is on its way to a device, oldest first; to a revoked or suspect one, nothing.
select a.id from devices d join actions a on a.tenant_id = d.tenant_id and a.device_id = d.id
where d.id = sqlc.arg(device_id) and d.revoked_at is null and d.suspect_at is null and a.state in ('queued', 'delivered')
order by a.queued_at limit 100;

-- name: ActionsWaitingForDevice :many
-- In the order in which they are locked everywhere: conversations first.
select id from actions where device_id = sqlc.arg(device_id) and state in ('proposed', 'confirmed', 'verified', 'queued')
order by conversation_id, id;

-- name: ActionOfMessage :one
-- The action that a code or a temporary password was sent for.
select coalesce(c.action_id, a.id)::uuid as id from messages_out m
left join challenges c on c.tenant_id = m.tenant_id and c.id = m.id and c.action_id is not null
left join actions a on a.tenant_id = m.tenant_id and a.user_id = m.user_id and a.operation = 'reset_password'
  and m.template = 'temporary_password' and a.evidence ->> 'password_message' = m.id::text
where m.id = sqlc.arg(message) and (c.id is not null or a.id is not null);

-- name: ActionsToReconcile :many
-- What a device's own report may still settle.
select id from actions where device_id = sqlc.arg(device_id)
  and (state in ('delivered', 'running') or (state in ('unknown', 'succeeded') and outcome <> 'device_verified'))
  and operation in ('restart', 'shutdown', 'install_software')
  and delivered_at > clock_timestamp() - interval '30 days'
order by queued_at limit 100;

-- name: DeviceHasPackage :one
select coalesce(max(version), '')::text as version from device_packages
where device_id = sqlc.arg(device_id) and manager = sqlc.arg(manager) and lower(package) = lower(sqlc.arg(package));

-- name: DueActions :many
select d.tenant_id::uuid as tenant_id, d.id::uuid as id from conserje_due_actions(sqlc.arg(at_most)) as d;

-- name: ResolveActionTicket :exec
update tickets set status = 'resolved', resolution = sqlc.arg(resolution)::text, version = version + 1, updated_at = clock_timestamp()
where id = sqlc.arg(id) and status = 'new' and conversation_id is null;

-- name: KeepSecret :exec
insert into secret_outbox (tenant_id, id, purpose, owner_id, sealed, expires_at)
values (sqlc.arg(tenant_id), sqlc.arg(id), sqlc.arg(purpose), sqlc.narg(owner_id), sqlc.arg(sealed), sqlc.arg(expires_at));

-- name: KeptSecret :one
select sealed from secret_outbox where id = sqlc.arg(id) and purpose = sqlc.arg(purpose) and expires_at > clock_timestamp();

-- name: LimitSecret :exec
update secret_outbox set expires_at = least(expires_at, sqlc.arg(expires_at)) where id = sqlc.arg(id);

-- name: DropSecret :exec
delete from secret_outbox where id = sqlc.arg(id);

-- name: VerifiedNumber :one
select number from phones where user_id = sqlc.arg(user_id) and verified_at is not null;
