-- +goose Up
-- The ledger: one row for one act on one device, from the wish to the
-- verified outcome (DESIGN 4).
create table actions (
  tenant_id        uuid not null,
  id               uuid not null,
  user_id          uuid not null, -- the owner: nobody else confirms or verifies it
  device_id        uuid not null,
  operation        text not null check (operation in ('restart', 'lock', 'shutdown', 'logout', 'reset_password', 'install_software')),
  software_id      uuid,
  software_version integer,
  parameters       jsonb not null default '{}', -- package, manager, account: what the digest covers
  source           text not null check (source in ('assistant', 'self_service', 'technician', 'request')),
  conversation_id  uuid,
  ticket_id        uuid,
  state            text not null default 'proposed' check (state in ('proposed', 'confirmed', 'verified', 'queued', 'delivered', 'running',
                     'succeeded', 'failed', 'unknown', 'declined', 'refused', 'expired', 'cancelled')),
  code             text not null default '', -- why it was refused or failed
  rule             text not null default '', -- the policy that refused
  digest           bytea not null,
  outcome          text not null default '' check (outcome in ('', 'device_verified', 'assumed', 'none')),
  evidence         jsonb not null default '{}',
  result           bytea, -- the device's signed report, as it came
  factor           text not null default '', -- sms or totp
  proposed_at      timestamptz not null default now(),
  confirmed_at     timestamptz,
  verified_at      timestamptz,
  queued_at        timestamptz,
  delivered_at     timestamptz,
  ended_at         timestamptz,
  deadline         timestamptz not null, -- of the state it waits in
  expires_at       timestamptz not null, -- no command later than this; part of the digest
  version          integer not null default 1,
  primary key (tenant_id, id),
  foreign key (tenant_id, user_id) references users,
  foreign key (tenant_id, device_id) references devices,
  foreign key (tenant_id, software_id) references software,
  foreign key (tenant_id, conversation_id) references conversations,
  foreign key (tenant_id, ticket_id) references tickets,
  -- The database's own word on rule 3: nothing waits for a device, or went to
  -- one, that its owner did not confirm and verify.
  check (state not in ('verified', 'queued', 'delivered', 'running', 'succeeded', 'unknown') or (confirmed_at is not null and verified_at is not null))
);
create index actions_user on actions (tenant_id, user_id, proposed_at desc);
create index actions_device on actions (tenant_id, device_id, state);
create index actions_conversation on actions (tenant_id, conversation_id);
create index actions_ticket on actions (tenant_id, ticket_id);
create index actions_log on actions (tenant_id, proposed_at desc);
create index actions_waiting on actions (deadline) where ended_at is null;
select conserje_protect('actions');

create table action_history (
  tenant_id uuid not null,
  action_id uuid not null,
  seq       integer not null,
  state     text not null,
  actor     uuid, -- null: the system or the device
  by        text not null check (by in ('user', 'staff', 'system', 'device', 'assistant')),
  code      text not null default '',
  detail    jsonb not null default '{}',
  at        timestamptz not null default now(),
  primary key (tenant_id, action_id, seq),
  foreign key (tenant_id, action_id) references actions on delete cascade
);
select conserje_protect('action_history');
-- The history is only ever added to.
revoke update, delete on action_history from conserje_app;

-- Actions of all tenants whose time is up: ids only.
grant select (tenant_id, id, deadline, ended_at) on actions to conserje_lookup;
create policy lookup on actions for select to conserje_lookup using (true);
create function conserje_due_actions(at_most integer) returns table (tenant_id uuid, id uuid)
language sql stable security definer set search_path = pg_catalog, public
as $$ select a.tenant_id, a.id from actions a where a.ended_at is null and a.deadline < now() order by a.deadline limit at_most $$;
grant create on schema public to conserje_lookup;
alter function conserje_due_actions(integer) owner to conserje_lookup;
revoke create on schema public from conserje_lookup;
revoke all on function conserje_due_actions(integer) from public;
grant execute on function conserje_due_actions(integer) to conserje_app;

-- An act that came from no conversation is recorded in a ticket of its own.
alter table tickets drop constraint tickets_origin_check;
alter table tickets add constraint tickets_origin_check check (origin in ('chat', 'manual', 'handoff', 'action'));
