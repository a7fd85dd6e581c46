-- +goose Up
-- What people wrote whom the portal does not know (R6). 'unproved': whoever
-- filled in the form has yet to open the link of the mail; gone after a day.
-- 'waiting': no company has the domain of the address, and staff decide.
-- What became a user with a ticket at once has no row.
create table newcomers (
  tenant_id  uuid not null references tenants on delete cascade,
  id         uuid not null,
  email      text not null check (email = lower(email)),
  name       text not null,
  language   text not null,
  subject    text not null,
  body       text not null,
  source     text not null check (source in ('form', 'mail')),
  state      text not null check (state in ('unproved', 'waiting', 'assigned', 'dismissed')),
  token_hash bytea, -- of the link; null once it has been opened
  created_at timestamptz not null default now(),
  decided_at timestamptz,
  decided_by uuid,
  user_id    uuid, -- whom it became
  ticket_id  uuid,
  primary key (tenant_id, id),
  unique (tenant_id, token_hash),
  foreign key (tenant_id, decided_by) references users on delete set null (decided_by),
  foreign key (tenant_id, user_id) references users on delete set null (user_id),
  foreign key (tenant_id, ticket_id) references tickets on delete set null (ticket_id)
);
create index newcomers_state on newcomers (tenant_id, state, created_at desc, id desc);
select conserje_protect('newcomers');
