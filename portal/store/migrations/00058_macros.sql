-- +goose Up
-- Canned replies with the changes that go with them. Names and texts stand by
-- language; a text has variables and no logic.
create table ticket_macros (
  tenant_id  uuid not null references tenants on delete cascade,
  id         uuid not null,
  names      jsonb not null check (jsonb_typeof(names) = 'object'),
  texts      jsonb not null check (jsonb_typeof(texts) = 'object'),
  changes    jsonb not null check (jsonb_typeof(changes) = 'object'),
  created_at timestamptz not null default now(),
  primary key (tenant_id, id)
);
select conserje_protect('ticket_macros');
