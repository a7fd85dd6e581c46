-- +goose Up
-- What one person has of the queue: which tickets they have seen since the last
-- change, and lists of their own.

-- When its users last had something new in a ticket: a reply, another status.
-- updated_at counts what staff write for each other, too.
alter table tickets add column heard_at timestamptz not null default now();

-- Nobody begins with thousands of tickets that they have not seen.
alter table users add column unread_from timestamptz not null default now();

create table ticket_seen (
  tenant_id uuid not null,
  user_id   uuid not null,
  ticket_id uuid not null,
  seen_at   timestamptz not null,
  primary key (tenant_id, user_id, ticket_id),
  foreign key (tenant_id, user_id) references users on delete cascade,
  foreign key (tenant_id, ticket_id) references tickets on delete cascade
);
create index ticket_seen_ticket on ticket_seen (tenant_id, ticket_id);
select conserje_protect('ticket_seen');

-- Saved views: a person's own, or, without an owner, shared among staff.
create table ticket_views (
  tenant_id  uuid not null,
  id         uuid not null,
  owner_id   uuid,
  name       text not null,
  filter     jsonb not null check (jsonb_typeof(filter) = 'object'),
  created_at timestamptz not null default now(),
  primary key (tenant_id, id),
  foreign key (tenant_id, owner_id) references users on delete cascade,
  foreign key (tenant_id) references tenants on delete cascade
);
create index ticket_views_owner on ticket_views (tenant_id, owner_id);
select conserje_protect('ticket_views');

-- What a filter of the queue walks along, each in the order of the list, so that
-- a page is read and not a table sorted. The planner takes the one that leads to
-- the fewest tickets.
create index tickets_priority on tickets (tenant_id, priority, updated_at desc, id desc);
create index tickets_created on tickets (tenant_id, created_at);
create index tickets_assignee_updated on tickets (tenant_id, assignee_id, updated_at desc, id desc);
