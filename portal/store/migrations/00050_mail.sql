-- +goose Up
-- A message that carries no secret keeps what it tells, and its words are made
-- when it is sent: what its reader may see by then, in the template of then.
-- sealed says that the words lie in secret_outbox instead. 'withheld' is what
-- its reader may not, or need not, read any more.
alter table messages_out
  add column sealed      boolean not null default true,
  add column params      jsonb not null default '{}',
  add column ticket_id   uuid,
  add column reply_id    uuid,
  add column taken_at    timestamptz,  -- somebody is sending it since
  add column next_try_at timestamptz,  -- it was refused for now, and is tried again then
  add column expires_at  timestamptz not null default now() + interval '1 hour',
  add foreign key (tenant_id, ticket_id) references tickets on delete cascade;
alter table messages_out drop constraint messages_out_state_check;
alter table messages_out add constraint messages_out_state_check check (state in ('queued', 'sent', 'delivered', 'undelivered', 'failed', 'withheld'));
create index messages_out_state on messages_out (tenant_id, state, id desc);
create index messages_out_ticket on messages_out (tenant_id, ticket_id, created_at desc) where ticket_id is not null;

-- The texts that an admin wrote in place of the built-in ones.
create table message_templates (
  tenant_id  uuid not null references tenants on delete cascade,
  name       text not null,
  language   text not null,
  subject    text not null default '',
  text       text not null,
  version    bigint not null, -- grows with each text, also after the built-in one held in between
  updated_at timestamptz not null default now(),
  updated_by uuid,
  primary key (tenant_id, name, language)
);
select conserje_protect('message_templates');

-- The audit log is read from its newest end, narrowed by who and what; which
-- object has its index already.
drop index audit_at;
create index audit_at on audit (tenant_id, at desc, id desc);
create index audit_actor on audit (tenant_id, actor, at desc, id desc);
create index audit_action on audit (tenant_id, action, at desc, id desc);
